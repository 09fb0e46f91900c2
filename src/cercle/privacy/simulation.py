"""`cercle privacy simulate`: runs scenarios through the product's own tables and SQL, in a scratch schema.

All scenarios of a file run in one build, with a ledger of their own each. Python puts the worlds in and reads the
answers; what answers is the SQL of macros/consent, which the mart `contactability` runs too.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from cercle.privacy.clock import PARIS, due_date
from cercle.privacy.decisions import PLANNER
from cercle.privacy.gate import blocked_exports
from cercle.privacy.ledger import first_break
from cercle.privacy.pseudonyms import PseudonymKey
from cercle.privacy.rendering import render
from cercle.privacy.scenarios import Scenario, WorldWriter
from cercle.privacy.scratch import Scratch, scratch_schema
from cercle.privacy.tombstones import TombstoneIndex

__all__ = ["Answer", "Check", "NotAsked", "questions_of", "simulate"]


_CHAIN_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Where a question does not say, it asks what is known in the end.
_IN_THE_END = "9999-12-31T00:00:00Z"


@dataclass(frozen=True)
class NotAsked:
    """Why a question could not be put: the ordinary source path does not deliver what it turns on."""

    reason: str


# (decision, reason), or why there is none.
Answer = tuple[str, str] | NotAsked


@dataclass(frozen=True)
class Check:
    """One answer, and what was expected.

    Attributes:
        answer: {id, query, decision, reason} or {id, result}, as printed; {id, query, not_asked} without an answer.
        expected: what the file expects; None where it expects nothing.
        is_as_expected: whether they agree; true where nothing is expected.
    """

    answer: Mapping[str, Any]
    expected: Any
    is_as_expected: bool


def simulate(
    connection: psycopg.Connection,
    scenarios: Sequence[Scenario],
    decided: Mapping[tuple[str, int], Answer] | None = None,
) -> list[Check]:
    """Run scenarios, and return their checks in the order of the file.

    Args:
        connection: without an open transaction. Nothing that is done here stays.
        scenarios: as `read_scenarios` gives them.
        decided: answers by (`scenario <place in the list>`, number of the question), where they were had elsewhere.
    """
    with scratch_schema(connection) as scratch:
        return list(_Simulation(scratch, scenarios).checks(decided))


def questions_of(scenario: Scenario) -> list[Mapping[str, Any]]:
    """Return the questions of a scenario: its queries; of an export its rows, at the moment at which they leave."""
    if scenario["kind"] == "export":
        moment = {"valid_at": scenario["export_at"], "known_at": scenario["export_at"]}
        return [{**row, **moment} for row in scenario["rows"]]
    return list(scenario["queries"])


class _Simulation:
    def __init__(self, scratch: Scratch, scenarios: Sequence[Scenario]) -> None:
        self._scratch = scratch
        self._connection = scratch.connection
        self._scenarios = scenarios
        # A throw-away secret: pseudonyms of a simulation match nothing outside of it.
        self._writer = WorldWriter(scratch, PseudonymKey("simulation", secrets.token_bytes(32)))

    def checks(self, decided: Mapping[tuple[str, int], Answer] | None) -> Iterator[Check]:
        worlds = [
            (f"scenario {number}", scenario)
            for number, scenario in enumerate(self._scenarios)
            if scenario["kind"] in ("effective_state", "export")
        ]
        answers = decided if decided is not None else self._decide(worlds)
        blocked = self._blocked(worlds)
        suppressed = self._suppressed_cells()
        for number, scenario in enumerate(self._scenarios):
            ledger = f"scenario {number}"
            match scenario["kind"]:
                case "effective_state":
                    yield from _state_checks(scenario, ledger, answers)
                case "export":
                    yield _check(scenario, _export_result(scenario, ledger, answers, ledger in blocked))
                case "load":
                    yield _check(scenario, _accepted_rows(scenario))
                case "chain":
                    yield _check(scenario, self._chain_result(scenario, ledger))
                case "dsr_due":
                    yield from _due_checks(scenario)
                case _:
                    yield from _cell_checks(scenario, ledger, suppressed)

    def _decide(self, worlds: Sequence[tuple[str, Scenario]]) -> dict[tuple[str, int], Answer]:
        """Write the worlds and ask all questions at once; returns the answers by scenario and number."""
        self._writer.write(worlds)
        asked = [
            (ledger, number, question)
            for ledger, scenario in worlds
            for number, question in enumerate(questions_of(scenario))
        ]
        columns = (
            "question_id ledger identity contact_point channel purpose recipient controller product_family check_hours "
            "jurisdiction valid_at known_at"
        ).split()
        self._scratch.fill(
            "questions",
            columns,
            (
                (
                    question_id,
                    ledger,
                    self._writer.identity(question.get("source_id")),
                    self._writer.contact_point(question.get("contact_point"))[0],
                    question.get("channel"),
                    question.get("purpose"),
                    question.get("recipient"),
                    question.get("controller"),
                    question.get("product_family"),
                    question.get("check_hours"),
                    question.get("jurisdiction"),
                    question["valid_at"],
                    question.get("known_at") or _IN_THE_END,
                )
                for question_id, (ledger, _, question) in enumerate(asked)
            ),
        )
        self._connection.execute(PLANNER)
        query = render(
            "decide_contacts", questions=self._scratch.relation("questions"), world=self._scratch.world()
        )
        rows = self._connection.execute(
            f"select question_id, decision, reason from ({query}) as answers"
        ).fetchall()
        return {asked[question_id][:2]: (decision, reason) for question_id, decision, reason in rows}

    def _blocked(self, worlds: Sequence[tuple[str, Scenario]]) -> set[str]:
        self._scratch.fill(
            "exports",
            ["ledger", "export_at", "ledger_watermark", "max_lag_minutes"],
            (
                (
                    ledger,
                    scenario["export_at"],
                    scenario.get("ledger_watermark"),
                    scenario.get("max_lag_minutes"),
                )
                for ledger, scenario in worlds
                if scenario["kind"] == "export"
            ),
        )
        return blocked_exports(self._connection, sql.Identifier(self._scratch.schema, "exports"))

    def _suppressed_cells(self) -> dict[tuple[str, int], list[str]]:
        tables = [
            (f"scenario {place}", number, case)
            for place, scenario in enumerate(self._scenarios)
            if scenario["kind"] == "kanon"
            for number, case in enumerate(scenario["cases"])
        ]
        self._scratch.fill(
            "cells",
            ["table_id", "cell_name", "cell_count", "k", "is_total_published"],
            (
                (table_id, name, count, case["k"], case.get("total_published", False))
                for table_id, (_, _, case) in enumerate(tables)
                for name, count in case["cells"].items()
            ),
        )
        found: dict[tuple[str, int], list[str]] = {(ledger, number): [] for ledger, number, _ in tables}
        query = render("suppress_small_cells", self._scratch.relation("cells"))
        for table_id, name in self._connection.execute(query):
            found[tables[table_id][:2]].append(name)
        return found

    def _chain_result(self, scenario: Scenario, ledger: str) -> dict[str, int | None]:
        """Append the rows to three ledgers; leave one alone, change a row of the second, drop one of the third."""
        table = sql.Identifier(self._scratch.schema, "consent_events")
        tamper, drop = scenario.get("tamper"), scenario.get("drop")
        results: dict[str, int | None] = {}
        for variant in ("clean", "tampered", "dropped"):
            copy = f"{ledger} {variant}"
            rows = [self._chain_row(copy, place, row) for place, row in enumerate(scenario["rows"])]
            self._writer.append_events(rows)
            if variant == "tampered" and tamper is not None:
                index = tamper["index"]
                changed = self._chain_row(copy, index, {**scenario["rows"][index], **tamper["set"]})
                for name in changed:
                    if changed[name] != rows[index][name]:
                        self._connection.execute(
                            sql.SQL("update {} set {} = %s where ledger = %s and position = %s").format(
                                table, sql.Identifier(name)
                            ),
                            (changed[name], copy, index),
                        )
            if variant == "dropped" and drop is not None:
                self._connection.execute(
                    sql.SQL("delete from {} where ledger = %s and position = %s").format(table), (copy, drop)
                )
            results[variant] = first_break(self._connection, copy, self._scratch.schema)
        return results

    def _chain_row(self, ledger: str, place: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of the ledger; what a scenario adds beyond its columns is covered as the evidence is."""
        rest = {name: value for name, value in row.items() if name not in ("seq", "subject", "type")}
        # The ledger keeps rows of one append in the order of their recording.
        moment = (_CHAIN_BEGIN + timedelta(seconds=place)).isoformat()
        return {
            "ledger": ledger,
            "source_system": "chain",
            "source_event_id": str(row.get("seq", place)),
            "identity_key": self._writer.identity(f"chain:{row.get('subject')}"),
            "type": str(row.get("type")),
            "recorded_at": moment,
            "occurred_at": moment,
            "evidence_sha256": json.dumps(rest, sort_keys=True) if rest else None,
        }


