-- Returns a query: one row per description of a notice version and period in which it was the last word. The first description
-- counts for the time before it too; a null valid_to becomes infinity.
{% macro resolve_notices(notice_versions) -%}
select
    ledger,
    notice_version_id,
    notice_id,
    notice_version,
    valid_from,
    coalesce(valid_to, 'infinity') as valid_to,
    case when invalidation_known_at is not null then coalesce(invalidated_from, '-infinity') end as invalidated_from,
    invalidation_known_at,
    case
        when row_number() over descriptions = 1 then '-infinity'
        else recorded_at
    end as known_from,
    coalesce(lead(recorded_at) over descriptions, 'infinity') as known_to
from {{ notice_versions }}
window descriptions as (partition by ledger, notice_id, notice_version order by recorded_at, content_hash)
{%- endmacro %}
