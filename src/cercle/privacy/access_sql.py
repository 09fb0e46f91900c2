"""SQL of `cercle.privacy.access`: what the ledger, the decisions, the gate and the requests hold of a person."""

from __future__ import annotations

import psycopg

__all__ = ["CONSENT_EVENTS", "DECISIONS", "NOT_DERIVED", "RECIPIENTS", "REQUESTS", "keep_ledger_keys"]

# Shown in the form in which they were delivered, or under what is allowed.
NOT_DERIVED = {"interactions", "order_lines", "contactability", "identity_links", "service_levels"}


def keep_ledger_keys(connection: psycopg.Connection) -> None:
    """Write the person's names in the ledger into pg_temp.access_keys: of contact points and of source identities.

    Args:
        connection: with erased_identifiers, which has the pseudonyms of own identifiers.
    """
    connection.execute(
        """
        create temporary table access_keys on commit drop as
        select contact_points.ledger_key
        from privacy.contact_points
        where contact_points.contact_point_key in (select value from erased_identifiers)
        union
        select source_identities.ledger_key
        from privacy.source_identities
        where source_identities.identity_key in (select value from erased_identifiers)
        union
        select value
        from erased_identifiers
        """
    )


CONSENT_EVENTS = """
select
    type,
    channel,
    purpose,
    purposes,
    scope,
    controller,
    actor,
    method,
    notice_id,
    notice_version,
    occurred_at,
    recorded_at,
    coalesce(source_name, 'cercle') as source,
    quarantine_reason
from privacy.consent_events
where ledger = 'main'
    and (
        identity_key in (select ledger_key from access_keys)
        or contact_point_key in (select ledger_key from access_keys)
    )
order by position
"""

DECISIONS = """
select
    contactability.channel,
    contactability.purpose,
    contactability.decision,
    contactability.reason,
    contactability.basis,
    policy_rules.citation,
    contactability.decision_valid_until as valid_until
from marts.contactability
left join privacy.policy_rules on contactability.rule_id = policy_rules.rule_id
where contactability.customer_id in (select customer_id from erased_customers)
order by contactability.channel, contactability.purpose, contactability.decision
"""

RECIPIENTS = """
select distinct
    exports.exported_at,
    exports.recipient,
    exports.controller,
    exports.segment,
    exports.channel,
    exports.purpose,
    decisions.reason,
    decisions.basis
from privacy.decisions
inner join privacy.exports on decisions.export_id = exports.export_id
where decisions.decision = 'ALLOW'
    and not exports.is_blocked
    and (
        decisions.person_id in (select customer_id from erased_customers)
        or decisions.contact_point_key in (select ledger_key from access_keys)
    )
order by exports.exported_at, exports.segment
"""

REQUESTS = """
select
    requests.request_key,
    requests.kind,
    requests.status,
    requests.received_at,
    requests.due_date,
    answers.outcome,
    answers.answered_at
from privacy.requests
left join lateral (
    select request_answers.outcome, request_answers.answered_at
    from privacy.request_answers
    where request_answers.request_key = requests.request_key
    order by request_answers.request_answer_id desc
    limit 1
) as answers on true
where requests.identity_key in (select ledger_key from access_keys)
    or requests.contact_point_keys && (select array_agg(ledger_key) from access_keys)
    or requests.request_key in (select record_key from erased_records)
order by requests.received_at, requests.request_key
"""
