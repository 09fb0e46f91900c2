"""As many worlds again as the examples have: each is one reading of docs/consent.md that can be checked in the head.

Dates are days of 2026 where only a day is written; the mailbox M, the number T and the letter box L are the subject's.
"""

# ruff: noqa: E501 (a world is read as a table)

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from cercle.privacy.simulation import simulate

M, M2, T, L = "email:ana@exemple.fr", "email:ana2@exemple.fr", "tel:+33612345678", "addr:1 rue X, 75001 Paris"
CHANNELS = ("email", "sms", "phone_call", "phone_auto", "postal", "social_audience")
PURPOSES = (
    "direct_marketing",
    "marketing_profiling",
    "partner_prospecting",
    "audience_matching",
    "special_category_use",
)
NOTICE = {
    "id": "N",
    "valid_from": "2020-01-01T00:00:00Z",
    "covers": [[c, p] for c in CHANNELS for p in PURPOSES],
}


def at(when: str) -> str:
    """`03-01` and `03-01T09:00:00` are of 2026; a whole instant stays."""
    when = when if len(when) > 14 else f"2026-{when}"
    return when if when.endswith("Z") else f"{when}Z" if "T" in when else f"{when}T00:00:00Z"


def event(kind: str, when: str, source: str = "web:1", **values: Any) -> dict[str, Any]:
    moment = at(when)
    event = {"type": kind, "source_id": source, "occurred_at": moment, "recorded_at": moment} | values
    return event | {"id": values.get("id", f"{kind} {source} {when} {values.get('contact_point')}")}


def grant(when: str = "03-01", source: str = "web:1", **values: Any) -> dict[str, Any]:
    given = {
        "contact_point": M, "channel": "email", "purpose": "direct_marketing", "notice": "N", "evidence": True,
        "actor": "subject", "method": "web_form",
    }  # fmt: skip
    return event("consent_given", when, source, **(given | values))


def ask(expected: str, when: str = "06-01", source: str = "web:1", **values: Any) -> dict[str, Any]:
    decision, reason = expected.split()
    question = {
        "valid_at": at(when), "known_at": "2099-01-01T00:00:00Z", "source_id": source, "contact_point": M,
        "channel": "email", "purpose": "direct_marketing", "expect": {"decision": decision, "reason": reason},
    }  # fmt: skip
    return question | values


def link(
    source: str, person: str, start: str = "01-01", end: str | None = None, **values: Any
) -> dict[str, Any]:
    times = {"valid_from": at(start), "valid_to": at(end) if end else None, "recorded_at": at(start)}
    return {"source_id": source, "person_id": person} | times | values


def sale(when: str = "03-01", **values: Any) -> dict[str, Any]:
    return {
        "source_id": "web:1", "controller": "Shop", "product_family": "shoes", "contact_point": M, "status": "completed",
        "collected_from_subject": True, "optout_offered": True, "occurred_at": at(when),
    } | values  # fmt: skip


