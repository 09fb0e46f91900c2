"""Erasure in what dbt and publication made: rows by whose they are, tables that every build makes anew at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from cercle.errors import CercleError
from cercle.load.rules import identifier
from cercle.privacy.erasure_catalog import Target
from cercle.privacy.erasure_references import Gone, clear_references, delete_noting, foreign_keys

__all__ = ["RelationCount", "delete_targets", "empty_tables"]

_KEYS = {
    "customer": "select customer_id from erased_customers",
    "identity": "select customer_id from erased_customers union all select value from erased_identifiers",
    "record": "select record_key from erased_records",
    "order": "select substr(record_key, 8) from erased_records where record_key like 'orders:%'",
}


@dataclass(frozen=True)
class RelationCount:
    """What an erasure did in a relation.

    Attributes:
        action: as in privacy.erasure_relations.
        before: rows that held the person; of an emptied table all rows, as the planner estimates them.
        after: rows that still do, counted again.
    """

    relation: str
    action: str
    before: int
    after: int


def delete_targets(connection: psycopg.Connection, targets: Sequence[Target]) -> list[RelationCount]:
    """Delete the person's rows of each table, by customer, record or order; then what refers to them in others' rows.

    Args:
        connection: with erased_customers and erased_records.
        targets: of the catalogue.

    Raises:
        CercleError: rows are left.
    """
    # As parameters the planner sees how few they are, and takes an index where there is one.
    keys = {kind: [row[0] for row in connection.execute(query).fetchall()] for kind, query in _KEYS.items()}
    references, gone = foreign_keys(connection), Gone()
    counts = []
    for target in targets:
        table = identifier(*target.relation.split(".", 1))
        condition = " or ".join(
            f"{identifier(name)} = any(%({kind})s)" for name, kind in sorted(target.handles.items())
        )
        values = {kind: keys[kind] for kind in set(target.handles.values())}
        deleted = delete_noting(connection, references, gone, target.relation, condition, values)
        left = connection.execute(
            f"select count(*) from {table} where {condition}".encode(), values
        ).fetchone()
        after = int(left[0]) if left else 0
        if after:
            raise CercleError(f"{after} rows of the person are left", where=target.relation)
        if deleted:
            counts.append(RelationCount(target.relation, "deleted", deleted, 0))
    cleared = clear_references(connection, references, gone)
    counts += [RelationCount(relation, action, count, 0) for (relation, action), count in cleared.items()]
    return counts


def empty_tables(connection: psycopg.Connection, relations: Sequence[str]) -> list[RelationCount]:
    """Truncate the tables that every build makes anew; their files are gone at commit, dead copies and all."""
    counts = []
    for relation in relations:
        table = identifier(*relation.split(".", 1))
        # The planner's count: a hundred million rows are not read to be thrown away.
        row = connection.execute(
            f"select exists (select from {table}), greatest(reltuples, 1)::bigint "
            "from pg_class where oid = to_regclass(%s)".encode(),
            (relation,),
        ).fetchone()
        if row is not None and row[0]:
            counts.append(RelationCount(relation, "emptied", int(row[1]), 0))
    if counts:
        tables = ", ".join(identifier(*count.relation.split(".", 1)) for count in counts)
        connection.execute(f"truncate {tables}".encode())
    return counts
