"""SQL of `cercle.privacy.intake`: notices, and requests of persons."""

from __future__ import annotations

from typing import LiteralString

__all__ = ["KEEP_REQUEST", "NOTICES", "REQUESTS", "UNKEYED_REQUESTERS"]

UNKEYED_REQUESTERS: LiteralString = """
select distinct
    coalesce(requests.customer_source, requests._source) as source_system,
    requests.customer_ref
from raw.privacy__requests as requests
inner join pg_temp.admitted_consent_loads as loads on requests._load_id = loads.load_id
where requests.customer_ref is not null
    and not exists (
        select 1
        from ops.normalised_values as known
        where known.value_type = 'source_identity'
            and known.region = coalesce(requests.customer_source, requests._source)
            and known.original_hash = md5(requests.customer_ref)::uuid
    )
"""

NOTICES: LiteralString = """
with

described as (
    select
        notices.*,
        encode(
            sha256(
                convert_to(
                    row(
                        notices.language, notices.controller, notices.jurisdiction, notices.wording, notices.valid_from,
                        notices.valid_to, notices.invalidated_from, notices.invalidation_known_at, notices.coverage,
                        notices.recipients
                    )::text,
                    'UTF8'
                )
            ),
            'hex'
        ) as content_hash
    from raw.privacy__notices as notices
    inner join pg_temp.admitted_consent_loads as loads on notices._load_id = loads.load_id
),

kept as (
    insert into privacy.notice_versions as known (
        notice_id, notice_version, recorded_at, language, controller, jurisdiction, wording_sha256, valid_from,
        valid_to, invalidated_from, invalidation_known_at, content_hash, load_id
    )
    select distinct on (notice_id, notice_version, recorded_at, content_hash)
        notice_id,
        notice_version,
        recorded_at,
        language,
        controller,
        jurisdiction,
        encode(sha256(convert_to(wording, 'UTF8')), 'hex'),
        valid_from,
        valid_to,
        invalidated_from,
        invalidation_known_at,
        content_hash,
        _load_id
    from described
    order by notice_id, notice_version, recorded_at, content_hash, _load_id
    -- The same description from another delivery: it stands as long as one of them does.
    on conflict (ledger, notice_id, notice_version, recorded_at, content_hash) do update
    set load_id = excluded.load_id
    where known.load_id <> excluded.load_id
        and known.load_id not in (select admitted.load_id from pg_temp.admitted_consent_loads as admitted)
    returning notice_version_id, notice_id, notice_version, recorded_at, content_hash
),

covered as (
    insert into privacy.notice_coverage (notice_version_id, channel, purpose, basis)
    select distinct
        kept.notice_version_id,
        covers.item ->> 'channel',
        covers.item ->> 'purpose',
        upper(coalesce(covers.item ->> 'basis', 'CONSENT'))
    from kept
    inner join described using (notice_id, notice_version, recorded_at, content_hash)
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(described.coverage) = 'array' then described.coverage else '[]' end
    ) as covers (item)
    where covers.item ->> 'channel' is not null and covers.item ->> 'purpose' is not null
    on conflict do nothing
),

named as (
    insert into privacy.notice_recipients (notice_version_id, recipient)
    select distinct
        kept.notice_version_id,
        named.recipient
    from kept
    inner join described using (notice_id, notice_version, recorded_at, content_hash)
    cross join lateral jsonb_array_elements_text(
        case when jsonb_typeof(described.recipients) = 'array' then described.recipients else '[]' end
    ) as named (recipient)
    on conflict do nothing
)

select count(*)
from kept
"""

REQUESTS: LiteralString = """
with

versions as (
    select
        requests.*,
        bool_or(requests.status = 'extended') over (partition by requests._source, requests.request_id) as was_extended,
        row_number() over (
            partition by requests._source, requests.request_id
            order by requests.updated_at desc, requests._row_hash desc, requests._row_id
        ) as version_number
    from raw.privacy__requests as requests
    inner join pg_temp.admitted_consent_loads as loads on requests._load_id = loads.load_id
)

select
    'requests:' || versions._source || ':' || versions.request_id,
    versions._source,
    case versions.kind
        when 'access' then '15'
        when 'rectification' then '16'
        when 'erasure' then '17'
        when 'restriction' then '18'
        when 'portability' then '20'
        when 'objection' then '21'
        else '7-3'
    end,
    versions.kind,
    versions.status,
    versions.received_at,
    versions.was_extended,
    versions.closed_at,
    versions.channel,
    identities.value_key,
    array_remove(array[emails.value_key, phones.value_key], null),
    versions.updated_at,
    versions._load_id
from versions
left join ops.normalised_values as identities
    on identities.value_type = 'source_identity'
    and identities.region = coalesce(versions.customer_source, versions._source)
    and identities.original_hash = md5(versions.customer_ref)::uuid
left join ops.normalised_values as emails
    on emails.value_type = 'email' and emails.region = '' and emails.original_hash = md5(versions.email)::uuid
left join ops.normalised_values as phones
    on phones.value_type = 'phone'
    and phones.original_hash = md5(versions.phone)::uuid
    and phones.region = coalesce(
        (
            select max(regions.region)
            from ops.normalised_values as regions
            where regions.value_type = 'phone' and regions.original_hash = md5(versions.phone)::uuid
        ),
        ''
    )
left join privacy.requests as kept on kept.request_key = 'requests:' || versions._source || ':' || versions.request_id
where versions.version_number = 1
    and (
        kept.request_key is null
        or row(kept.status, kept.received_at, kept.closed_at, kept.is_extended, kept.recorded_at)
        is distinct from
        row(versions.status, versions.received_at, versions.closed_at, versions.was_extended, versions.updated_at)
    )
"""

KEEP_REQUEST: LiteralString = """
insert into privacy.requests (
    request_key, source_name, right_article, kind, status, received_at, is_extended, closed_at, channel, identity_key,
    contact_point_keys, recorded_at, load_id, due_date
)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (request_key) do update set
    status = excluded.status,
    received_at = excluded.received_at,
    is_extended = excluded.is_extended,
    closed_at = excluded.closed_at,
    recorded_at = excluded.recorded_at,
    load_id = excluded.load_id,
    due_date = excluded.due_date
"""
