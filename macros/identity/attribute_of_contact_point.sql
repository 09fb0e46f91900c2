-- Returns SQL for the identifier type of a contact point written kind:value; null for a kind that joins nobody (addr).
{% macro attribute_of_contact_point(contact_point) -%}
    case split_part({{ contact_point }}, ':', 1)
        when 'email' then 'email'
        when 'tel' then 'phone'
        when 'social' then 'account_ref'
    end
{%- endmacro %}
