-- Returns a condition for int_contacts_decided: the customer in `column` has no answers that stand (see forget_changed_answers). True for
-- every customer, a null one too, where the model is made anew.
{% macro is_unanswered(column) -%}
    {%- if is_incremental() -%}
        not exists (select from {{ this }} as standing where standing.customer_id = {{ column }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
