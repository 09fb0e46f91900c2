"""Contact pressure: how often the company was at a person's door already, against caps that are rows of the house."""

from __future__ import annotations

from typing import LiteralString

import psycopg

__all__ = ["REPORTED_WITHIN_HOURS", "mark_pressed"]

# What a platform reports as sent within so many hours after an export is that export, not another contact.
REPORTED_WITHIN_HOURS = 72


def mark_pressed(connection: psycopg.Connection, question: dict[str, object]) -> None:
    """Make pg_temp.export_pressed: the lines of export_lines whose person has had all contacts that a cap allows.

    A contact is a campaign's message, call or letter on the channel to the person on one day, or a line of an earlier
    export. A line that is reported back as sent is one contact, not two.

    Args:
        connection: inside the export's transaction.
        question: exported_at, channel, purpose.
    """
    connection.execute(_PRESSED, {**question, "reported_hours": REPORTED_WITHIN_HOURS})


_PRESSED: LiteralString = """
create temporary table export_pressed on commit drop as
with

caps as (
    select
        rule_id,
        (conditions ->> 'contacts')::integer as contact_cap,
        make_interval(hours => (conditions ->> 'hours')::integer) as period
    from privacy.policy_rules
    where jurisdiction = 'HOUSE'
        and basis = 'CONTACT_PRESSURE'
        and channel in (%(channel)s, '*')
        and purpose in (%(purpose)s, '*')
        and valid_from <= %(exported_at)s
        and %(exported_at)s < valid_to
),

longest as (
    select %(exported_at)s - max(period) as since
    from caps
),

customers as (
    select distinct
        customer_id,
        contact_point_key
    from pg_temp.export_lines
),

earlier_lines as (
    select
        exports.export_id,
        exports.exported_at,
        decisions.contact_point_key,
        decisions.person_id
    from privacy.exports
    inner join privacy.decisions on exports.export_id = decisions.export_id
    inner join privacy.vocabularies as purposes
        on purposes.vocabulary = 'purpose' and exports.purpose = purposes.code and purposes.is_marketing
    cross join longest
    where not exports.is_blocked
        and decisions.decision = 'ALLOW'
        and exports.channel = %(channel)s
        and longest.since < exports.exported_at
),

-- The person as known today, and whoever holds the contact point today: an id and a pseudonym are never the same text.
names_of_lines as (
    select
        earlier_lines.export_id,
        earlier_lines.exported_at,
        unnest(
            array[
                earlier_lines.contact_point_key,
                case
                    when redirects.retired_id is null then earlier_lines.person_id
                    else identity.resolve('customer', earlier_lines.person_id)
                end
            ]
        ) as name
    from earlier_lines
    left join identity.redirects
        on redirects.kind = 'customer'
        and earlier_lines.person_id = redirects.retired_id
        and redirects.known_to = 'infinity'
),

names_of_customers as (
    select
        customer_id,
        customer_id as name
    from customers
    union
    select
        customer_id,
        contact_point_key
    from customers
),

exported as (
    select distinct
        names_of_customers.customer_id,
        names_of_lines.export_id,
        names_of_lines.exported_at as contacted_at
    from names_of_lines
    inner join names_of_customers on names_of_lines.name = names_of_customers.name
),

campaign_contacts as (
    select
        customer_id,
        coalesce(campaign_id, campaign_touch_id) as campaign,
        occurred_at
    from marts.campaign_touches
    where kind = 'sent' and channel = case %(channel)s when 'postal' then 'letter' else %(channel)s end

    union all

    select
        customer_id,
        coalesce(campaign_id, interaction_id) as campaign,
        occurred_at
    from marts.interactions
    where direction = 'outbound'
        and (is_bulk or campaign_id is not null)
        and channel = case %(channel)s when 'postal' then 'letter' when 'phone_call' then 'phone' else %(channel)s end
),

-- A bulk message and its delivery event are one contact.
reported as (
    select
        campaign_contacts.customer_id,
        campaign_contacts.campaign,
        (campaign_contacts.occurred_at at time zone 'UTC')::date as contact_date,
        min(campaign_contacts.occurred_at) as contacted_at
    from campaign_contacts
    cross join longest
    where campaign_contacts.customer_id in (select customer_id from customers)
        and longest.since < campaign_contacts.occurred_at and campaign_contacts.occurred_at <= %(exported_at)s
    group by campaign_contacts.customer_id, campaign_contacts.campaign, contact_date
),

contacts as (
    select
        customer_id,
        contacted_at
    from exported

    union all

    select
        reported.customer_id,
        reported.contacted_at
    from reported
    where not exists (
        select 1
        from exported
        where exported.customer_id = reported.customer_id
            and exported.contacted_at <= reported.contacted_at
            and reported.contacted_at < exported.contacted_at + make_interval(hours => %(reported_hours)s)
    )
),

reached as (
    select
        contacts.customer_id,
        caps.rule_id
    from contacts
    inner join caps on %(exported_at)s - caps.period < contacts.contacted_at
    group by contacts.customer_id, caps.rule_id, caps.contact_cap
    having count(*) >= caps.contact_cap
)

select
    customer_id,
    min(rule_id) as rule_id
from reached
group by customer_id
"""
