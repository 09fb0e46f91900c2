"""The export gate: what leaves, what is recorded of it, and what keeps it shut."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cercle import db
from cercle.errors import CercleError
from cercle.privacy.export import ExportReport, ExportRequest, export
from cercle.privacy.export_file import ExportFile, protect
from cercle.privacy.ledger import append, make_pending
from cercle.settings import Settings
from conftest import Answer
from projects import World, clone_world

NOW = "2026-11-01T08:00:00+00:00"


@pytest.fixture
def sandbox(world: World, make_database: Callable[..., Settings]) -> World:
    """A world of its own, to be broken."""
    return clone_world(world, make_database)


def ask(world: World, name: str = "out.csv", at: datetime | None = None, **options: Any) -> ExportReport:
    """Export everybody's e-mail addresses for direct marketing, as of the world's end."""
    path = world.settings.home / name
    request = ExportRequest("all", "email", "direct_marketing", path)
    return export(world.settings, replace(request, **options), exported_at=at or world.as_of)


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def change(world: World, *statements: str) -> None:
    with psycopg.connect(world.settings.dsn or "", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


# --- what leaves ------------------------------------------------------------------------------------------


def test_the_file_holds_what_the_mart_allows_at_the_same_moment_and_nothing_else(sandbox: World) -> None:
    change(sandbox, "delete from privacy.policy_rules where basis = 'CONTACT_PRESSURE'")
    report = ask(sandbox, all_contact_points=True)
    allowed = sandbox.rows(
        """
        select distinct on (contact_point_key)
            identifiers.customer_id, identifiers.identifier_value
        from marts.contactability
        inner join marts.customer_identifiers as identifiers
            on contactability.customer_id = identifiers.customer_id
            and contactability.contact_point_key = identifiers.identifier_key
        where channel = 'email' and purpose = 'direct_marketing' and product_family = '' and decision = 'ALLOW'
        order by contact_point_key, identifiers.customer_id
        """
    )
    assert len(allowed) > 50
    written = [
        (line["customer_id"], line["contact_point"]) for line in lines(sandbox.settings.home / "out.csv")
    ]
    assert sorted(written) == sorted(allowed)
    assert report.allowed == len(written) < report.lines


def test_every_line_asked_has_one_decision_with_its_ground_and_place_in_the_ledger(sandbox: World) -> None:
    report = ask(sandbox)
    [(asked,)] = sandbox.rows(
        "select count(*) from intermediate.int_contact_points_listed where contact_point_kind = 'email'"
    )
    [(rows, allowed, grounded, position)] = sandbox.rows(
        """
        select count(*), count(*) filter (where decision = 'ALLOW'),
            count(*) filter (where decision = 'ALLOW' and basis is not null and rule_id is not null),
            min(ledger_position)
        from privacy.decisions
        where export_id = %s
        """,
        report.export_id,
    )
    assert rows == asked == report.lines == sum(report.reasons.values())
    assert allowed == grounded == report.allowed > 0
    assert (
        position
        == report.ledger_position
        == sandbox.rows("select max(position) from privacy.consent_events")[0][0]
    )
    [(kept_segment, sha256)] = sandbox.rows("select segment, file_sha256 from privacy.exports")
    assert (kept_segment, sha256) == ("all", report.file_sha256)


def test_the_record_holds_no_clear_value_and_none_of_the_segments_sql(sandbox: World) -> None:
    path = sandbox.settings.home / "out.csv"
    [(value,)] = sandbox.rows(
        "select min(identifier_value) from marts.customer_identifiers where identifier_type = 'email'"
    )
    ask(
        sandbox,
        segment=f"select customer_id from marts.customer_identifiers where identifier_value <> '{value}'",
    )
    clear = {line["contact_point"] for line in lines(path)} | {value}
    recorded = str(sandbox.rows("select e::text from privacy.exports as e"))
    recorded += str(sandbox.rows("select d::text from privacy.decisions as d"))
    assert len(clear) > 50
    assert [text for text in clear if text in recorded] == []


def test_a_person_gets_one_line_and_a_contact_point_stands_once(sandbox: World) -> None:
    change(sandbox, "delete from privacy.policy_rules where basis = 'CONTACT_PRESSURE'")
    one = ask(sandbox)
    written = lines(sandbox.settings.home / "out.csv")
    assert len({line["customer_id"] for line in written}) == len(written)
    assert len({line["contact_point"] for line in written}) == len(written)
    every = ask(sandbox, "every.csv", all_contact_points=True)
    assert every.allowed - one.allowed <= one.reasons["OTHER_CONTACT_POINT"]
    assert every.allowed > one.allowed


def test_a_stop_of_this_minute_bites(sandbox: World) -> None:
    """The mart still allows; the gate reads the ledger as it is."""
    key, customer_id = sandbox.rows(
        """
        select contact_point_key, person_id from privacy.decisions
        where decision = 'ALLOW' and export_id = %s order by line limit 1
        """,
        ask(sandbox).export_id,
    )[0]
    with db.connect(sandbox.settings) as connection:
        pending = make_pending(connection)
        connection.execute(
            sql.SQL(
                """
                insert into {} (ledger, source_system, source_event_id, contact_point_key, contact_point_kind, channel,
                    type, actor, occurred_at, recorded_at)
                select 'main', 'cercle', 'W1', ledger_key, 'email', 'email', 'consent_withdrawn', 'subject', {}, {}
                from privacy.contact_points where contact_point_key = {}
                """
            ).format(pending, NOW, NOW, key)
        )
        assert append(connection, pending).appended == 1
    later = datetime.fromisoformat(NOW)
    report = ask(sandbox, "later.csv", at=later)
    found = sandbox.rows(
        "select decision, reason from privacy.decisions where export_id = %s and contact_point_key = %s",
        report.export_id,
        key,
    )
    assert set(found) == {("DENY", "WITHDRAWN")}
    assert customer_id not in {line["customer_id"] for line in lines(sandbox.settings.home / "later.csv")}


# --- the file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2", "@sum(a1)", "\tx", "\rx", "  =1", "\n=1", "+33 6"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(cell: str) -> None:
    assert protect(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ana", "a=b", "+33639981234", "ana@exemple.fr", "1-2"])
def test_other_cells_stay(cell: str) -> None:
    assert protect(cell) == cell


def test_the_file_is_its_owners_alone_and_protected(sandbox: World) -> None:
    change(sandbox, "update marts.customer_360 set city = '=HYPERLINK(\"http://x\")'")
    ask(sandbox, columns=("city",))
    path = sandbox.settings.home / "out.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {line["city"] for line in lines(path)} == {'\'=HYPERLINK("http://x")'}
    ask(sandbox, "out.jsonl", format="jsonl", columns=("city",))
    [first, *_] = (sandbox.settings.home / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert set(json.loads(first)) == {"customer_id", "contact_point", "city"}


def test_only_harmless_columns_of_customer_360_may_leave(sandbox: World) -> None:
    for column in ("identifier_value", "customer_id; select 1", "body"):
        with pytest.raises(CercleError, match="Not a column that may leave"):
            ask(sandbox, columns=(column,))
    assert sandbox.rows("select count(*) from privacy.exports") == [(0,)]


def test_the_same_key_writes_nothing_again(sandbox: World) -> None:
    first = ask(sandbox, key="monday")
    before = (sandbox.settings.home / "out.csv").stat().st_mtime_ns
    again = ask(sandbox, key="monday", at=sandbox.as_of + timedelta(hours=1))
    assert again == replace(first, is_repeated=True)
    assert (sandbox.settings.home / "out.csv").stat().st_mtime_ns == before
    assert sandbox.rows("select count(*) from privacy.exports") == [(1,)]
    assert sandbox.rows("select count(*) from privacy.decisions") == [(first.lines,)]


def test_an_export_that_was_killed_after_its_record_is_completed(
    sandbox: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(file: ExportFile) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ExportFile, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        ask(sandbox, key="monday")
    path = sandbox.settings.home / "out.csv"
    assert not path.exists()
    monkeypatch.undo()
    report = ask(sandbox, key="monday")
    assert report.is_repeated
    assert len(lines(path)) == report.allowed > 0
    path.unlink()
    with pytest.raises(CercleError, match="no longer here"):
        ask(sandbox, key="monday")


def test_an_export_that_fails_leaves_neither_file_nor_record(
    sandbox: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cercle.privacy.export.export_sql.KEEP_DECISIONS", "select 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        ask(sandbox)
    assert list(sandbox.settings.home.glob("*out.csv*")) == []
    assert sandbox.rows("select count(*) from privacy.exports") == [(0,)]


@pytest.mark.parametrize(
    "segment",
    [
        "with gone as (delete from marts.orders returning customer_id) select customer_id from gone",
        "select customer_id from marts.customer_360) as s; delete from marts.orders; --",
        "select nextval(pg_get_serial_sequence('ops.loads', 'load_id'))::text as customer_id",
        "select pg_terminate_backend(0)::text as customer",
        "select customer_id from marts.nothing",
    ],
)
def test_a_segment_reads_and_nothing_else(sandbox: World, segment: str) -> None:
    orders = sandbox.rows("select count(*) from marts.orders")
    with pytest.raises(CercleError, match="cannot be asked"):
        ask(sandbox, segment=segment)
    assert sandbox.rows("select count(*) from marts.orders") == orders


def test_a_segment_by_name_is_a_file_of_the_project(sandbox: World) -> None:
    folder = sandbox.settings.project_dir / "segments"
    folder.mkdir()
    (folder / "few.sql").write_text("select customer_id from marts.customer_360 order by 1 limit 7;\n")
    assert ask(sandbox, segment="few").customers == 7
    [(champions,)] = sandbox.rows("select count(*) from marts.customer_360 where segment = 'champions'")
    assert ask(sandbox, "c.csv", segment="champions").customers == champions > 0
    with pytest.raises(CercleError, match="has no customer"):
        ask(sandbox, "n.csv", segment="nobody_at_all")


# --- limits of the house ----------------------------------------------------------------------------------


def cap(world: World, contacts: int, hours: int) -> None:
    """Make this the only cap."""
    change(
        world,
        "delete from privacy.policy_rules where basis = 'CONTACT_PRESSURE'",
        f"""
        insert into privacy.policy_rules (
            rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation
        )
        values ('HOUSE:cap', 'HOUSE', 'gate', 'email', 'direct_marketing', 'CONTACT_PRESSURE',
            '{{"contacts": {contacts}, "hours": {hours}}}', 1, 'test')
        """,
    )


def test_contact_pressure_counts_what_campaigns_sent(sandbox: World) -> None:
    cap(sandbox, 1, 365 * 24)
    report = ask(sandbox)
    kept_back = {
        customer_id
        for (customer_id,) in sandbox.rows(
            "select person_id from privacy.decisions where reason = 'CONTACT_PRESSURE' and rule_id = 'HOUSE:cap'"
        )
    }
    sent = {
        customer_id
        for (customer_id,) in sandbox.rows(
            """
            select customer_id
            from marts.campaign_touches
            where kind = 'sent' and channel = 'email' and occurred_at > %s::timestamptz - interval '365 days'
            """,
            sandbox.as_of,
        )
    }
    written = {line["customer_id"] for line in lines(sandbox.settings.home / "out.csv")}
    assert len(kept_back) > 5
    assert kept_back <= sent
    assert len(written) == report.allowed > 5
    assert not written & sent


def test_contact_pressure_counts_earlier_exports(sandbox: World) -> None:
    cap(sandbox, 2, 100)
    change(sandbox, "delete from marts.campaign_touches", "delete from marts.interactions")
    hour = timedelta(hours=1)
    first = ask(sandbox, "1.csv")
    second = ask(sandbox, "2.csv", at=sandbox.as_of + hour)
    assert first.allowed == second.allowed > 0
    third = ask(sandbox, "3.csv", at=sandbox.as_of + 2 * hour)
    assert third.allowed == 0
    assert third.reasons["CONTACT_PRESSURE"] >= second.allowed
    service = ask(sandbox, "s.csv", at=sandbox.as_of + 2 * hour, purpose="service_transactional")
    assert service.allowed > 0
    assert ask(sandbox, "4.csv", at=sandbox.as_of + timedelta(hours=102)).allowed > 0


def test_what_is_reported_as_sent_after_an_export_is_the_same_contact(sandbox: World) -> None:
    cap(sandbox, 2, 100)
    change(sandbox, "delete from marts.campaign_touches", "delete from marts.interactions")
    first = ask(sandbox, "1.csv")
    person = lines(sandbox.settings.home / "1.csv")[0]["customer_id"]
    sent = """
        insert into marts.campaign_touches (campaign_touch_id, customer_id, record_key, source_name, channel, kind,
            is_act, occurred_at)
        values ('{name}', '{person}', '{name}', 'email', 'email', 'sent', false, '{at}')
    """
    change(sandbox, sent.format(name="t1", person=person, at=sandbox.as_of + timedelta(hours=5)))
    at = sandbox.as_of + timedelta(hours=80)
    assert ask(sandbox, "2.csv", at=at).allowed == first.allowed
    change(
        sandbox,
        "alter table privacy.decisions disable trigger all",
        "alter table privacy.exports disable trigger all",
    )
    change(
        sandbox,
        "delete from privacy.decisions where export_id = 2",
        "delete from privacy.exports where export_id = 2",
    )
    change(sandbox, sent.format(name="t2", person=person, at=sandbox.as_of + timedelta(hours=79)))
    third = ask(sandbox, "3.csv", at=at)
    assert third.reasons["CONTACT_PRESSURE"] == 1
    assert person not in {line["customer_id"] for line in lines(sandbox.settings.home / "3.csv")}


def test_small_cells_of_an_aggregate_are_suppressed(sandbox: World) -> None:
    change(sandbox, "update privacy.policy_rules set conditions = '{\"k\": 7}' where basis = 'SMALL_CELLS'")
    report = ask(sandbox, is_aggregate=True, columns=("segment",))
    found = lines(sandbox.settings.home / "out.csv")
    line_report = ask(sandbox, "lines.csv", columns=("segment",))
    true: dict[str, int] = {}
    for line in lines(sandbox.settings.home / "lines.csv"):
        name = line["segment"] or "(unknown)"
        true[name] = true.get(name, 0) + 1
    assert {row["segment"] for row in found} == {*true, "(total)"}
    shown = {row["segment"]: int(row["person_count"]) for row in found if row["is_suppressed"] == "false"}
    hidden = {row["segment"] for row in found if row["is_suppressed"] == "true"}
    assert shown.pop("(total)") == sum(true.values()) == report.allowed == line_report.allowed
    assert all(true[name] == count >= 7 for name, count in shown.items())
    assert shown
    assert {name for name, count in true.items() if count < 7} <= hidden
    assert len(hidden) != 1
    assert all(row["person_count"] == "" for row in found if row["is_suppressed"] == "true")
    assert sandbox.rows("select count(*) from privacy.decisions where export_id = %s", report.export_id) == [
        (0,)
    ]


# --- the gate stays shut ----------------------------------------------------------------------------------

_LOAD = """
    insert into ops.loads (source, plugin, entity, file_name, file_sha256, file_byte_count, contract_version,
        contract_sha256, state, started_at)
    values ('privacy', 'privacy', '{entity}', 'f.csv', md5('{entity}{state}'), 1, '1', 'x', '{state}', now())
