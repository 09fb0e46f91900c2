-- Returns a query: links as decide_contacts wants them. What is linked now lifts a stop from `as_of` (SQL) on.
{% macro select_links(links, as_of) -%}
select
    ledger,
    identity,
    person_id,
    valid_from,
    valid_to,
    coalesce(lifts_from, {{ as_of }}) as lifts_from,
    known_from,
    known_to
from {{ links }}
{%- endmacro %}
