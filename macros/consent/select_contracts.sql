-- Returns a query: contracts in progress as decide_contacts wants them. A null end becomes infinity.
{% macro select_contracts(contracts) -%}
select
    ledger,
    contract_id::text as contract_id,
    identity_key as identity,
    starts_at,
    coalesce(ends_at, 'infinity') as ends_at,
    related_families,
    recorded_at as known_from
from {{ contracts }}
{%- endmacro %}