def _state_checks(
    scenario: Scenario, ledger: str, answers: Mapping[tuple[str, int], Answer]
) -> Iterator[Check]:
    for number, question in enumerate(scenario["queries"]):
        answer = answers[ledger, number]
        if isinstance(answer, NotAsked):
            yield Check({"id": scenario["id"], "query": number, "not_asked": answer.reason}, None, True)
            continue
        expected = question.get("expect")
        found = dict(zip(("decision", "reason"), answer, strict=True))
        agrees = expected is None or all(found.get(name) == value for name, value in expected.items())
        yield Check({"id": scenario["id"], "query": number, **found}, expected, agrees)


def _export_result(
    scenario: Scenario, ledger: str, answers: Mapping[tuple[str, int], Answer], is_blocked: bool
) -> dict[str, Any]:
    allowed = [
        row["row"]
        for number, row in enumerate(scenario["rows"])
        if not is_blocked and _is_allowed(answers[ledger, number])
    ]
    return {"blocked": is_blocked, "rows": allowed}


def _is_allowed(answer: Answer) -> bool:
    return not isinstance(answer, NotAsked) and answer[0] == "ALLOW"


def _accepted_rows(scenario: Scenario) -> list[Any]:
    """Pass raw rows by the tombstones, as the loader does."""
    keys = [
        PseudonymKey(version, secret.encode()) for version, secret in (scenario.get("secrets") or {}).items()
    ]
    index = TombstoneIndex.of_clear_values(keys, scenario.get("tombstones") or [])
    return [
        row["id"]
        for row in scenario["rows"]
        if not index.is_suppressed(
            [(kind, value) for kind, value in row.get("identifiers") or []],
            _instant(row.get("occurred_at")),
            bool(row.get("collected_from_subject")),
        )
    ]


def _due_checks(scenario: Scenario) -> Iterator[Check]:
    for number, case in enumerate(scenario["cases"]):
        received = _instant(case["received"])
        assert received is not None
        result = due_date(received, bool(case.get("extended"))).isoformat()
        yield _case_check(scenario, number, case, result)


def _cell_checks(
    scenario: Scenario, ledger: str, suppressed: Mapping[tuple[str, int], list[str]]
) -> Iterator[Check]:
    for number, case in enumerate(scenario["cases"]):
        yield _case_check(scenario, number, case, sorted(suppressed[ledger, number]))


def _check(scenario: Scenario, result: Any) -> Check:
    expected = scenario.get("expect")
    if isinstance(expected, dict):
        agrees = all(result.get(name) == value for name, value in expected.items())
    else:
        agrees = expected is None or result == expected
    return Check({"id": scenario["id"], "result": result}, expected, agrees)


def _case_check(scenario: Scenario, number: int, case: Mapping[str, Any], result: Any) -> Check:
    expected = case.get("expect")
    answer = {"id": scenario["id"], "case": number, "result": result}
    return Check(answer, expected, expected is None or result == expected)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)
