"""Each role logs in over a real connection and tries to read what it must not; the catalogue is read back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from cercle import db
from cercle.errors import CercleError
from cercle.load import load_file
from cercle.privacy.roles import ROLES
from cercle.privacy.roles_check import find_faults
from cercle.privacy.roles_grants import apply_access, make_roles
from cercle.settings import Settings
from cercle.sources import Source, installed_plugins
from conftest import Answer
from projects import World, clone_world, run
from roles_support import login

NAMES = [role.name for role in ROLES]
# Roles that see no personal column of marts in clear beyond what the test names.
Connect = Callable[[str], psycopg.Connection]


@pytest.fixture(scope="module")
def pristine(world: World, make_lasting_database: Callable[..., Settings]) -> World:
    """A published world with its roles, to be copied: nobody is connected to it."""
    clone = clone_world(world, make_lasting_database)
    with db.connect(clone.settings) as connection:
        make_roles(connection)
    return clone


@pytest.fixture(scope="module")
def guarded(pristine: World, make_lasting_database: Callable[..., Settings]) -> World:
    """The same, to which the roles log in. Read it; change nothing."""
    return clone_world(pristine, make_lasting_database)


@pytest.fixture
def sandbox(pristine: World, make_database: Callable[..., Settings]) -> World:
    """The same, to be broken."""
    return clone_world(pristine, make_database)


@pytest.fixture(scope="module")
def connect(guarded: World) -> Iterator[Connect]:
    """A function that gives a connection of a member of a role; each role logs in once."""
    opened: dict[str, Any] = {}

    def give(role: str) -> psycopg.Connection:
        if role not in opened:
            context = login(guarded.settings, role)
            opened[role] = (context, psycopg.connect(context.__enter__(), autocommit=True))
        connection: psycopg.Connection = opened[role][1]
        return connection

    yield give
    for context, connection in opened.values():
        connection.close()
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def clear(guarded: World) -> set[str]:
    """Clear values: every e-mail address and number, long texts, birth dates and street lines of the world."""
    rows = guarded.rows(
        """
        select identifier_value from marts.customer_identifiers where identifier_type in ('email', 'phone')
        union
        select body from marts.interactions where length(body) > 25
        union
        select attribute_value from marts.customer_attributes
        where attribute in ('address_line', 'full_name', 'birth_date')
        """
    )
    return {value for (value,) in rows if value}


def readable(connection: psycopg.Connection, only: str = "") -> Iterator[tuple[str, str]]:
    """Yield every value that the account can read, in a schema or anywhere in the database, as text, with the place."""
    columns = connection.execute(
        """
        select pg_namespace.nspname, pg_class.relname, pg_attribute.attname
        from pg_attribute
        inner join pg_class on pg_attribute.attrelid = pg_class.oid
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_class.relkind in ('r', 'p', 'v', 'm', 'f') and pg_attribute.attnum > 0 and not attisdropped
            and pg_namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        union all
        select 'pg_catalog', relname, attname
        from pg_class
        inner join pg_attribute on pg_attribute.attrelid = pg_class.oid
        where relnamespace = 'pg_catalog'::regnamespace and attnum > 0
            and relname in ('pg_stats', 'pg_stats_ext', 'pg_statistic', 'pg_stat_activity', 'pg_prepared_statements',
                'pg_cursors', 'pg_largeobject', 'pg_stat_user_tables', 'pg_description', 'pg_constraint')
        """
    ).fetchall()
    assert len(columns) > 500
    for schema, relation, column in columns:
        if only not in ("", schema):
            continue
        try:
            found = connection.execute(
                sql.SQL("select distinct {}::text from {}").format(
                    sql.Identifier(column), sql.Identifier(schema, relation)
                )
            ).fetchall()
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFunction):
            continue
        for (value,) in found:
            if value is not None:
                yield f"{schema}.{relation}.{column}", value


# Statistics of columns that the account may read.
OWN_STATISTICS = {"pg_catalog.pg_stats.most_common_vals", "pg_catalog.pg_stats.histogram_bounds"}
CONTACT = re.compile(r"[^\s<>,;:\"'()]+@[^\s<>,;:\"'()]+|\+[0-9]{8,14}")


def leaks(connection: psycopg.Connection, clear: set[str], only: str = "") -> dict[str, set[str]]:
    """Return the clear values that the account reads, by place; contact points inside longer values too."""
    found: dict[str, set[str]] = {}
    for place, value in readable(connection, only):
        values = {value, *CONTACT.findall(value)} & clear
        if values:
            found.setdefault(place, set()).update(values)
    return found


# --- what each role reads, of everything there is ---------------------------------------------------------


def test_no_clear_value_stands_in_a_column_of_marts_that_is_not_tagged(
    guarded: World, clear: set[str]
) -> None:
    """The tags are the one place where it is said what is personal: they must be complete."""
    tagged = {
        f"marts.{relation}.{column}"
        for relation, column in guarded.rows(
            "select relation, column_name from ops.mart_columns where 'personal' = any(tags)"
        )
    }
    with psycopg.connect(guarded.settings.dsn or "") as owner:
        found = leaks(owner, clear, "marts")
    assert set(found) <= tagged <= set(found) | {"marts.interactions.subject"}


def test_the_analyst_reads_every_mart_and_no_clear_value(
    guarded: World, connect: Connect, clear: set[str]
) -> None:
    connection = connect("cercle_analyst")
    assert leaks(connection, clear) == {}
    marts = guarded.rows("select relation, exists (select from ops.mart_columns as c where c.relation = m.relation"
                         " and 'personal' = any(tags)) from ops.marts as m")  # fmt: skip
    for relation, is_personal in marts:
        view = sql.Identifier("marts", f"{relation}_masked" if is_personal else relation)
        [(seen,)] = connection.execute(
            sql.SQL("select count(*) from (select * from {}) as t").format(view)
        ).fetchall()
        assert guarded.rows(f"select count(*) from marts.{relation}") == [(seen,)]
    masked = connection.execute(
        "select distinct identifier_value from marts.customer_identifiers_masked"
    ).fetchall()
    assert masked == [("…",)]


@pytest.mark.parametrize(
    ("role", "identifier_type", "channel"),
    [("cercle_marketing_email", "email", "email"), ("cercle_marketing_sms", "phone", "sms")],
)
def test_marketing_reads_the_contact_points_that_may_be_used_and_no_other(
    guarded: World, connect: Connect, clear: set[str], role: str, identifier_type: str, channel: str
) -> None:
    # The world ended before today: a permission that has lapsed since is not to be seen either.
    allowed = guarded.rows(
        """
        select distinct identifier_value
        from marts.contactability
        inner join marts.customer_identifiers as identifiers
            on contactability.customer_id = identifiers.customer_id
            and contactability.contact_point_key = identifiers.identifier_key
        where channel = %s and purpose = 'direct_marketing' and product_family = '' and decision = 'ALLOW'
            and identifier_type = %s and coalesce(decision_valid_until > now(), true)
        """,
        channel,
        identifier_type,
    )
    found = leaks(connect(role), clear)
    assert set(found) == {"marts.customer_identifiers.identifier_value"}
    assert found["marts.customer_identifiers.identifier_value"] == {value for (value,) in allowed}
    assert 10 < len(allowed) < len(guarded.rows(
        "select distinct identifier_value from marts.customer_identifiers where identifier_type = %s", identifier_type
    ))  # fmt: skip
    channels = connect(role).execute("select distinct channel from marts.contactability").fetchall()
    assert channels == [(channel,)]


def test_the_service_desk_reads_people_and_their_words_and_nothing_else(
    connect: Connect, clear: set[str]
) -> None:
    connection = connect("cercle_service_desk")
    assert set(leaks(connection, clear)) - OWN_STATISTICS == {
        "marts.customer_identifiers.identifier_value",
        "marts.customer_attributes.attribute_value",
        "marts.interactions.body",
    }
    for relation in (
        "customer_value",
        "customer_segments",
        "customer_influence",
        "households",
        "attribution",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL("select 1 from marts.{}").format(sql.Identifier(relation)))


def test_the_loader_loads_and_reads_neither_marts_nor_permissions(
    guarded: World, sandbox: World, connect: Connect, clear: set[str]
) -> None:
    places = set(leaks(connect("cercle_loader"), clear)) - OWN_STATISTICS
    assert {place.partition(".")[0] for place in places} == {"raw", "ops"}
    with login(sandbox.settings, "cercle_loader") as dsn:
        settings = Settings(
            home=sandbox.settings.home / "loader",
            dsn=dsn,
            project_dir=sandbox.settings.project_dir,
            landing_dir=sandbox.settings.landing_dir,
            hmac_spec=sandbox.settings.hmac_spec,
        )
        path = sandbox.settings.home / "customers.csv"
        path.write_text(
            "customer_ref,updated_at,kind,email\nNEW1,2026-10-30T10:00:00Z,loyalty,new.one@exemple.fr\n",
            encoding="utf-8",
        )
        result = load_file(
            settings, Source("store", installed_plugins()["store"], "FR", "Europe/Paris"), path, "customers"
        )
    assert (result.state, result.stored_count) == ("loaded", 1), result


def test_the_officer_reads_all_and_changes_nothing(connect: Connect, clear: set[str]) -> None:
    connection = connect("cercle_dpo")
    assert {"marts.customer_identifiers.identifier_value", "raw.store__customers.email"} <= set(
        leaks(connection, clear)
    )
    assert connection.execute("select count(*) > 100 from privacy.consent_events").fetchall() == [(True,)]
    for statement in (
        "update marts.customer_360 set city = ''",
        "insert into privacy.exports (segment, channel, purpose, exported_at, is_blocked, line_count, allowed_count)"
        " values ('x', 'email', 'x', now(), false, 0, 0)",
        "delete from raw.store__customers",
        "create table marts.mine (a text)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "attempt",
    [
        "update privacy.consent_events set channel = 'sms'",
        "delete from privacy.decisions",
        "truncate privacy.ledger_heads",
        "select * from archive.accounting_rows",
        "select * from pg_authid",
        "select pg_read_file('postgresql.conf')",
        "create role mine",
        "create extension file_fdw",
        "alter table marts.customer_identifiers disable row level security",
        "drop policy cercle_marketing_email on marts.customer_identifiers",
        "grant cercle_dpo to cercle_builder",
    ],
)
def test_the_builder_fills_what_it_builds_and_neither_rewrites_nor_opens(
    connect: Connect, attempt: str
) -> None:
    connection = connect("cercle_builder")
    assert connection.execute("select count(*) > 0 from raw.store__customers").fetchall() == [(True,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(attempt.encode())


def test_an_account_without_a_role_reads_nothing(guarded: World, clear: set[str]) -> None:
    with login(guarded.settings, None) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        assert [place for place, _ in readable(connection) if not place.startswith("pg_catalog.")] == []
        assert leaks(connection, clear) == {}


# --- ways around ------------------------------------------------------------------------------------------

PERSONAL = "select max(identifier_value) from marts.customer_identifiers"
ATTEMPTS = [
    PERSONAL,
    "select * from marts.customer_identifiers",
    "select customer_identifiers from marts.customer_identifiers",
    "select body from marts.interactions",
    "select 1 from marts.customer_identifiers where identifier_value like 'a%'",
    "select 1 from marts.customer_360 join marts.customer_identifiers using (customer_id) order by identifier_value",
    "select 1 / length(identifier_value) from marts.customer_identifiers",
    "select identifier_value::integer from marts.customer_identifiers",
    "select query_to_xml('select identifier_value from marts.customer_identifiers', true, true, '')",
    "create temporary view v as select body from marts.interactions; select * from v",
    "copy (select body from marts.interactions) to stdout",
    "explain analyze select body from marts.interactions",
    "select * from privacy.consent_events",
    "select * from privacy.contact_points",
    "select * from identity.members",
    "select payload from ops.rejected_rows",
    "select normalised from ops.normalised_values",
    "select email from raw.store__customers",
    "select * from staging.stg_store__customers",
    "select * from intermediate.int_identifiers_observed",
    "select * from marts_build.customer_identifiers",
    "select * from archive.accounting_rows",
    "select identity.resolve('customer', 'c_1')",
    "select ops.as_of()",
    "select * from pg_statistic",
    "select pg_read_file('postgresql.conf')",
    "select * from pg_authid",
    "set role cercle_dpo",
    "set session authorization cercle",
    "create role mine",
    "create table marts.mine (a text)",
    "create function marts.f() returns int language sql as 'select 1'",
    "alter table marts.customer_identifiers disable row level security",
    "update marts.contactability set decision = 'ALLOW'",
    "grant select on marts.interactions to public",
    "create schema mine",
    "copy (select body from marts.interactions) to program 'cat'",
    "copy marts.customer_360 to '/tmp/cercle.csv'",
    "create temporary table t (line text); copy t from '/etc/passwd'",
    "select pg_read_binary_file('global/pg_control')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/passwd')",
    "select last_value from privacy.list_scrubs_list_scrub_id_seq",
    "select nextval('privacy.list_scrubs_list_scrub_id_seq')",
    "set session_replication_role = replica",
    "set log_statement = 'all'",
    "explain select 1 from marts.customer_identifiers where identifier_value = 'a'",
    "prepare p as select body from marts.interactions; execute p",
    "declare c cursor with hold for select body from marts.interactions",
    "do $$ begin perform body from marts.interactions; end $$",
    "select * from marts.interactions natural join marts.interactions_masked",
    "create rule r as on select to marts.orders do instead select 1",
    "create trigger t before insert on marts.orders for each row execute function suppress_redundant_updates_trigger()",
    "do $$ begin lock table marts.customer_360 in access exclusive mode; end $$",
]  # fmt: skip


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_analyst_is_refused_and_the_refusal_tells_nothing(
    connect: Connect, clear: set[str], attempt: str
) -> None:
    with pytest.raises(
        (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)
    ) as refusal:
        connect("cercle_analyst").execute(attempt.encode())
    message = f"{refusal.value} {refusal.value.diag.message_detail} {refusal.value.diag.context}"
    assert [value for value in clear if value in message] == []


@pytest.mark.parametrize(
    "role", ["cercle_marketing_email", "cercle_marketing_sms", "cercle_service_desk", "cercle_loader"]
)
@pytest.mark.parametrize(
    "attempt",
    [
        "select * from privacy.consent_events",
        "select * from privacy.decisions",
        "select * from identity.members",
        "select * from intermediate.int_identifiers_observed",
        "select * from staging.stg_store__customers",
        "select own_value_amount from marts.customer_value",
        "select * from pg_statistic",
        "set role cercle_analyst",
        "set role cercle_dpo",
        "create table marts.mine (a text)",
        "update marts.customer_360 set city = ''",
        "delete from privacy.exports",
    ],
)
def test_other_roles_are_refused(connect: Connect, role: str, attempt: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)):
        connect(role).execute(attempt.encode())


def test_rows_that_may_not_be_seen_reach_no_function_of_the_reader(guarded: World, connect: Connect) -> None:
    """A cheap function in WHERE runs before other conditions, and could tell what it saw; row security comes first."""
    connection = connect("cercle_marketing_email")
    told: list[str] = []
    connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    connection.execute(
        """
        create function pg_temp.tell(value text) returns boolean language plpgsql cost 0.0000001 as
        $$ begin raise notice '%', value; return true; end $$
        """
    )
    seen = connection.execute(
        "select identifier_value from marts.customer_identifiers where pg_temp.tell(identifier_value)"
    ).fetchall()
    assert len(told) == len(seen) > 10
    assert set(told) == {value for (value,) in seen}
    with pytest.raises(psycopg.Error) as error:
        connection.execute("select identifier_value::numeric from marts.customer_identifiers")
    assert any(value in str(error.value) for (value,) in seen)  # it fails on a row that the reader may see


def test_what_others_ask_and_the_planners_statistics_are_out_of_sight(
    guarded: World, connect: Connect, clear: set[str]
) -> None:
    secret = min(value for value in clear if CONTACT.fullmatch(value) and "@" in value)
    with psycopg.connect(guarded.settings.dsn or "", autocommit=True) as owner:
        owner.execute("analyze marts.customer_identifiers, marts.interactions, marts.customer_attributes")
        owner.execute(f"select '{secret}'".encode())
        for name in NAMES:
            others = connect(name).execute("select query from pg_stat_activity").fetchall()
            assert secret not in str(others), name
        for name in ("cercle_analyst", "cercle_marketing_email", "cercle_marketing_sms", "cercle_loader"):
            columns = (
                connect(name)
                .execute(
                    """
                select tablename || '.' || attname
                from pg_stats
                where schemaname in ('marts', 'intermediate', 'marts_build')
                    and attname in ('identifier_value', 'body', 'subject', 'attribute_value')
                """
                )
                .fetchall()
            )
            assert columns == [], name


def test_the_plan_of_a_query_does_not_tell_whether_somebody_is_there(
    guarded: World, connect: Connect
) -> None:
    """The planner's estimate for an address that the reader may not see is the one for an address that nobody has."""
    connection = connect("cercle_marketing_email")
    seen = connection.execute("select identifier_value from marts.customer_identifiers").fetchall()
    [(hidden,)] = guarded.rows(
        """
        select max(identifier_value)
        from marts.customer_identifiers
        where identifier_type = 'email' and identifier_value <> all(%s)
        """,
        [value for (value,) in seen],
    )
    explain = "explain (format json) select 1 from marts.customer_identifiers where identifier_value = "
    plans = [
        connection.execute(f"{explain} '{value}'".encode()).fetchall()[0][0][0]["Plan"]["Plan Rows"]
        for value in (hidden, "nobody@nowhere.example")
    ]
    assert plans[0] == plans[1]


