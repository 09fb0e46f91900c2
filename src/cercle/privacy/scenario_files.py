"""Scenarios as deliveries: landing files in house formats, as the systems of a company would write them.

What no house format carries (contracts, comparisons with the opposition list) goes into its table of `privacy`, which
is where a company puts it too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from cercle.privacy.lookup import find_contact_point, find_person
from cercle.privacy.pseudonyms import PseudonymKey, split_contact_point
from cercle.privacy.scenario_names import source_name
from cercle.privacy.scenarios import Scenario

__all__ = ["identities", "lost_on_the_way", "put_by_hand", "replace_contracts", "write_landing"]

# Before anything that a scenario tells, and a date that the loader takes.
_EARLY = "1970-01-01T00:00:00Z"
_NOTICE_VERSION = "1"
_CAMPAIGN = "scenario"
_STATUSES = ("completed", "cancelled", "returned", "pending")
# The house format that brings each kind of engagement; none knows a login, and a visit of the app is the nearest.
_CONTACT_CHANNELS = {"inbound_message": "chat", "form_submit": "web_form", "login": "mobile_app"}

Row = dict[str, Any]
Files = dict[tuple[str, str], list[Row]]


def identities(scenarios: Iterable[Scenario]) -> list[str]:
    """Return every identity `<source instance>:<reference>` that the scenarios name, once each."""
    found: dict[str, None] = {}
    for scenario in scenarios:
        found |= dict.fromkeys(scenario.get("people") or {})
        for name in ("events", "identity_links", "sales", "activity", "contracts", "queries", "rows"):
            for item in scenario.get(name) or []:
                if item.get("source_id") is not None:
                    found[item["source_id"]] = None
    return list(found)


def lost_on_the_way(scenario: Scenario) -> str | None:
    """Return what a scenario tells that no source can deliver; None when all of it arrives."""
    for name in ("sales", "activity"):
        for item in scenario.get(name) or []:
            if item.get("recorded_at") not in (None, item.get("occurred_at")):
                return f"{name} that became known later than they happened"
    for call in scenario.get("call_attempts") or []:
        if call.get("recorded_at") not in (None, call.get("at")):
            return "calls that became known later than they were made"
    systems = {
        event["id"]: source_name(event.get("source_id") or "") for event in scenario.get("events") or []
    }
    for event in scenario.get("events") or []:
        reference = event.get("for") or event.get("annuls")
        if reference in systems and event.get("source_id") and systems[reference] != systems[event["id"]]:
            return "events about an event of another system"
    return None


def write_landing(scenarios: Iterable[Scenario], folder: Path) -> list[str]:
    """Write the landing files of scenarios.

    Args:
        scenarios: as `separate_scenarios` gives them.
        folder: the landing folder.

    Returns:
        The source instances that have files of tills and web shops; each wants the plugin `store`.
    """
    scenarios = list(scenarios)
    files: Files = defaultdict(list)
    people = {
        name: person for scenario in scenarios for name, person in (scenario.get("people") or {}).items()
    }
    for source_id in identities(scenarios):
        source, _, reference = source_id.partition(":")
        files[source, "customers"].append(
            {
                "customer_ref": reference,
                "updated_at": _EARLY,
                "created_at": _EARLY,
                "kind": "web_account",
                "birth_date": people.get(source_id, {}).get("birth_date"),
            }
        )
    for place, scenario in enumerate(scenarios):
        _add_permissions(files, scenario)
        _add_acts(files, scenario, f"scenario-{place}")
    for (source, entity), rows in files.items():
        path = folder / source / entity / "scenarios.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ({name: value for name, value in row.items() if value is not None} for row in rows)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return sorted({source_name(source_id) for source_id in identities(scenarios)})


def _add_permissions(files: Files, scenario: Scenario) -> None:
    files["privacy", "consent_events"] += _consent_events(scenario)
    files["privacy", "notices"] += [
        {
            "notice_id": notice["id"],
            "notice_version": notice.get("version", _NOTICE_VERSION),
            "recorded_at": notice.get("recorded_at", _EARLY),
            "controller": notice.get("controller"),
            "valid_from": notice.get("valid_from", _EARLY),
            "valid_to": notice.get("valid_to"),
            "invalidated_from": notice.get("invalidated_from"),
            "invalidation_known_at": notice.get("invalidated_recorded_at"),
            "coverage": [
                {"channel": channel, "purpose": purpose, "basis": "CONSENT"}
                for channel, purpose, *_ in notice.get("covers") or []
            ],
            "recipients": notice.get("recipients") or [],
        }
        for notice in scenario.get("notices") or []
    ]


def _consent_events(scenario: Scenario) -> Iterator[Row]:
    events = scenario.get("events") or []
    delivered_as = {event["id"]: str(event.get("source_event_id") or event["id"]) for event in events}
    systems = {event["id"]: source_name(event.get("source_id") or "") for event in events}

    def named(reference: Any) -> str | None:
        return None if reference is None else delivered_as.get(str(reference), str(reference))

    for event in events:
        system, _, reference = str(event.get("source_id") or "").partition(":")
        notice, evidence = event.get("notice"), event.get("evidence")
        yield {
            # An event without an identity comes from the system of the event that it is about.
            "source_system": system
            or systems.get(event.get("for") or event.get("annuls") or "")
            or "unknown",
            "event_id": delivered_as[event["id"]],
            "recorded_at": event.get("recorded_at") or event.get("occurred_at") or _EARLY,
            "occurred_at": event.get("occurred_at"),
            "type": str(event.get("type")),
            "source_ref": reference or None,
            "contact_point": event.get("contact_point"),
            "channel": event.get("channel"),
            "purpose": event.get("purpose"),
            "purposes": event.get("purposes") or None,
            "controller": event.get("controller"),
            "scope": event.get("scope"),
            "actor": event.get("actor"),
            "method": event.get("method"),
            "notice_id": notice,
            "notice_version": event.get("notice_version", _NOTICE_VERSION) if notice else None,
            "is_explicit": event.get("explicit"),
            "is_double_opt_in": event.get("double_opt_in"),
            "evidence": str(evidence) if evidence else None,
            "for_event_id": named(event.get("for")),
            "annuls_event_id": named(event.get("annuls")),
            "from_contact_point": event.get("from"),
            "to_contact_point": event.get("to"),
        }


def _add_acts(files: Files, scenario: Scenario, name: str) -> None:
    """Sales, what the person did, and the calls that were made."""
    for place, sale in enumerate(scenario.get("sales") or []):
        kind, value = split_contact_point(sale.get("contact_point") or "")
        _add_order(
            files,
            f"{name}-sale-{place}",
            sale,
            email=value if kind == "email" else None,
            phone=value if kind == "tel" else None,
            status=sale.get("status") if sale.get("status") in _STATUSES else "pending",
            controller=sale.get("controller"),
            product_family=sale.get("product_family"),
            is_optout_offered=sale.get("optout_offered"),
            is_collected_from_subject=sale.get("collected_from_subject"),
        )
    for place, activity in enumerate(scenario.get("activity") or []):
        _add_activity(files, f"{name}-act-{place}", activity)
    for place, call in enumerate(scenario.get("call_attempts") or []):
        files["phone", "calls"].append(
            {
                "call_id": f"{name}-call-{place}",
                "started_at": call["at"],
                "direction": "outbound",
                "to_number": split_contact_point(call["contact_point"])[1],
                "outcome": "answered",
                "campaign_id": _CAMPAIGN,
            }
        )


def _add_order(files: Files, order_id: str, act: Mapping[str, Any], **columns: Any) -> None:
    source, _, reference = act["source_id"].partition(":")
    files[source, "orders"].append(
        {
            "order_id": order_id,
            "updated_at": act["occurred_at"],
            "ordered_at": act["occurred_at"],
            "customer_ref": reference,
            "sales_channel": "web",
            "total_amount": "10.00",
            "currency_code": "EUR",
            **columns,
        }
    )


def _add_activity(files: Files, act_id: str, activity: Mapping[str, Any]) -> None:
    source, _, reference = activity["source_id"].partition(":")
    customer = {"customer_ref": reference, "customer_source": source}
    occurred_at = activity["occurred_at"]
    match activity.get("kind"):
        case "purchase":
            _add_order(files, act_id, activity, status="completed")
        case "click" | "open" as kind:
            files["email", "campaign_events"].append(
                {
                    "event_id": act_id,
                    "occurred_at": occurred_at,
                    "campaign_id": _CAMPAIGN,
                    "kind": kind,
                    "email": f"{act_id}@exemple.fr",
                    **customer,
                }
            )
        case "inbound_call":
            files["phone", "calls"].append(
                {
                    "call_id": act_id,
                    "started_at": occurred_at,
                    "direction": "inbound",
                    "outcome": "answered",
                    **customer,
                }
            )
        case "store_visit_identified":
            files[source, "visits"].append(
                {"visit_id": act_id, "occurred_at": occurred_at, "kind": "desk", "customer_ref": reference}
            )
        case kind if kind in _CONTACT_CHANNELS:
            files["contact", "contacts"].append(
                {
                    "contact_id": act_id,
                    "occurred_at": occurred_at,
                    "channel": _CONTACT_CHANNELS[kind],
                    "direction": "inbound",
                    **customer,
                }
            )


def put_by_hand(connection: psycopg.Connection, key: PseudonymKey, scenarios: Iterable[Scenario]) -> None:
    """Write the comparisons with the opposition list, which no file brings: for the scenario's own numbers alone."""
    for scenario in scenarios:
        numbers = {
            find_contact_point(connection, key, text): text
            for text in _contact_points(scenario)
            if split_contact_point(text)[0] == "tel"
        }
        for scrub in scenario.get("bloctel_scrubs") or []:
            listed = {find_contact_point(connection, key, text) for text in scrub.get("listed") or []}
            row = connection.execute(
                """
                insert into privacy.list_scrubs (scrubbed_at, recorded_at)
                values (%s, %s)
                returning list_scrub_id
                """,
                (scrub["scrubbed_at"], scrub.get("recorded_at") or scrub["scrubbed_at"]),
            ).fetchone()
            assert row is not None
            with connection.cursor() as cursor:
                cursor.executemany(
                    "insert into privacy.list_scrub_entries values (%s, %s, %s)",
                    [(row[0], number, number in listed) for number in sorted({*numbers, *listed})],
                )


def replace_contracts(
    connection: psycopg.Connection, key: PseudonymKey, scenarios: Iterable[Scenario]
) -> None:
    """Write the contracts in progress under the customer ids of the last build."""
    connection.execute("delete from privacy.contracts")
    for scenario in scenarios:
        for contract in scenario.get("contracts") or []:
            starts_at = contract.get("start") or _EARLY
            connection.execute(
                """
                insert into privacy.contracts (identity_key, starts_at, ends_at, related_families, recorded_at)
                values (%s, %s, %s, %s, %s)
                """,
                (
                    find_person(connection, key, None, contract["source_id"]),
                    starts_at,
                    contract.get("end"),
                    Jsonb(contract.get("related_families") or []),
                    contract.get("recorded_at") or starts_at,
                ),
            )


def _contact_points(scenario: Scenario) -> Iterator[str]:
    for name in ("events", "queries", "rows", "call_attempts"):
        for item in scenario.get(name) or []:
            if item.get("contact_point"):
                yield item["contact_point"]
