"""Brings descriptions out of the warehouse to the scoring, and the scores back, where they changed."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from cercle.identity.matching.comparisons import LISTS
from cercle.identity.matching.scoring import LEVELS, model_version, score_pairs
from cercle.project import project_variable
from cercle.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "DESCRIPTIONS",
    "Scoring",
    "deliver_scores",
    "is_matching_on",
    "is_scoring_due",
    "keep_scores",
    "read_descriptions",
]

DESCRIPTIONS = "int_people_compared"
_SCORED, _PAIRS = "intermediate.int_people_scored", "intermediate.int_pairs_scored"
_COLUMNS = (
    "left_description_key",
    "right_description_key",
    *(f"{name}_level" for name in LEVELS),
    "match_weight",
)

_TEXTS = ("description_key", "given_name", "family_name", *LISTS)
_OUT = f"""
    copy (
        select
            {", ".join(_TEXTS)}, given_name_rarity, family_name_rarity,
            description_key not in (select scored.description_key from {_SCORED} as scored) as is_new
        from (select distinct on (description_key) * from intermediate.{DESCRIPTIONS}) as compared
    ) to stdout (format csv, header)
"""
_OUT_OF = f"""
    copy (
        select {", ".join(_TEXTS)}, given_name_rarity, family_name_rarity, true as is_new
        from intermediate.{DESCRIPTIONS}
        where component_key = any(%s)
    ) to stdout (format csv, header)
"""


_FORGET = (
    f"""
    delete from {_PAIRS}
    where
        left_description_key not in (select compared.description_key from intermediate.{DESCRIPTIONS} as compared)
        or right_description_key not in (select compared.description_key from intermediate.{DESCRIPTIONS} as compared)
    """,
    f"""
    delete from {_SCORED}
    where description_key not in (select compared.description_key from intermediate.{DESCRIPTIONS} as compared)
    """,
)


@dataclass(frozen=True)
class Scoring:
    """What a scoring did.

    Attributes:
        description_count: descriptions that there are.
        new_count: those that had no scores yet.
        pair_count: pairs that are kept.
    """

    description_count: int
    new_count: int
    pair_count: int


def is_matching_on(settings: Settings) -> bool:
    """Whether the project wants scored matching and its libraries are installed (extra `matching`)."""
    wanted = (project_variable(settings, "cercle_matching") or {}).get("is_on", False)
    return bool(wanted) and all(importlib.util.find_spec(name) for name in ("duckdb", "pyarrow", "splink"))


def is_scoring_due(connection: psycopg.Connection[Any], build_id: int) -> bool:
    """Whether clusters or names can differ from those that the last publication's scores were made from.

    They cannot where the build has no new load, makes nothing anew, no steward's decision began or ended since, and
    no erasure emptied the tables.
    """
    row = connection.execute(
        """
        select
            builds.is_full_refresh
            or exists (select from ops.new_loads)
            or obj_description(to_regclass(%(pairs)s), 'pg_class')
                is distinct from 'delivered for build ' || published_build.build_id || ' by model ' || %(version)s
            or exists (
                select
                from identity.overrides
                where
                    greatest(made_at, revoked_at) > published_build.published_at
                    or (valid_until > published_build.as_of and valid_until <= builds.as_of)
            )
        from ops.builds
        left join ops.published_build on true
        where builds.build_id = %(build_id)s
        """,
        {"pairs": _PAIRS, "version": model_version(), "build_id": build_id},
    ).fetchone()
    if row is None or row[0] is not False:
        return True
    row = connection.execute(f"select not exists (select from {_SCORED})".encode()).fetchone()
    return bool(row and row[0])


def keep_scores(connection: psycopg.Connection[Any], build_id: int) -> None:
    """Let the scores that stand hold for this build too.

    Args:
        connection: commits are the caller's.
        build_id: the running build.
    """
    for relation in (_SCORED, _PAIRS):
        comment = f"delivered for build {build_id} by model {model_version()}"
        connection.execute(f"comment on table {relation} is '{comment}'".encode())


def deliver_scores(connection: psycopg.Connection[Any], build_id: int) -> Scoring:
    """Score the pairs in which a description is new, and forget those of descriptions that are gone.

    The score of a pair depends on its two descriptions and the model alone: what is kept is what would be found.

    Args:
        connection: commits are the caller's.
        build_id: the running build, whose descriptions stand.
    """
    _make_tables(connection)
    descriptions = _read(connection, _OUT)
    new_count = sum(descriptions.column("is_new").to_pylist())
    for statement in _FORGET:
        connection.execute(statement.encode())
    if new_count:
        _write(connection, descriptions)
    connection.execute(f"analyze {_SCORED}, {_PAIRS}".encode())
    keep_scores(connection, build_id)
    row = connection.execute(f"select count(*) from {_PAIRS}".encode()).fetchone()
    return Scoring(descriptions.num_rows, new_count, row[0] if row else 0)


def _make_tables(connection: psycopg.Connection[Any]) -> None:
    """Make the tables that the step fills; scores of another model are worth nothing."""
    row = connection.execute(
        "select obj_description(to_regclass(%s), 'pg_class') like %s",
        (_PAIRS, f"% by model {model_version()}"),
    ).fetchone()
    if row and row[0]:
        return
    levels = "".join(f"{name}_level text, " for name in LEVELS)
    for relation, columns in (
        (_SCORED, "description_key uuid"),
        (
            _PAIRS,
            f"left_description_key uuid, right_description_key uuid, {levels}match_weight double precision",
        ),
    ):
        connection.execute(f"drop table if exists {relation} cascade".encode())
        connection.execute(f"create table {relation} ({columns})".encode())


def read_descriptions(connection: psycopg.Connection[Any], component_keys: list[str]) -> pa.Table:
    """Return the descriptions of some clusters, as if all were new.

    Args:
        connection: to a warehouse with int_people_compared.
        component_keys: of the clusters.
    """
    return _read(connection, _OUT_OF, (component_keys,))


def _read(connection: psycopg.Connection[Any], statement: str, values: tuple[object, ...] = ()) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    with io.BytesIO() as buffer:
        with connection.cursor() as cursor, cursor.copy(statement.encode(), values or None) as copy:
            for block in copy:
                buffer.write(block)
        buffer.seek(0)
        types = {name: pa.string() for name in _TEXTS}
        types |= {"given_name_rarity": pa.int32(), "family_name_rarity": pa.int32(), "is_new": pa.bool_()}
        options = csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
        )
        return csv.read_csv(buffer, convert_options=options)


def _write(connection: psycopg.Connection[Any], descriptions: pa.Table) -> None:
    from pyarrow import csv

    pairs = score_pairs(descriptions).select(list(_COLUMNS))
    with io.BytesIO() as buffer:
        csv.write_csv(pairs, buffer, csv.WriteOptions(include_header=False))
        statement = f"copy {_PAIRS} ({', '.join(_COLUMNS)}) from stdin (format csv)"
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(buffer.getvalue())
    connection.execute(
        f"""
        insert into {_SCORED} (description_key)
        select compared.description_key
        from intermediate.{DESCRIPTIONS} as compared
        except
        select scored.description_key
        from {_SCORED} as scored
        """.encode()
    )
