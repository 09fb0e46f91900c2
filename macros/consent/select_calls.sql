-- Returns a query: marketing calls as decide_contacts wants them.
{% macro select_calls(call_log) -%}
select
    ledger,
    contact_point_key as contact_point,
    called_at,
    recorded_at as known_from
from {{ call_log }}
{%- endmacro %}
