-- Returns a query: numbers that were compared with an opposition list, as decide_contacts wants them.
{% macro select_scrub_entries(list_scrub_entries) -%}
select
    list_scrub_id,
    contact_point_key as contact_point,
    is_listed
from {{ list_scrub_entries }}
{%- endmacro %}