"""
BREAKS = {
    "LOADS_NOT_APPENDED": [_LOAD.format(entity="consent_events", state="checked")],
    "LOADS_NOT_APPENDED notices": [_LOAD.format(entity="notices", state="released")],
    "DELIVERIES_WAITING": [_LOAD.format(entity="consent_events", state="loaded")],
    "DELIVERIES_WAITING quarantined": [_LOAD.format(entity="campaign_events", state="quarantined")],
    "BUILD_BEHIND_LEDGER": [
        _LOAD.format(entity="consent_events", state="checked"),
        """
        insert into privacy.ledger_loads (ledger, load_id, appended_count, known_count, quarantined_count)
        select 'main', max(load_id), 0, 0, 0 from ops.loads
        """,
    ],
    "NOT_PUBLISHED": [
        "insert into ops.builds (state, as_of, cercle_version) values ('failed', now(), '0')",
    ],
    "LEDGER_OLD": ["update ops.build_steps set finished_at = '2026-10-01' where step = 'ledger'"],
    "LEDGER_OLD never": ["delete from ops.build_steps where step = 'ledger'"],
    "LEDGER_OLD no_rule": ["delete from privacy.policy_rules where basis = 'LEDGER_AGE'"],
    "CHAIN_BROKEN": [
        "alter table privacy.consent_events disable trigger all",
        "update privacy.consent_events set channel = 'sms' where position = 100",
    ],
    "CHAIN_BROKEN head": [
        "alter table privacy.consent_events disable trigger all",
        "delete from privacy.consent_events where position = (select max(position) from privacy.consent_events)",
    ],
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_gate_stays_shut(sandbox: World, name: str) -> None:
    # The tolerance counts from the export's moment: the world ends before its build ran.
    at = datetime.now(UTC) if name.startswith("LEDGER_OLD") else sandbox.as_of
    ask(sandbox, "before.csv", at=at)
    change(sandbox, *BREAKS[name])
    code = name.partition(" ")[0]
    with pytest.raises(CercleError, match=code) as refusal:
        ask(sandbox, at=at)
    assert refusal.value.exit_code == 1
    assert not (sandbox.settings.home / "out.csv").exists()
    assert sandbox.rows("select blocks, line_count, file_sha256 from privacy.exports where is_blocked") == [
        ([code], 0, None)
    ]
    assert sandbox.rows("select count(*) from privacy.decisions where export_id = 2") == [(0,)]


def test_a_blocked_export_may_be_tried_again_under_its_key(sandbox: World) -> None:
    change(sandbox, *BREAKS["NOT_PUBLISHED"])
    with pytest.raises(CercleError):
        ask(sandbox, key="k")
    change(sandbox, "delete from ops.builds where state = 'failed'")
    assert not ask(sandbox, key="k").is_repeated


def test_the_record_of_exports_is_append_only(sandbox: World) -> None:
    ask(sandbox)
    for statement in (
        "update privacy.exports set allowed_count = 0",
        "delete from privacy.decisions",
        "truncate privacy.exports cascade",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            change(sandbox, statement)


# --- the command and the operator -------------------------------------------------------------------------


def test_the_command(sandbox: World, cli: Callable[..., Answer]) -> None:
    out = sandbox.settings.home / "out.csv"
    call = ["privacy", "export", "--segment", "all", "--channel", "email", "--purpose", "direct_marketing"]
    dry = cli(*call, "--out", str(out), "--dry-run", "--json", settings=sandbox.settings)
    assert (dry.exit_code, out.exists()) == (0, False)
    assert dry.json["export_id"] is None
    assert sandbox.rows("select count(*) from privacy.exports") == [(0,)]
    real = cli(*call, "--out", str(out), "--json", settings=sandbox.settings)
    assert real.json["reasons"] == dry.json["reasons"]
    assert len(lines(out)) == real.json["allowed"] > 0
    addresses = [line["contact_point"] for line in lines(out)]
    assert not any(address in real.out + real.err for address in addresses)
    again = cli(*call, "--out", str(out), settings=sandbox.settings)
    assert again.exit_code == 2
    assert "already" in again.err
    wrong = cli(*call[:-1], "spam", "--out", "x.csv", settings=sandbox.settings)
    assert wrong.exit_code == 2
    assert "direct_marketing" in wrong.err
    partner = cli(*call[:-1], "partner_prospecting", "--out", "x.csv", settings=sandbox.settings)
    assert "--recipient" in partner.err


def test_the_operator_writes_once_per_run(sandbox: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from cercle.airflow.export import ExportContactsOperator

    out = sandbox.settings.home / "out.csv"
    operator = ExportContactsOperator(
        task_id="export",
        segment="all",
        channel="email",
        purpose="direct_marketing",
        out=str(out),
        options={"columns": ["language"]},
    )
    monkeypatch.setattr(operator, "settings", lambda: sandbox.settings)
    context: Any = {"run_id": "manual_1"}
    first = operator.execute(context)
    assert operator.execute(context) == first
    assert first["allowed"] == len(lines(out)) > 0
    assert sandbox.rows("select export_key from privacy.exports") == [("manual_1:export",)]
