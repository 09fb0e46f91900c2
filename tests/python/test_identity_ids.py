"""Stable ids: the SQL that assigns them against the policy written a second time, over random histories."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cercle import db
from cercle.errors import CercleError
from cercle.identity import apply_proposal
from cercle.settings import Settings
from identity_support import Member, Policy, compiled, dbt, make_small_project

START = datetime(2024, 1, 1, tzinfo=UTC)
MODELS = {
    "int_customer_ids_versioned": "{{ cercle.assign_stable_ids('customer', 'trial.members') }}",
    "int_id_redirects_proposed": (
        "{{ cercle.propose_redirects('customer', 'intermediate.int_customer_ids_versioned') }}"
    ),
    "int_id_changes_proposed": (
        "{{ cercle.propose_changes('customer', 'intermediate.int_customer_ids_versioned',"
        " 'intermediate.int_id_redirects_proposed') }}"
    ),
}


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory, server: Settings) -> dict[str, str]:
    """What dbt makes of the macros, compiled once."""
    from cercle import server as embedded

    home = tmp_path_factory.mktemp("policy")
    settings = Settings(
        home=home,
        dsn=embedded.url(server, "postgres"),
        project_dir=home / "project",
        dbt_executable=Settings.from_env().dbt_executable,
    )
    make_small_project(settings, MODELS)
    dbt(settings, "compile")
    return {name: compiled(settings, name) for name in MODELS}


class Warehouse:
    """Builds and publications of nothing but ids."""

    def __init__(self, connection: psycopg.Connection, statements: dict[str, str]) -> None:
        self.connection = connection
        self.statements = statements
        connection.execute("create schema trial")
        connection.execute(
            "create table trial.members (member_key text, group_key text, occurred_at timestamptz)"
        )

    def propose(self, members: dict[str, Member]) -> int:
        """Build: write the proposal, as dbt would."""
        self.connection.execute("delete from trial.members")
        with self.connection.cursor().copy("copy trial.members from stdin") as copy:
            for key, (group, day) in members.items():
                copy.write_row((key, group, START + timedelta(days=day)))
        build_id = self.connection.execute(
            "insert into ops.builds (state, as_of, cercle_version) values ('running', clock_timestamp(), '0')"
            " returning build_id"
        ).fetchone()[0]
        for name, statement in self.statements.items():
            self.connection.execute(f"drop table if exists intermediate.{name}")
            self.connection.execute(f"create table intermediate.{name} as {statement}")
        self.connection.execute("drop table if exists intermediate.int_id_baseline")
        self.connection.execute(
            """
            create table intermediate.int_id_baseline as
            select
                (select build_id from ops.current_build) as build_id,
                (select publication_id from ops.published_build) as publication_id
            """
        )
        return int(build_id)

    def publish(self, build_id: int) -> int:
        publication_id, as_of = self.connection.execute(
            "insert into ops.publications (build_id, as_of) select build_id, as_of from ops.builds where build_id = %s"
            " returning publication_id, as_of",
            (build_id,),
        ).fetchone()
        apply_proposal(self.connection, publication_id, as_of)
        self.connection.execute("update ops.builds set state = 'published' where build_id = %s", (build_id,))
        return int(publication_id)

    def run(self, members: dict[str, Member]) -> int:
        return self.publish(self.propose(members))

    def held(self) -> dict[str, str]:
        return dict(
            self.connection.execute(
                "select member_key, id from identity.members where known_to = 'infinity'"
            ).fetchall()
        )

    def redirects(self) -> dict[str, str]:
        return dict(
            self.connection.execute(
                "select retired_id, successor_id from identity.redirects where known_to = 'infinity'"
            ).fetchall()
        )

    def changes(self, publication_id: int) -> set[tuple[str, str, str | None, int]]:
        return set(
            self.connection.execute(
                "select change, id, other_id, member_count from identity.changes where publication_id = %s",
                (publication_id,),
            ).fetchall()
        )


@pytest.fixture
def warehouse(database: Settings, statements: dict[str, str]) -> Iterator[Warehouse]:
    with db.connect(database) as connection:
        yield Warehouse(connection, statements)


def parts(**groups: str) -> dict[str, Member]:
    """parts(x="a1 b2") is: a and b belong together, a occurred on day 1 and b on day 2."""
    return {word[0]: (group, int(word[1:])) for group, words in groups.items() for word in words.split()}


def test_a_merge_keeps_the_oldest_id_and_redirects_the_other(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="a5", y="b3 c9"))
    before = warehouse.held()
    publication = warehouse.run(parts(z="a5 b3 c9"))
    assert set(warehouse.held().values()) == {before["b"]}
    assert warehouse.redirects() == {before["a"]: before["b"]}
    assert warehouse.changes(publication) == {("merged", before["a"], before["b"], 1)}


def test_a_split_leaves_the_id_with_the_oldest_record(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="a5 b3 c9"))
    before = warehouse.held()["b"]
    publication = warehouse.run(parts(x="a5 c9", y="b3"))
    held = warehouse.held()
    assert held["b"] == before
    assert held["a"] == held["c"] != before
    assert warehouse.changes(publication) == {("split", held["a"], before, 2)}
    assert warehouse.redirects() == {}


def test_an_unmerge_gives_each_side_its_own_id_again(warehouse: Warehouse) -> None:
    apart = parts(x="a1 d4", y="b2 c3")
    warehouse.run(apart)
    before = warehouse.held()
    warehouse.run(parts(x="a1 b2 c3 d4"))
    publication = warehouse.run(apart)
    assert warehouse.held() == before
    assert warehouse.redirects() == {}
    assert warehouse.changes(publication) == {("restored", before["b"], before["a"], 2)}


def test_ids_of_equal_age_are_decided_by_the_record_key(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="b1", y="a1"))
    before = warehouse.held()
    warehouse.run(parts(x="b1 a1"))
    assert set(warehouse.held().values()) == {before["a"]}


def test_a_redirect_leads_to_the_final_survivor(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="a1", y="b2", z="c3"))
    before = warehouse.held()
    warehouse.run(parts(x="a1", y="b2 c3"))
    warehouse.run(parts(x="a1 b2 c3"))
    assert warehouse.redirects() == {before["b"]: before["a"], before["c"]: before["a"]}
    resolved = warehouse.connection.execute(
        "select identity.resolve('customer', %s)", (before["c"],)
    ).fetchone()[0]
    assert resolved == before["a"]


def test_a_withdrawn_customer_is_retired_without_successor_and_comes_back(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="a1", y="b2"))
    before = warehouse.held()
    publication = warehouse.run(parts(x="a1"))
    assert warehouse.changes(publication) == {("retired", before["b"], None, 1)}
    assert warehouse.redirects() == {}
    publication = warehouse.run(parts(x="a1", y="b2"))
    assert warehouse.held() == before
    assert warehouse.changes(publication) == {("restored", before["b"], None, 1)}


def test_a_new_older_record_does_not_change_the_id(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="b5"))
    before = warehouse.held()["b"]
    warehouse.run(parts(x="b5 a1"))
    assert set(warehouse.held().values()) == {before}
    # The older record leaves with the id; the one that the id is named after needs a second id.
    warehouse.run(parts(x="a1", y="b5"))
    held = warehouse.held()
    assert held["a"] == before != held["b"]


def test_the_history_says_what_was_thought_on_each_day(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="a1", y="b2"))
    before = warehouse.held()
    warehouse.run(parts(x="a1 b2"))
    rows = warehouse.connection.execute(
        """
        select members.id, members.known_to = 'infinity', members.known_to = later.known_from
        from identity.members
        left join identity.members as later on members.member_key = later.member_key and later.known_to = 'infinity'
        where members.member_key = 'b'
        order by members.known_from
        """
    ).fetchall()
    assert rows == [(before["b"], False, True), (before["a"], True, False)]


def test_a_second_publication_of_the_same_writes_nothing(warehouse: Warehouse) -> None:
    members = parts(x="a1 b2", y="c3")
    warehouse.run(members)
    warehouse.run(parts(x="a1 b2 c3"))
    warehouse.connection.commit()
    marker = warehouse.connection.execute("select pg_current_xact_id()::text::bigint").fetchone()[0]
    warehouse.run(parts(q="a1 b2 c3"))
    for table in ("ids", "members", "redirects", "changes"):
        written = warehouse.connection.execute(
            f"select count(*) from identity.{table} where xmin::text::bigint >= %s or xmax::text::bigint >= %s",
            (marker, marker),
        ).fetchone()[0]
        assert written == 0, table


def test_a_build_that_is_not_published_leaves_no_trace(warehouse: Warehouse) -> None:
    warehouse.run(parts(x="a1", y="b2"))
    before = warehouse.held()
    abandoned = warehouse.propose(parts(x="a1 b2"))
    warehouse.connection.execute("update ops.builds set state = 'failed' where build_id = %s", (abandoned,))
    warehouse.run(parts(x="a1", y="b2", z="c3"))
    held = warehouse.held()
    assert {key: held[key] for key in before} == before
    assert warehouse.redirects() == {}


def test_a_proposal_for_another_state_is_refused(warehouse: Warehouse) -> None:
    build_id = warehouse.propose(parts(x="a1"))
    warehouse.connection.execute("update intermediate.int_id_baseline set build_id = build_id + 1")
    with pytest.raises(CercleError, match="made for another build"):
        warehouse.publish(build_id)


@pytest.mark.parametrize("seed", range(20))
def test_random_histories_follow_the_policy(warehouse: Warehouse, seed: int) -> None:
    chance = random.Random(seed)
    policy = Policy()
    keys = [chr(ord("a") + number) for number in range(chance.randint(3, 14))]
    days = {key: chance.randint(1, 6) for key in keys}
    for step in range(12):
        group_count = chance.randint(1, len(keys))
        present = [key for key in keys if chance.random() < 0.85] or keys[:1]
        if chance.random() < 0.2:
            days[chance.choice(keys)] = chance.randint(1, 6)
        members = {key: (str(chance.randrange(group_count)), days[key]) for key in present}
        publication = warehouse.run(members)
        expected = policy.publish(publication, members)
        assert warehouse.held() == expected, f"seed {seed}, step {step}"
        assert warehouse.redirects() == policy.redirects, f"seed {seed}, step {step}"
        living = set(expected.values())
        for retired, successor in warehouse.redirects().items():
            assert retired not in living, f"seed {seed}, step {step}"
            assert successor in living, f"seed {seed}, step {step}"
