"""The search for clear values in every spelling and place; and the terms of the archive."""

from __future__ import annotations

import psycopg
import pytest

from cercle.errors import CercleError
from cercle.privacy.purge import purge
from cercle.privacy.verify import read_needles, search_database, search_dump
from cercle.settings import Settings

VALUES = ["# of nobody", "", "email:zoé.martin@exemple.fr", "tel:06 39 98 01 23", "Zoé Martin", "C0001234"]
# Spelling -> lines of VALUES that must find it.
SPELLINGS = {
    "to: <ZOÉ.MARTIN@EXEMPLE.FR>": [3, 5],
    "0033 (0)6-39.98 01.23": [4],
    "+33639980123": [4],
    "06 39 98 01 23": [4],
    "madame ZOÉ MARTIN": [5],
    "zoé_martin": [5],
    "carte c0001234": [6],
}


@pytest.mark.parametrize(("spelling", "lines"), SPELLINGS.items())
def test_a_value_is_found_in_every_spelling(database: Settings, spelling: str, lines: list[int]) -> None:
    with psycopg.connect(database.dsn or "") as connection:
        connection.execute("create schema analysts")
        connection.execute("create table analysts.copies (said jsonb)")
        connection.execute(
            "insert into analysts.copies select jsonb_build_object('said', %s::text)", (spelling,)
        )
    needles = read_needles(VALUES)
    for found in (search_database(database, needles), search_dump(database, needles)):
        assert [(hit.relation, hit.line, hit.row_count) for hit in found] == [
            ("analysts.copies", line, 1) for line in lines
        ]


def test_statistics_and_materialized_views_are_searched(database: Settings) -> None:
    with psycopg.connect(database.dsn or "", autocommit=True) as connection:
        connection.execute(
            "create table public.people as select 'zoé.martin@exemple.fr' as email from generate_series(1, 9)"
        )
        connection.execute("create materialized view public.seen as select * from public.people")
        connection.execute("analyze public.people")
        connection.execute("delete from public.people")
    found = search_database(database, read_needles(VALUES))
    assert {(hit.relation, hit.row_count) for hit in found} == {
        ("public.seen", 9),
        ("pg_catalog.pg_stats", 1),
    }


def test_nothing_is_found_where_nothing_is(database: Settings) -> None:
    needles = read_needles(VALUES)
    assert [*search_database(database, needles), *search_dump(database, needles)] == []


def test_values_show_nowhere() -> None:
    needles = read_needles(VALUES)
    assert [needle.line for needle in needles] == [3, 4, 5, 6]
    assert "zoé" not in repr(needles).lower()
    for short in ("Li", "tel:3639"):
        with pytest.raises(CercleError, match="line 1 is too short"):
            read_needles([short])
    with pytest.raises(CercleError, match="nothing to search for"):
        read_needles(["# nothing"])


def test_the_archive_keeps_its_terms(database: Settings) -> None:
    with psycopg.connect(database.dsn or "") as connection:
        connection.execute(
            """
            with erased as (
                insert into privacy.erasures (
                    person_key, key_version, reason, erased_at, record_count, identifier_count,
                    shared_identifier_count, tombstone_count, archived_row_count
                )
                values ('p', 'k1', 'Asked for.', now(), 0, 0, 0, 0, 2)
                returning erasure_id
            )

            insert into archive.accounting_rows (erasure_id, source_name, entity, content, keep_until)
            select erasure_id, 'store', 'orders', '{}', current_date + days
            from erased
            cross join (values (-1), (0)) as terms (days)
            """
        )
    assert purge(database).expired_count == 1
    assert purge(database).expired_count == 0
