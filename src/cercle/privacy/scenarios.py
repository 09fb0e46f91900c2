"""Scenario files: small worlds as a data-protection officer writes them, put into a scratch schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from psycopg import sql

from cercle.errors import CercleError
from cercle.load.normalise import CONTACT_KINDS, normalise
from cercle.privacy.ledger import PENDING, append, make_pending
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey, fallback_form, split_contact_point
from cercle.privacy.scratch import Scratch

__all__ = ["KINDS", "WorldWriter", "read_scenarios"]

KINDS = ("effective_state", "load", "dsr_due", "chain", "export", "kanon")
_NEEDED: dict[str, tuple[str, ...]] = {
    "effective_state": ("queries",),
    "load": ("rows",),
    "dsr_due": ("cases",),
    "chain": ("rows",),
    "export": ("rows", "export_at"),
    "kanon": ("cases",),
}
_NOTICE_VERSION = "1"
_NEVER = "-infinity"
_ALWAYS = "infinity"

Scenario = Mapping[str, Any]


def read_scenarios(path: Path) -> list[Scenario]:
    """Read a file of scenarios.

    Raises:
        CercleError: it cannot be read, is no list of scenarios, or has one that lacks what its kind needs.
    """
    try:
        scenarios = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CercleError(f"The file cannot be read: {error.strerror}", where=str(path)) from None
    except ValueError as error:
        raise CercleError(f"The file is no JSON: {error}", where=str(path)) from None
    if not isinstance(scenarios, list) or not all(isinstance(scenario, dict) for scenario in scenarios):
        raise CercleError("The file must hold a list of scenarios", where=str(path))
    for number, scenario in enumerate(scenarios):
        where = f"{path}, scenario {scenario.get('id', number)}"
        if scenario.get("kind") not in KINDS:
            raise CercleError(
                f"A scenario's kind must be one of {', '.join(KINDS)}; got {scenario.get('kind')!r}",
                where=where,
            )
        if "id" not in scenario:
            raise CercleError("Every scenario needs an id", where=where)
        _require(scenario, where)
    return scenarios


def _require(scenario: Scenario, where: str) -> None:
    for name in _NEEDED[scenario["kind"]]:
        if name not in scenario:
            raise CercleError(f"A scenario of kind {scenario['kind']} needs {name!r}", where=where)


class WorldWriter:
    """Writes the worlds of scenarios, one ledger each.

    Args:
        scratch: where to.
        key: for pseudonyms: the scratch tables hold no clear value, as the real ones.
        region: country of telephone numbers without a country code.
    """

    def __init__(self, scratch: Scratch, key: PseudonymKey, region: str = "FR") -> None:
        self._scratch = scratch
        self._key = key
        self._region = region
        self._points: dict[str, tuple[str, str]] = {}

    def contact_point(self, text: str | None) -> tuple[str | None, str | None]:
        """Return pseudonym and kind of `kind:value`; nulls for none."""
        if text is None:
            return None, None
        if text not in self._points:
            kind, value = split_contact_point(text)
            form = normalise("contact_point", text, self._region).key_text if kind in CONTACT_KINDS else None
            self._points[text] = self._key.of(kind, form or fallback_form(value)), kind
        return self._points[text]

    def identity(self, source_id: str | None) -> str | None:
        """Return the pseudonym of an identity `<source system>:<reference>`."""
        return None if source_id is None else self._key.of(IDENTITY_KIND, source_id)

    def write(self, worlds: Iterable[tuple[str, Scenario]]) -> None:
        """Write worlds; each pair is a ledger's name and the scenario with its events, notices, links and so on."""
        worlds = list(worlds)
        self.append_events(event for ledger, scenario in worlds for event in self._events(ledger, scenario))
        self._write_notices(worlds)
        self._write_evidence(worlds)
        self._write_telephone(worlds)

    def append_events(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Append rows with the ledger's own columns; what is not given is null."""
        connection = self._scratch.connection
        pending = make_pending(connection)
        with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("copy {} from stdin").format(pending)) as copy,
        ):
            for event in events:
                copy.write_row([event.get(column) for column in PENDING])
        append(connection, pending, self._scratch.schema)

    def _events(self, ledger: str, scenario: Scenario) -> Iterator[dict[str, Any]]:
        events = scenario.get("events") or []
        names = _event_names(events)
        for number, event in enumerate(events):
            recorded_at = event.get("recorded_at") or event.get("occurred_at") or _NEVER
            point, kind = self.contact_point(event.get("contact_point"))
            from_point, from_kind = self.contact_point(event.get("from"))
            to_point, to_kind = self.contact_point(event.get("to"))
            reference = event.get("for") or event.get("annuls")
            evidence = event.get("evidence")
            event_id = str(event.get("id", number))
            notice = event.get("notice")
            yield {
                "ledger": ledger,
                "source_system": str(event.get("source_id") or "").partition(":")[0],
                "source_event_id": str(event.get("source_event_id") or event_id),
                "event_id": event_id,
                "identity_key": self.identity(event.get("source_id")),
                "contact_point_key": point,
                "contact_point_kind": kind,
                "channel": event.get("channel"),
                "purpose": event.get("purpose"),
                "purposes": json.dumps(event["purposes"]) if event.get("purposes") else None,
                "controller": event.get("controller"),
                "type": str(event.get("type")),
                "scope": event.get("scope"),
                "occurred_at": event.get("occurred_at"),
                "recorded_at": recorded_at,
                "actor": event.get("actor"),
                "method": event.get("method"),
                "notice_id": notice,
                "notice_version": event.get("notice_version", _NOTICE_VERSION) if notice else None,
                "is_explicit": event.get("explicit"),
                "is_double_opt_in": event.get("double_opt_in"),
                "evidence_sha256": hashlib.sha256(str(evidence).encode()).hexdigest() if evidence else None,
                "reference_event_id": names.get(str(reference), str(reference)) if reference else None,
                "from_contact_point_key": from_point,
                "to_contact_point_key": to_point,
                "other_contact_point_kinds": [other for other in (from_kind, to_kind) if other is not None],
            }

    def _write_notices(self, worlds: list[tuple[str, Scenario]]) -> None:
        described = [
            (number, ledger, notice)
            for number, (ledger, notice) in enumerate(
                (ledger, notice) for ledger, scenario in worlds for notice in scenario.get("notices") or []
            )
        ]
        self._scratch.fill(
            "notice_versions",
            (
                "notice_version_id ledger notice_id notice_version recorded_at controller valid_from valid_to "
                "invalidated_from invalidation_known_at content_hash"
            ).split(),
            (
                (
                    number,
                    ledger,
                    notice["id"],
                    notice.get("version", _NOTICE_VERSION),
                    notice.get("recorded_at", _NEVER),
                    notice.get("controller"),
                    notice.get("valid_from", _NEVER),
                    notice.get("valid_to"),
                    notice.get("invalidated_from"),
                    notice.get("invalidated_recorded_at"),
                    str(number),
                )
                for number, ledger, notice in described
            ),
        )
        self._scratch.fill(
            "notice_coverage",
            ["notice_version_id", "channel", "purpose"],
            {
                (number, channel, purpose)
                for number, _, notice in described
                for channel, purpose, *_ in notice.get("covers") or []
            },
        )
        self._scratch.fill(
            "notice_recipients",
            ["notice_version_id", "recipient"],
            {(number, name) for number, _, notice in described for name in notice.get("recipients") or []},
        )

    def _write_evidence(self, worlds: list[tuple[str, Scenario]]) -> None:
        self._scratch.fill(
            "links",
            "ledger identity person_id valid_from valid_to lifts_from known_from known_to".split(),
            (
                (
                    ledger,
                    self.identity(link["source_id"]),
                    link["person_id"],
                    link.get("valid_from") or _NEVER,
                    link.get("valid_to") or _ALWAYS,
                    link.get("valid_from") or _NEVER,
                    link.get("recorded_at") or link.get("valid_from") or _NEVER,
                    _ALWAYS,
                )
                for ledger, link in _each(worlds, "identity_links")
            ),
        )
        self._scratch.fill(
            "sales",
            (
                "ledger sale_id identity contact_point controller product_family status is_collected_from_subject "
                "is_optout_offered occurred_at known_from"
            ).split(),
            (
                (
                    ledger,
                    sale.get("id", f"sale {number}"),
                    self.identity(sale.get("source_id")),
                    self.contact_point(sale.get("contact_point"))[0],
                    sale.get("controller"),
                    sale.get("product_family"),
                    sale.get("status"),
                    sale.get("collected_from_subject"),
                    sale.get("optout_offered"),
                    sale.get("occurred_at"),
                    sale.get("recorded_at") or sale.get("occurred_at"),
                )
                for number, (ledger, sale) in enumerate(_each(worlds, "sales"))
            ),
        )
        self._scratch.fill(
            "engagements",
            "ledger identity kind occurred_at known_from".split(),
            (
                (
                    ledger,
                    self.identity(activity.get("source_id")),
                    activity.get("kind"),
                    activity.get("occurred_at"),
                    activity.get("recorded_at") or activity.get("occurred_at"),
                )
                for ledger, activity in _each(worlds, "activity")
            ),
        )
        self._scratch.fill(
            "people",
            ["ledger", "identity", "birth_date"],
            (
                (ledger, self.identity(source_id), person.get("birth_date"))
                for ledger, scenario in worlds
                for source_id, person in (scenario.get("people") or {}).items()
            ),
        )
        self._scratch.fill(
            "contracts",
            "ledger identity_key starts_at ends_at related_families recorded_at".split(),
            (
                (
                    ledger,
                    self.identity(contract["source_id"]),
                    contract.get("start") or _NEVER,
                    contract.get("end"),
                    json.dumps(contract.get("related_families") or []),
                    contract.get("recorded_at") or contract.get("start") or _NEVER,
                )
                for ledger, contract in _each(worlds, "contracts")
            ),
        )

    def _write_telephone(self, worlds: list[tuple[str, Scenario]]) -> None:
        scrubs = list(enumerate(_each(worlds, "bloctel_scrubs")))
        self._scratch.fill(
            "list_scrubs",
            "list_scrub_id ledger scrubbed_at recorded_at covers_all".split(),
            (
                (number, ledger, scrub["scrubbed_at"], scrub.get("recorded_at") or scrub["scrubbed_at"], True)
                for number, (ledger, scrub) in scrubs
            ),
        )
        self._scratch.fill(
            "list_scrub_entries",
            ["list_scrub_id", "contact_point_key", "is_listed"],
            {
                (number, self.contact_point(listed)[0], True)
                for number, (_, scrub) in scrubs
                for listed in scrub.get("listed") or []
            },
        )
        self._scratch.fill(
            "call_log",
            "ledger contact_point_key called_at recorded_at".split(),
            (
                (
                    ledger,
                    self.contact_point(call["contact_point"])[0],
                    call["at"],
                    call.get("recorded_at") or call["at"],
                )
                for ledger, call in _each(worlds, "call_attempts")
            ),
        )
        self._scratch.fill(
            "public_holidays",
            ["ledger", "holiday_date"],
            {(ledger, day) for ledger, scenario in worlds for day in scenario.get("public_holidays") or []},
        )


def _each(worlds: Iterable[tuple[str, Scenario]], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((ledger, item) for ledger, scenario in worlds for item in scenario.get(name) or [])


def _event_names(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the name under which the ledger keeps each event: a redelivery of the same content is the same event."""
    names: dict[str, str] = {}
    first: dict[str, tuple[str, str]] = {}
    for number, event in enumerate(events):
        event_id = str(event.get("id", number))
        system = str(event.get("source_id") or "").partition(":")[0]
        content = {name: value for name, value in event.items() if name not in ("id", "recorded_at")}
        content["source_event_id"] = str(event.get("source_event_id") or event_id)
        text = json.dumps([system, content], sort_keys=True)
        recorded_at = str(event.get("recorded_at") or event.get("occurred_at") or "")
        first[text] = min(first.get(text, (recorded_at, event_id)), (recorded_at, event_id))
        names[event_id] = text
    return {event_id: first[text][1] for event_id, text in names.items()}
