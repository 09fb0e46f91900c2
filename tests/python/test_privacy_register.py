"""Reports: proof of consent for a person, the register of processing, the figures of every day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg

from cercle import db
from cercle.load.raw_tables import ensure_raw_tables
from cercle.privacy.register import read_register, register_as_markdown
from cercle.privacy.report_figures import read_figures
from cercle.privacy.report_proof import prove_consent
from cercle.settings import Settings
from cercle.sources import installed_plugins
from conftest import Answer
from projects import World, clone_world

MOST = """
    select person_id
    from intermediate.int_consent_identities_linked
    inner join intermediate.int_consent_events_resolved using (identity)
    where type = 'consent_given' and has_evidence
    group by person_id order by count(*) desc, person_id limit 1
"""


def test_a_proof_tells_what_when_wording_and_method(world: World) -> None:
    [(customer,)] = world.rows(MOST)
    with db.connect(world.settings) as connection:
        proof = prove_consent(connection, customer)
    assert (proof.customer_id, proof.first_break) == (customer, None)
    own = world.rows(
        """
        select distinct event_id
        from intermediate.int_consent_events_resolved
        inner join intermediate.int_consent_identities_linked using (identity)
        where person_id = %s
        """,
        customer,
    )
    assert {event_id for (event_id,) in own} <= {said.event_id for said in proof.said}
    grants = [said for said in proof.said if said.type == "consent_given" and said.evidence_sha256]
    assert grants
    for said in grants:
        assert said.is_evidence_whole
        assert said.file_name
        assert said.line
        wordings = world.rows(
            "select wording from raw.privacy__notices where notice_id = %s and notice_version = %s",
            said.notice_id,
            said.notice_version,
        )
        assert said.wording in {wording for (wording,) in wordings}
        assert said.is_wording_whole
    # each event once, although deliveries repeat rows
    assert len({said.position for said in proof.said}) == len(proof.said)


def test_words_and_evidence_that_were_changed_afterwards_prove_nothing(
    world: World, make_database: Callable[..., Settings], cli: Callable[..., Answer]
) -> None:
    clone = clone_world(world, make_database)
    [(customer,)] = clone.rows(MOST)
    with psycopg.connect(clone.settings.dsn or "", autocommit=True) as connection:
        connection.execute("update raw.privacy__notices set wording = wording || ' et tout le reste'")
        connection.execute("update raw.privacy__consent_events set evidence = 'another'")
    with db.connect(clone.settings) as connection:
        said = prove_consent(connection, customer).said
    assert said
    assert not any(each.is_wording_whole for each in said)
    assert not any(each.is_evidence_whole for each in said)
    with psycopg.connect(clone.settings.dsn or "", autocommit=True) as connection:
        connection.execute("alter table privacy.consent_events disable trigger all")
        connection.execute("update privacy.consent_events set channel = 'sms' where position = 7")
    answer = cli("privacy", "proof", "--customer", customer, settings=clone.settings)
    assert answer.exit_code == 1
    assert "breaks at row 7" in answer.err
    unknown = cli("privacy", "proof", "--customer", "c_nobody", settings=clone.settings)
    assert unknown.exit_code == 3


def test_the_register_follows_policies_contracts_and_marts(connection: psycopg.Connection) -> None:
    ensure_raw_tables(connection, [installed_plugins()["store"].contract])
    before = read_register(connection)
    purposes = {activity["purpose"] for activity in before["activities"] if activity["jurisdiction"] == "FR"}
    assert purposes == {
        purpose
        for (purpose,) in connection.execute(
            "select code from privacy.vocabularies where vocabulary = 'purpose'"
        ).fetchall()
    }
    connection.execute(
        """
        insert into privacy.policy_rules (
            rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation
        )
        values ('ES:1', 'ES', 'basis', 'email', 'direct_marketing', 'CONSENT', '{"retention_months": 24}', 1, 'LSSI 21')
        """
    )
    connection.execute(
        "insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, priority, citation)"
        " values ('HOUSE:x', 'HOUSE', 'gate', 'email', 'direct_marketing', 'CONTACT_PRESSURE', 1, 'house')"
    )
    after = read_register(connection)
    [new] = [activity for activity in after["activities"] if activity not in before["activities"]]
    assert (new["jurisdiction"], new["grounds"][0]["retention_months"]) == ("ES", 24)
    text = register_as_markdown(after)
    assert "| email | CONSENT | 24 months |  |  | LSSI 21 |" in text
    sources = {row["source"]: row for row in after["categories"] if row["entity"] == "customers"}
    assert "email" in sources["store"]["columns"]
    assert set(sources) == {"store"}  # what no source ever delivered is not processed
    assert "To be added by the company" in text


def test_the_register_names_published_columns_and_recipients(
    world: World, cli: Callable[..., Answer]
) -> None:
    register = cli("privacy", "register", "--json", settings=world.settings).json
    assert {row["relation"]: row["columns"] for row in register["marts"]}["interactions"] == [
        "subject",
        "body",
    ]
    [partners] = [
        activity["recipients"]
        for activity in register["activities"]
        if (activity["jurisdiction"], activity["purpose"]) == ("FR", "partner_prospecting")
    ]
    assert "Partenaire A" in partners
    out = world.settings.home / "register.md"
    cli("privacy", "register", "--out", str(out), settings=world.settings)
    assert out.read_text(encoding="utf-8").startswith("# Register of processing")
    out.unlink()


def test_the_figures_count_what_the_ledger_and_the_marts_hold(world: World) -> None:
    with db.connect(world.settings) as connection:
        figures = read_figures(connection, 365 * 20, world.as_of)
        recent = read_figures(connection, 30, world.as_of)
    totals = {
        name: sum(row[name] for row in figures["days"])
        for name in ("grant_count", "stop_count", "grant_without_evidence_count")
    }
    assert world.rows(
        """
        select count(*) filter (where type = 'consent_given'),
            count(*) filter (where type in ('consent_refused', 'consent_withdrawn', 'objection')),
            count(*) filter (where type = 'consent_given' and evidence_sha256 is null)
        from privacy.consent_events
        where coalesce(occurred_at, recorded_at) <= %s
        """,
        world.as_of,
    ) == [tuple(totals.values())]
    assert all(count > 0 for count in totals.values())
    first = (world.as_of - timedelta(days=31)).date().isoformat()
    assert 0 < len(recent["days"]) < len(figures["days"])
    assert min(row["day"] for row in recent["days"]) >= first
    [email] = [
        row for row in figures["rates"] if (row["channel"], row["purpose"]) == ("email", "direct_marketing")
    ]
    assert world.rows("select count(*) from marts.customer_360 where can_email_marketing") == [
        (email["allowed_count"],)
    ]
    assert email["allowed_percent"] == round(100 * email["allowed_count"] / email["customer_count"], 1)
    assert email["grant_without_proof_count"] > 0
    requests = {row["kind"]: row["request_count"] for row in figures["requests"]}
    assert dict(world.rows("select kind, count(*) from privacy.requests group by kind")) == requests