SHOP = {"controller": "Shop", "product_family": "shoes"}
WORLDS: dict[str, dict[str, Any]] = {
    "an unknown code is set aside and never allows": {
        "events": [grant(actor="robot"), grant(channel="pigeon_post"), grant(contact_point="fax:1")],
        "queries": [
            ask("DENY QUARANTINED"), ask("DENY QUARANTINED", channel="pigeon_post"), ask("DENY QUARANTINED", contact_point="fax:1"),
            ask("DENY NO_BASIS", channel="pigeon_post", purpose="rights_response", contact_point=M2),
        ],
    },
    "a box left unticked changes nothing": {
        "events": [grant(), event("consent_not_given", "04-01", channel="email", purpose="direct_marketing", contact_point=M)],
        "queries": [ask("ALLOW CONSENT")],
    },
    "an objection reaches four purposes on every channel, and whoever holds the mailbox": {
        "events": [event("objection", "04-01", contact_point=M, channel="email")],
        "queries": [
            ask("DENY OBJECTED", channel="sms", contact_point=T), ask("DENY OBJECTED", purpose="audience_matching"),
            ask("DENY OBJECTED", source="web:9"), ask("DENY NO_BASIS", source="web:9", contact_point=T, channel="sms"),
            ask("DENY NO_BASIS", purpose="special_category_use"), ask("ALLOW CONTRACT", purpose="service_transactional"),
            ask("ALLOW LEGAL_OBLIGATION", purpose="security_notice"),
        ],
    },
    "an objection that lists its purposes reaches those": {
        "events": [grant(), event("objection", "04-01", purposes=["marketing_profiling"])],
        "queries": [ask("ALLOW CONSENT"), ask("DENY OBJECTED", purpose="marketing_profiling")],
    },
    "a withdrawal without purpose covers the channel, for the person's other mailbox too": {
        "events": [
            grant(), grant(contact_point=M2), grant(contact_point=T, channel="sms"),
            event("consent_withdrawn", "04-01", contact_point=M, channel="email"),
        ],
        "queries": [
            ask("DENY WITHDRAWN", contact_point=M2), ask("DENY WITHDRAWN", purpose="special_category_use"),
            ask("ALLOW CONSENT", contact_point=T, channel="sms"),
        ],
    },
    "a scope on the event overrides: a withdrawal of one mailbox": {
        "events": [
            grant(), grant(contact_point=M2), event("consent_withdrawn", "04-01", contact_point=M, channel="email", scope="contact_point"),
        ],
        "queries": [ask("DENY WITHDRAWN"), ask("DENY WITHDRAWN", source="web:9"), ask("ALLOW CONSENT", contact_point=M2)],
    },
    "an annulment counts from its recording on": {
        "events": [grant(id="g"), event("annulment", "05-01", source="crm:1", annuls="g", actor="operator")],
        "queries": [ask("ALLOW CONSENT", known_at=at("04-30")), ask("DENY NO_BASIS", known_at=at("05-01")), ask("DENY NO_BASIS", when="03-02")],
    },
    "files, imports and flags lift no stop": {
        "events": [
            event("consent_withdrawn", "02-01", contact_point=M, channel="email"),
            *(grant(f"03-0{day}", method=method) for day, method in enumerate(["bulk_import", "file_reload", "crm_flag"], 1)),
        ],
        "queries": [ask("DENY WITHDRAWN")],
    },
    "lifting is an act: it outlives the grant, not its invalidity": {
        "notices": [NOTICE, NOTICE | {"id": "BAD", "invalidated_recorded_at": at("05-01")}],
        "events": [
            event("consent_refused", "2022-01-01T00:00:00Z", contact_point=L, channel="postal"),
            grant("2022-02-01T00:00:00Z", contact_point=L, channel="postal"),
            event("informed_optout_offered", "2025-06-01T00:00:00Z", contact_point=L, channel="postal"),
            event("consent_refused", "02-01", contact_point=M, channel="email"), grant("03-01", notice="BAD"),
        ],
        "queries": [
            ask("ALLOW LEGITIMATE_INTEREST", contact_point=L, channel="postal"),
            ask("ALLOW CONSENT", known_at=at("04-30"), when="04-01"), ask("DENY REFUSED", when="04-01"),
        ],
    },
    "a grant of before the merge lifts nothing of the other identity": {
        "identity_links": [link("web:1", "P"), link("pos:1", "P", "04-01")],
        "events": [event("objection", "02-01", "pos:1"), grant("03-01")],
        "queries": [ask("ALLOW CONSENT", when="03-15"), ask("DENY OBJECTED")],
    },
    "a grant given while linked lifts it": {
        "identity_links": [link("web:1", "P"), link("pos:1", "P", "02-15")],
        "events": [event("objection", "02-01", "pos:1"), grant("03-01")],
        "queries": [ask("ALLOW CONSENT")],
    },
    "a link that was not known yet merges nobody": {
        "identity_links": [link("web:1", "P"), link("pos:1", "P", "01-01", recorded_at=at("05-01"))],
        "events": [event("objection", "02-01", "pos:1"), grant("01-15")],
        "queries": [ask("ALLOW CONSENT", known_at=at("04-30")), ask("DENY OBJECTED", known_at=at("05-01"))],
    },
    "erased is for ever, and the objection outlives it on the mailbox": {
        "events": [
            grant(), event("objection", "04-01", contact_point=M), event("erasure_executed", "04-02"),
            grant("05-01", source="web:2"), grant("05-01", source="web:3", contact_point=M2),
        ],
        "queries": [
            ask("DENY ERASED"), ask("DENY ERASED", purpose="rights_response"), ask("DENY ERASED", contact_point=M2),
            ask("DENY OBJECTED", source="web:4"), ask("ALLOW CONSENT", source="web:2"), ask("ALLOW CONSENT", source="web:3", contact_point=M2),
        ],
    },
    "a restriction is lifted by any linked identity; at the same instant it stays": {
        "identity_links": [link("web:1", "P"), link("pos:1", "P")],
        "events": [
            grant(), event("restriction_on", "03-05", source="pos:1"), event("restriction_off", "03-10"),
            event("restriction_on", "04-05", id="again"), event("restriction_off", "04-05", source="pos:1"),
        ],
        "queries": [ask("DENY RESTRICTED", when="03-06"), ask("ALLOW CONSENT", when="03-11"), ask("DENY RESTRICTED", when="04-06")],
    },
    "only the person makes a mailbox reachable again": {
        "events": [
            grant(), event("hard_bounce", "03-05", source="esp:1", contact_point=M),
            event("contact_point_verified", "03-06", source="web:9", contact_point=M),
            event("contact_point_verified", "03-07", contact_point=M, actor="operator"),
            event("contact_point_verified", "03-08", contact_point=M, actor="subject"),
        ],
        "queries": [ask("DENY UNREACHABLE", when="03-07T12:00:00"), ask("ALLOW CONSENT", when="03-08")],
    },
    "a replacement by somebody else brings no grant, but every stop": {
        "events": [
            grant(), event("contact_point_replaced", "03-05", source="web:9", actor="subject", **{"from": M, "to": M2}),
            event("contact_point_replaced", "03-05", source="web:1", actor="operator", **{"from": M, "to": "email:bought@exemple.fr"}),
            event("consent_refused", "05-01", contact_point=M, channel="email"),
        ],
        "queries": [
            ask("DENY NO_BASIS", contact_point=M2, when="04-01"), ask("DENY REFUSED", contact_point=M2),
            ask("DENY REFUSED", contact_point="email:bought@exemple.fr"),
        ],
    },
    "a mailbox replaced twice": {
        "events": [
            grant(), event("contact_point_replaced", "03-05", actor="subject", **{"from": M, "to": M2}),
            event("contact_point_replaced", "03-06", actor="subject", **{"from": M2, "to": "email:ana3@exemple.fr"}),
        ],
        "queries": [ask("DENY NO_BASIS", contact_point="email:ana3@exemple.fr", when="03-05T12:00:00"), ask("ALLOW CONSENT", contact_point="email:ana3@exemple.fr")],
    },
    "born on 29 February: fifteen on 1 March": {
        "people": {"web:1": {"birth_date": "2012-02-29"}, "web:2": {"birth_date": "2012-02-29"}},
        "events": [grant("2027-02-28T22:59:59Z"), grant("2027-02-28T23:00:00Z", source="web:2")],
        "queries": [ask("DENY MINOR_NO_GUARDIAN", when="2027-06-01T00:00:00Z"), ask("ALLOW CONSENT", when="2027-06-01T00:00:00Z", source="web:2")],
    },
    "a child's confirmation is no guardian's, and a birthday cures nothing": {
        "people": {"web:1": {"birth_date": "2011-06-10"}},
        "events": [grant(id="g", double_opt_in=True), event("doi_confirmed", "03-02", **{"for": "g"})],
        "queries": [ask("DENY MINOR_NO_GUARDIAN"), ask("DENY MINOR_NO_GUARDIAN", when="09-01")],
    },
    "audience matching never for the youngest of the linked under 18": {
        "people": {"web:1": {"birth_date": "1980-01-01"}, "pos:1": {"birth_date": "2008-06-01"}},
        "identity_links": [link("web:1", "P"), link("pos:1", "P")],
        "events": [grant(channel="social_audience", purpose="audience_matching")],
        "queries": [
            ask("DENY MINOR_PROFILING", when="05-31T21:59:59", channel="social_audience", purpose="audience_matching"),
            ask("ALLOW CONSENT", when="05-31T22:00:00", channel="social_audience", purpose="audience_matching"),
        ],
    },
    "the first of R10's faults over several grants": {
        "events": [grant("03-01", evidence=False), grant("03-02", method="preticked"), grant("03-03", double_opt_in=True)],
        "queries": [ask("DENY NO_PROOF", when="03-01"), ask("DENY INVALID_METHOD", when="03-02"), ask("DENY PENDING_DOI", when="03-03")],
    },
    "special categories need an explicit consent": {
        "events": [grant(purpose="special_category_use"), grant(purpose="special_category_use", source="web:2", explicit=True)],
        "queries": [ask("DENY NOT_EXPLICIT", purpose="special_category_use"), ask("ALLOW CONSENT", source="web:2", purpose="special_category_use")],
    },
    "a sale allows where its five conditions hold, as known": {
        "events": [],
        "sales": [
            sale(), sale(source_id="web:2", optout_offered=False), sale(source_id="web:3", collected_from_subject=False),
            sale(source_id="web:4", recorded_at=at("05-01")), sale("2023-03-01T12:00:00Z", source_id="web:5"),
        ],
        "queries": [
            ask("ALLOW SOFT_OPT_IN", **SHOP), ask("DENY NO_BASIS", product_family="shoes"), ask("DENY NO_BASIS", controller="Shop"),
            ask("DENY NO_BASIS", contact_point=M2, **SHOP), ask("DENY NO_BASIS", purpose="marketing_profiling", **SHOP),
            ask("DENY NO_BASIS", source="web:2", **SHOP), ask("DENY NO_BASIS", source="web:3", **SHOP),
            ask("DENY NO_BASIS", source="web:4", known_at=at("04-30"), **SHOP), ask("ALLOW SOFT_OPT_IN", source="web:4", **SHOP),
            ask("DENY EXPIRED", source="web:5", **SHOP),
        ],
    },
    "consent goes before the sale, the sale before nothing": {
        "events": [grant("2023-01-01T00:00:00Z")], "sales": [sale()],
        "queries": [ask("ALLOW CONSENT", when="2025-12-31T23:59:59Z", **SHOP), ask("ALLOW SOFT_OPT_IN", **SHOP)],
    },
    "no swap: an expired grant does not block a sale, a refusal does": {
        "events": [grant("2022-01-01T00:00:00Z"), event("consent_refused", "05-01", contact_point=M, channel="email", purpose="direct_marketing")],
        "sales": [sale()],
        "queries": [ask("ALLOW SOFT_OPT_IN", when="04-01", **SHOP), ask("DENY REFUSED", **SHOP)],
    },
    "each engagement inside the term renews it, of any linked identity": {
        "identity_links": [link("web:1", "P", "2019-01-01T00:00:00Z"), link("pos:1", "P", "2019-01-01T00:00:00Z")],
        "events": [grant("2020-02-29T09:00:00Z")],
        "activity": [
            {"source_id": "pos:1", "kind": "store_visit_identified", "occurred_at": "2023-02-28T08:59:59Z"},
            {"source_id": "web:1", "kind": "open", "occurred_at": "2026-01-01T00:00:00Z"},
        ],
        "queries": [ask("ALLOW CONSENT", when="2026-02-28T08:59:58Z"), ask("DENY EXPIRED", when="2026-02-28T08:59:59Z")],
    },
    "an engagement at the very end comes too late": {
        "events": [grant("2020-02-29T09:00:00Z")],
        "activity": [{"source_id": "web:1", "kind": "login", "occurred_at": "2023-02-28T09:00:00Z"}],
        "queries": [ask("DENY EXPIRED", when="2023-03-01T00:00:00Z")],
    },
    "letters: an informed opt-out, for that letter box and advertising alone": {
        "events": [event("informed_optout_offered", "03-01", contact_point=L, channel="postal")],
        "queries": [
            ask("ALLOW LEGITIMATE_INTEREST", contact_point=L, channel="postal"),
            ask("DENY NO_BASIS", contact_point="addr:2 rue Y, 75002 Paris", channel="postal"),
            ask("DENY NO_BASIS", contact_point=L, channel="postal", purpose="marketing_profiling"),
            ask("DENY NO_BASIS", source="web:2", contact_point=L, channel="postal"),
        ],
    },
    "before the law the list is asked before consent too; after it, consent suffices": {
        "events": [grant(contact_point=T, channel="phone_call")],
        "bloctel_scrubs": [{"scrubbed_at": at("08-01"), "listed": [T]}],
        "queries": [
            ask("DENY SCRUB_STALE", contact_point=T, channel="phone_call"),
            ask("DENY BLOCTEL", contact_point=T, channel="phone_call", when="08-10T21:59:59"),
            ask("ALLOW CONSENT", contact_point=T, channel="phone_call", when="08-10T22:00:00"),
            ask("DENY NO_BASIS", contact_point=T, channel="phone_auto", when="08-10T22:00:00"),
        ],
    },
    "refusals in a call and the cap are per number; hours come between": {
        "events": [event("call_refused", "09-01", source="web:9", contact_point=T), grant(contact_point=T, channel="phone_call")],
        "call_attempts": [{"contact_point": T, "at": at(f"10-2{day}T09:00:00")} for day in (0, 1, 2, 3)],
        "queries": [
            ask("DENY CALL_REFUSED_60D", contact_point=T, channel="phone_call", when="10-30T23:59:59", check_hours=True),
            ask("DENY OUTSIDE_HOURS", contact_point=T, channel="phone_call", when="10-31T12:00:00", check_hours=True),
            ask("DENY CALL_CAP", contact_point=T, channel="phone_call", when="11-02T09:00:00", check_hours=True),
            ask("ALLOW CONSENT", contact_point=T, channel="phone_call", when="11-19T09:00:00", check_hours=True),
        ],
    },
    "10 and 14 hours are inside, 13 and 20 outside, in Paris time": {
        "events": [grant(contact_point=T, channel="phone_call")],
        "queries": [
            ask(f"{'ALLOW CONSENT' if inside else 'DENY OUTSIDE_HOURS'}", contact_point=T, channel="phone_call", check_hours=True, when=f"11-02T{hour}")
            for hour, inside in (
                ("08:59:59", False), ("09:00:00", True), ("11:59:59", True), ("12:00:00", False), ("12:59:59", False),
                ("13:00:00", True), ("18:59:59", True), ("19:00:00", False),
            )
        ],
    },
    "of several contents under one id the earliest counts, and every stop": {
        "events": [
            grant("03-02", id="b", source_event_id="X", contact_point=M2), grant("03-01", id="a", source_event_id="X"),
            event("objection", "04-01", id="c", source_event_id="X"), grant("03-01", id="d", source="pos:1", source_event_id="X", contact_point=M2),
        ],
        "queries": [
            ask("ALLOW CONSENT", when="03-15"), ask("DENY QUARANTINED", when="03-15", contact_point=M2), ask("DENY OBJECTED"),
            ask("ALLOW CONSENT", source="pos:1", contact_point=M2),
        ],
    },
    "a stop without a credible date bites when it is recorded": {
        "events": [
            grant(), {"id": "s", "type": "consent_withdrawn", "source_id": "web:1", "channel": "email", "recorded_at": at("04-01")},
            grant(source="web:2"), event("consent_withdrawn", "05-01", "web:2", channel="email", recorded_at=at("04-01")),
            grant(source="web:3"), event("restriction_on", "05-01", "web:3", recorded_at=at("04-01")),
        ],
        "queries": [
            ask("ALLOW CONSENT", when="03-31T23:59:59"), ask("DENY WITHDRAWN", when="04-01"),
            ask("DENY WITHDRAWN", source="web:2", when="04-01"), ask("DENY RESTRICTED", source="web:3", when="04-01"),
        ],
    },
    "a country is a row, and one without rows allows nothing": {
        "events": [grant(), grant(source="web:2", contact_point=M2), event(
            "doi_confirmed", "03-02", "web:2", **{"for": f"consent_given web:2 03-01 {M2}"})],
        "queries": [
            ask("ALLOW CONSENT"), ask("DENY PENDING_DOI", jurisdiction="DE"), ask("DENY NO_BASIS", jurisdiction="XX"),
            ask("ALLOW CONSENT", source="web:2", contact_point=M2, jurisdiction="DE"),
            ask("DENY NO_BASIS", source="web:2", contact_point=M2, jurisdiction="HOUSE"),
        ],
    },
    "what has no time of recording is known when it occurred": {
        "events": [{name: value for name, value in grant().items() if name != "recorded_at"}],
        "queries": [ask("ALLOW CONSENT", known_at=at("03-01")), ask("DENY NO_BASIS", known_at=at("02-28"))],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(server: Any, template_database: str) -> dict[str, list[tuple[str, Any, Any]]]:
    """What the SQL says of all worlds at once: (question, expected, answer) by world."""
    from cercle import server as embedded

    worlds = [
        {"id": name, "kind": "effective_state", "notices": [NOTICE], **world}
        for name, world in WORLDS.items()
    ]
    with psycopg.connect(embedded.url(server, template_database)) as connection:
        checks = simulate(connection, worlds)
    found: dict[str, list[tuple[str, Any, Any]]] = {}
    for check in checks:
        got = {name: check.answer[name] for name in ("decision", "reason")}
        found.setdefault(check.answer["id"], []).append((check.answer["query"], check.expected, got))
    return found


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_decided_as_written(name: str, answers: dict[str, list[tuple[str, Any, Any]]]) -> None:
    assert len(answers[name]) == len(WORLDS[name]["queries"])
    assert [answer for answer in answers[name] if answer[1] != answer[2]] == []
