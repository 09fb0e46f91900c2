"""The mart runs the very SQL that `simulate` and `decide` run; each rule has a dbt unit test; no secret is compiled."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cercle import db
from cercle import server as embedded
from cercle.dbt_runner import run_dbt
from cercle.privacy.rendering import render
from cercle.privacy.scratch import MODELLED
from cercle.settings import Settings
from conftest import HMAC_KEYS
from projects import make_project

RULES = {
    "r01", "r02", "r03", "r04", "r05", "r06", "r07", "r08", "r09", "r10", "r11", "r12", "r13", "double",
    "telephone",
}  # fmt: skip


@pytest.fixture(scope="module")
def empty_warehouse(
    server: Settings, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """A project with what the decisions read, without a row."""
    home = tmp_path_factory.mktemp("consent")
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(f"create database consent_models template {template_database}".encode())
    settings = replace(
        server,
        home=home,
        dsn=embedded.url(server, "consent_models"),
        project_dir=home / "project",
        hmac_spec=HMAC_KEYS,
    )
    make_project(settings)
    with db.connect(settings) as connection:
        _make_inputs(connection)
    return settings


def _make_inputs(connection: psycopg.Connection) -> None:
    """Make the relations that the decisions read: unit tests take their columns from them."""
    made = {
        "int_consent_events_resolved": render(
            "resolve_consent_events", "privacy.consent_events", "privacy.event_types"
        ),
        "int_notices_resolved": render("resolve_notices", "privacy.notice_versions"),
        "int_marketing_calls_listed": (
            f"select '' as call_key, calls.* from ({render('select_calls', 'privacy.call_log')}) as calls"
        ),
    }
    made["int_contact_events_reached"] = "select * from intermediate.int_consent_events_resolved"
    for name, query in made.items():
        connection.execute(f"create table intermediate.{name} as {query}".encode())
    given = {
        "int_consent_identities_linked": MODELLED["links"],
        "int_contact_links_reached": MODELLED["links"],
        "int_sales_evidenced": MODELLED["sales"],
        "int_engagements_dated": MODELLED["engagements"],
        "int_birth_dates_known": MODELLED["people"],
        "int_contact_facts_digested": "customer_id text, facts_digest text",
        "int_contact_questions_asked": (
            f"{MODELLED['questions']}, part integer, contact_point_key text, contact_point_kind text"
        ),
        "int_consent_events_arrived": "source_system text, source_event_id text",
        "int_contact_keys_touched": "key text",
        "int_contact_keys_reached": "customer_id text, kind text, key text",
        "int_contact_points_listed": (
            "customer_id text, contact_point text, contact_point_key text, contact_point_kind text"
        ),
        "contact_point_channels": "contact_point_kind text, channel text",
        "int_record_customers": "record_key text, customer_id text",
        "int_own_events_linked": "identity text, record_key text",
    }
    for name, columns in given.items():
        connection.execute(f"create table intermediate.{name} ({columns})".encode())


def _compiled(settings: Settings, model: str) -> str:
    [path] = (settings.home / "dbt").rglob(f"compiled/**/{model}.sql")
    return path.read_text(encoding="utf-8")


def _plain(text: str) -> str:
    """SQL without comments and with single blanks; relations without their database."""
    text = re.sub(r"--[^\n]*", "", text)
    text = re.sub(r'"\w+"\."(\w+)"\."(\w+)"', r"\1.\2", text)
    return " ".join(text.split())


def test_the_mart_runs_the_very_sql_that_simulate_runs(empty_warehouse: Settings) -> None:
    built = {
        "events": "int_consent_events_resolved",
        "links": "int_consent_identities_linked",
        "notices": "int_notices_resolved",
        "sales": "int_sales_evidenced",
        "engagements": "int_engagements_dated",
        "people": "int_birth_dates_known",
        "calls": "int_marketing_calls_listed",
    }
    links = render("select_links", f"intermediate.{built['links']}", "(select ops.as_of())")
    world = {name: f"intermediate.{model}" for name, model in built.items()} | {
        "links": f"({links})",
        "notice_coverage": "privacy.notice_coverage",
        "notice_recipients": "privacy.notice_recipients",
        "contracts": f"({render('select_contracts', 'privacy.contracts')})",
        "scrubs": "privacy.list_scrubs",
        "scrub_entries": f"({render('select_scrub_entries', 'privacy.list_scrub_entries')})",
        "holidays": "privacy.public_holidays",
        "policies": "privacy.policy_rules",
    }
    run_dbt(empty_warehouse, "compile", ["--select", "int_contacts_decided_1", "int_consent_events_resolved"])
    ours = _plain(render("decide_contacts", questions="questions", world=world))
    assert len(ours) > 20_000
    assert ours in _plain(_compiled(empty_warehouse, "int_contacts_decided_1"))
    events = _plain(render("resolve_consent_events", "ledger", "privacy.event_types"))
    assert events in _plain(_compiled(empty_warehouse, "int_consent_events_resolved"))


def test_every_rule_has_a_unit_test_and_it_passes(empty_warehouse: Settings) -> None:
    selected = ["test_type:unit,int_contacts_decided_1", "test_type:unit,int_consent_events_resolved"]
    result = run_dbt(empty_warehouse, "test", ["--select", *selected])
    names = {node.node_id.rpartition(".")[2].partition("_")[0] for node in result.nodes}
    assert names == RULES
    assert {node.status for node in result.nodes} == {"pass"}


def test_what_is_asked_for_one_family_or_recipient_has_a_unit_test_and_it_passes(
    empty_warehouse: Settings,
) -> None:
    assert (
        _unit_tests(empty_warehouse, "int_contact_families_listed", "int_contact_recipients_listed")
        == ["pass"] * 2
    )


def test_whom_a_fact_may_concern_has_unit_tests_and_they_pass(empty_warehouse: Settings) -> None:
    assert (
        _unit_tests(empty_warehouse, "int_contact_keys_reached", "int_contact_facts_reached") == ["pass"] * 2
    )


def _unit_tests(settings: Settings, *models: str) -> list[str]:
    result = run_dbt(settings, "test", ["--select", *(f"test_type:unit,{model}" for model in models)])
    return [node.status for node in result.nodes]


def test_a_split_that_this_build_makes_has_a_unit_test_and_it_passes(empty_warehouse: Settings) -> None:
    result = run_dbt(empty_warehouse, "test", ["--select", "test_type:unit,int_consent_identities_linked"])
    assert [node.status for node in result.nodes] == ["pass"]


def test_the_secret_is_in_no_file_that_dbt_writes(empty_warehouse: Settings) -> None:
    secret = HMAC_KEYS.partition(":")[2]
    run_dbt(empty_warehouse, "compile", ["--select", "int_contacts_decided_1"])
    files = [path for path in Path(empty_warehouse.home).rglob("*") if path.is_file()]
    assert {"manifest.json", "dbt.log", "int_contacts_decided_1.sql"} <= {path.name for path in files}
    assert [path.name for path in files if secret.encode() in path.read_bytes()] == []