def test_a_large_object_is_its_makers(guarded: World, connect: Connect) -> None:
    with psycopg.connect(guarded.settings.dsn or "", autocommit=True) as owner:
        row = owner.execute("select lo_from_bytea(0, 'secret'::bytea)").fetchone()
        assert row is not None
        for name in NAMES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connect(name).execute("select lo_get(%s)", (row[0],))
        owner.execute("select lo_unlink(%s)", (row[0],))


def test_no_function_has_its_owners_rights(guarded: World) -> None:
    assert (
        guarded.rows(
            """
        select proname from pg_proc inner join pg_namespace on pronamespace = pg_namespace.oid
        where prosecdef and nspname not like 'pg\\_%%' and nspname <> 'information_schema'
        """,
        )
        == []
    )


# --- read back --------------------------------------------------------------------------------------------

FAULTS = {
    "role cercle_analyst can read marts.interactions.body": "grant select on marts.interactions to cercle_analyst",
    "role cercle_analyst can read raw.store__customers": "grant select on raw.store__customers to public",
    "role cercle_loader can read privacy.consent_events": "grant select on privacy.consent_events to cercle_loader",
    "role cercle_marketing_sms can read marts.orders.order_id": "grant select on marts.orders to cercle_marketing_sms",
    "role cercle_service_desk cannot read marts.orders.order_id":
        "revoke select on marts.orders from cercle_service_desk",
    "row security of marts.contactability is off": "alter table marts.contactability disable row level security",
    "row rule cercle_marketing_email of marts.customer_identifiers is missing":
        "drop policy cercle_marketing_email on marts.customer_identifiers",
    "row rule cercle_marketing_sms of marts.contactability is not the one that was made":
        "alter policy cercle_marketing_sms on marts.contactability using (true)",
    "row rule wide of marts.customer_identifiers is not the one that was made":
        "create policy wide on marts.customer_identifiers for select to public using (true)",
    "mask marts.interactions_masked is missing": "drop view marts.interactions_masked",
    "mask marts.interactions_masked shows body":
        "create or replace view marts.interactions_masked as select * from marts.interactions",
    "role cercle_builder can change privacy.consent_events":
        "grant update on privacy.consent_events to cercle_builder",
    "function marts.f has its owner's rights":
        "create function marts.f() returns text language sql security definer as 'select 1::text'",
    "function public.g has its owner's rights":
        "create function public.g() returns text language sql security definer as 'select 1::text'",
    "account cercle_analyst can read through public.v what it may not read itself":
        "create view public.v as select body from marts.interactions; grant select on public.v to cercle_analyst",
    "account cercle_analyst can read through public.w what it may not read itself":
        "create view public.v as select email from raw.store__customers;"
        " create view public.w as select * from public.v; grant select on public.w to cercle_analyst",
    "account cercle_loader can read the files of the server": "grant pg_read_server_files to cercle_loader",
    "role cercle_analyst can call pg_read_file(text)": "grant execute on function pg_read_file(text) to cercle_analyst",
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_right_that_is_wrong_is_found_and_set_right(sandbox: World, fault: str) -> None:
    with db.connect(sandbox.settings) as connection:
        assert find_faults(connection) == []
        connection.commit()
        connection.execute(FAULTS[fault].encode())
        assert fault in find_faults(connection)
        if (
            fault.startswith(("function", "row rule wide", "account")) or "pg_read_file" in fault
        ):  # somebody else's: cercle does not take it away
            with pytest.raises(CercleError, match="not what may be read"):
                apply_access(connection)
        else:
            assert apply_access(connection)
            assert find_faults(connection) == []
        connection.rollback()


def test_a_publication_fails_while_a_stranger_can_read(sandbox: World) -> None:
    before = sandbox.rows("select max(publication_id) from ops.publications")
    with login(sandbox.settings, None) as dsn:
        name = conninfo_to_dict(dsn)["user"]
        with psycopg.connect(sandbox.settings.dsn or "", autocommit=True) as owner:
            owner.execute(
                sql.SQL("grant select (body) on marts.interactions to {}").format(sql.Identifier(str(name)))
            )
        with pytest.raises(CercleError, match=rf"account {name} can read marts\.interactions\.body"):
            run(sandbox.settings, as_of=sandbox.as_of)
    assert sandbox.rows("select max(publication_id) from ops.publications") == before
    assert sandbox.rows("select state from ops.builds order by build_id desc limit 1") == [("failed",)]


def test_a_publication_fails_when_a_mask_shows_or_a_rule_is_not_made(
    sandbox: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(connection: psycopg.Connection, mart: Any) -> None:
        view = sql.Identifier("marts", f"{mart.relation}_masked")
        connection.execute(
            sql.SQL("create or replace view {} as select * from marts.{}").format(
                view, sql.Identifier(mart.relation)
            )
        )
        connection.execute(sql.SQL("comment on view {} is 'Masked by cercle: not at all'").format(view))

    broken: list[tuple[str, Any, str]] = [
        ("_mask", show, "mask marts.interactions_masked shows body"),
        ("_protect_rows", lambda connection, mart: None, "row rule"),
    ]
    for function, instead, fault in broken:
        with db.connect(sandbox.settings) as connection:
            connection.execute("drop view marts.interactions_masked")
            connection.execute("drop policy cercle_analyst on marts.contactability")
            monkeypatch.setattr(f"cercle.privacy.roles_grants.{function}", instead)
            with pytest.raises(CercleError, match="not what may be read") as refusal:
                apply_access(connection)
            assert fault in str(refusal.value) or "more" in str(refusal.value)
            assert any(found.startswith(fault) for found in find_faults(connection))
            connection.rollback()
        monkeypatch.undo()


def test_without_roles_nothing_is_granted(sandbox: World) -> None:
    with db.connect(sandbox.settings) as connection:
        connection.execute("delete from ops.access_roles")
        connection.execute("drop view marts.interactions_masked")
        assert not apply_access(connection)
        connection.rollback()


def test_the_command(sandbox: World, cli: Callable[..., Answer]) -> None:
    again = cli("db", "roles", "--json", settings=sandbox.settings)
    assert (again.exit_code, again.json["made"], again.json["faults"]) == (0, [], [])
    assert sorted(again.json["roles"]) == sorted(NAMES)
    with psycopg.connect(sandbox.settings.dsn or "", autocommit=True) as owner:
        owner.execute("grant select on marts.interactions to cercle_analyst")
    check = cli("db", "roles", "--check", settings=sandbox.settings)
    assert check.exit_code == 1
    assert "role cercle_analyst can read marts.interactions.body" in check.out
    assert cli("db", "roles", settings=sandbox.settings).exit_code == 0
    assert cli("db", "roles", "--check", settings=sandbox.settings).exit_code == 0
