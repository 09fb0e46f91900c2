"""SQL of `cercle.privacy.export`, set by set. Relations in pg_temp end with the export's transaction."""

from __future__ import annotations

from typing import LiteralString

__all__ = ["COUNTS", "DECIDED", "KEEP_DECISIONS", "KEEP_EXPORT", "LINES", "REASONS", "ROWS"]

# One row per customer of the segment and contact point that the channel can use: the question, and what the file needs.
# The clear value comes from the marts, or for a postal address from what the loader read; never from privacy.
LINES: LiteralString = """
create temporary table export_lines on commit drop as
with

points as (
    select points.*
    from intermediate.int_contact_points_listed as points
    inner join pg_temp.export_customers as customers on points.customer_id = customers.customer_id
    inner join intermediate.contact_point_channels as channels
        on points.contact_point_kind = channels.contact_point_kind and channels.channel = %(channel)s
),

published as (
    select
        customer_id,
        identifier_key,
        min(identifier_value) as clear_value,
        bool_and(is_shared) as is_shared,
        max(last_seen_at) as last_seen_at
    from marts.customer_identifiers
    where identifier_type in ('email', 'phone', 'account_ref')
    group by customer_id, identifier_key
),

addresses as (
    select
        value_key,
        min(substr(normalised, length('addr:') + 1)) as clear_value
    from ops.normalised_values
    where value_type = 'contact_point' and normalised like 'addr:%%'
    group by value_key
)

select
    row_number() over (order by points.customer_id, points.contact_point_key) as question_id,
    'main'::text as ledger,
    points.customer_id,
    points.customer_id as identity,
    points.contact_point,
    points.contact_point_key,
    %(channel)s::text as channel,
    %(purpose)s::text as purpose,
    %(recipient)s::text as recipient,
    %(controller)s::text as controller,
    %(product_family)s::text as product_family,
    false as check_hours,
    %(jurisdiction)s::text as jurisdiction,
    %(exported_at)s::timestamptz as valid_at,
    %(exported_at)s::timestamptz as known_at,
    coalesce(published.clear_value, addresses.clear_value) as clear_value,
    coalesce(published.is_shared, false) as is_shared,
    published.last_seen_at
from points
left join published
    on points.customer_id = published.customer_id
    and points.contact_point_key = published.identifier_key
left join addresses
    on points.contact_point_kind = 'addr'
    and points.contact_point_key = addresses.value_key
"""

# What the law allows, less what the house does not: the first of its limits names the reason.
DECIDED: LiteralString = """
create temporary table export_decided on commit drop as
with

judged as (
    select
        lines.*,
        answers.decision,
        answers.reason,
        answers.basis,
        answers.rule_id,
        answers.evidence_event_id,
        pressed.rule_id as pressure_rule_id,
        case
            when answers.decision is distinct from 'ALLOW' then coalesce(answers.reason, 'NO_BASIS')
            when lines.clear_value is null then 'NOT_PUBLISHED'
            when pressed.customer_id is not null then 'CONTACT_PRESSURE'
        end as first_limit
    from pg_temp.export_lines as lines
    left join pg_temp.export_answers as answers on lines.question_id = answers.question_id
    left join pg_temp.export_pressed as pressed on lines.customer_id = pressed.customer_id
),

-- The person's own contact point before a shared one, then the last seen.
placed_by_person as (
    select
        *,
        row_number() over (
            partition by customer_id, first_limit is null
            order by is_shared, last_seen_at desc nulls last, contact_point_key
        ) as place_of_person
    from judged
),

placed as (
    select
        *,
        row_number() over (
            partition by
                contact_point_key, first_limit is null and (place_of_person = 1 or %(all_contact_points)s)
            order by customer_id
        ) as place_of_contact_point
    from placed_by_person
),

limited as (
    select
        *,
        case
            when first_limit is not null then first_limit
            when place_of_person > 1 and not %(all_contact_points)s then 'OTHER_CONTACT_POINT'
            when place_of_contact_point > 1 then 'SAME_CONTACT_POINT'
        end as limit_reason
    from placed
)

select
    question_id as line,
    customer_id,
    contact_point_key,
    clear_value,
    case when limit_reason is null then 'ALLOW' else 'DENY' end as decision,
    coalesce(limit_reason, reason) as reason,
    case when limit_reason is null then basis end as basis,
    case
        when limit_reason is null or decision is distinct from 'ALLOW' then rule_id
        when limit_reason = 'CONTACT_PRESSURE' then pressure_rule_id
        else 'HOUSE:' || limit_reason
    end as rule_id,
    evidence_event_id
from limited
"""

REASONS: LiteralString = """
select
    reason,
    count(*)
from pg_temp.export_decided
group by reason
order by reason
"""

COUNTS: LiteralString = """
select
    count(*),
    count(*) filter (where decision = 'ALLOW'),
    (
        select count(*)
        from pg_temp.export_customers as customers
        where not exists (
            select 1
            from pg_temp.export_lines as lines
            where lines.customer_id = customers.customer_id
        )
    )
from pg_temp.export_decided
"""

ROWS: LiteralString = """
select
    decided.customer_id,
    decided.clear_value
    {columns}
from pg_temp.export_decided as decided
inner join marts.customer_360 as customers on decided.customer_id = customers.customer_id
where decided.decision = 'ALLOW'
order by decided.line
"""

KEEP_EXPORT: LiteralString = """
insert into privacy.exports (
    segment, channel, purpose, recipient, controller, product_family, exported_at, ledger_watermark, ledger_position,
    is_blocked, blocks, blocked_reason, line_count, allowed_count, without_contact_point_count, export_key,
    is_aggregate, extra_columns, file_format, file_name, file_sha256
)
select
    %(segment)s, %(channel)s, %(purpose)s, %(recipient)s, %(controller)s, %(product_family)s, %(exported_at)s,
    (select max(finished_at) from ops.build_steps where step = 'ledger' and state = 'done'),
    %(ledger_position)s, %(is_blocked)s, %(blocks)s, %(blocked_reason)s, %(line_count)s, %(allowed_count)s,
    %(without_contact_point_count)s, %(export_key)s, %(is_aggregate)s, %(extra_columns)s, %(file_format)s,
    %(file_name)s, %(file_sha256)s
returning export_id
"""

KEEP_DECISIONS: LiteralString = """
insert into privacy.decisions (
    export_id, line, person_id, contact_point_key, channel, purpose, recipient, controller, valid_at, known_at,
    decision, reason, basis, rule_id, evidence_event_id, ledger_position
)
select
    %(export_id)s, line, customer_id, contact_point_key, %(channel)s, %(purpose)s, %(recipient)s, %(controller)s,
    %(exported_at)s, %(exported_at)s, decision, reason, basis, rule_id, evidence_event_id, %(ledger_position)s
from pg_temp.export_decided
"""
