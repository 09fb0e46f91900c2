"""Trains the model of scored matching on simulated worlds that no figure is reported on, and writes it down.

    .venv/bin/python benchmarks/train_matching.py --version 1

The weights: how often true pairs that the rules had not joined show each level (m), and how often any two people do
(u). What no simulated world has (a wrong digit in a date of birth or a card) has a share that is stated here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
from bench_database import bench_database
from identity_sets import resolve, simulated

from cercle import db
from cercle.identity.evaluate import read_truth
from cercle.identity.matching.comparisons import LISTS, comparisons
from cercle.identity.matching.scoring import MODEL, make_linker
from cercle.settings import Settings

WORLDS = ((101, 1.0), (102, 2.0))
PRIOR = 0.0001
# Shares of true pairs that a level has at least.
LEAST = {
    ("birth_date", "a slip"): 0.03,
    ("birth_date", "two parts same"): 0.01,
    ("birth_date", "different"): 0.01,
    ("place", "alike address"): 0.05,
    ("place", "a slip in the postcode"): 0.02,
    ("card", "a slip"): 0.05,
}
_LEAST_OTHER = 0.002
# A mailbox is often made from the name: two people of one name have alike ones so many times as often as any two.
_NAMED_MAILBOXES = 16
_COLUMNS = ("component_key", "description_key", "given_name", "family_name", *LISTS)
_RARITIES = ("given_name_rarity", "family_name_rarity")


def main() -> None:
    """Make the worlds, train, and write the model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", required=True, help="of the model; a new one whenever a weight changes")
    parser.add_argument("--customers", type=int, default=2000)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for seed, noise in WORLDS:
        with bench_database("training") as database:
            settings = replace(database, landing_dir=database.home / "world" / "landing")
            labelled = simulated(arguments.customers, seed, noise)
            labelled.land(settings)
            resolve(settings, with_scores=False)
            truth = read_truth(settings.landing_dir.parent / "truth", profiles_only=False)
            rows += described(settings, truth, seed)
    model = trained(rows, arguments.version)
    MODEL.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    print(f"{MODEL}: version {model['version']}", file=sys.stderr)


def described(settings: Settings, truth: Mapping[str, str], seed: int) -> list[dict[str, Any]]:
    """Return the descriptions of a world, each with the person that most records of its cluster are of."""
    with db.connect(settings) as connection:
        clusters = dict(
            connection.execute(
                "select record_key, component_key from intermediate.int_clusters_settled"
            ).fetchall()
        )
        columns = (*_COLUMNS, *_RARITIES)
        found = connection.execute(
            f"select {', '.join(columns)} from intermediate.int_people_compared".encode()
        ).fetchall()
    people: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for record, person in truth.items():
        people[clusters.get(record, record)][person] += 1
    rows = []
    for values in found:
        row = {
            name: str(value) if name == "description_key" else None if value == "" else value
            for name, value in zip(columns, values, strict=True)
        }
        person = people[row["component_key"]].most_common(1)
        row["person"] = f"{seed} {person[0][0]}" if person else None
        rows.append(row | {"row_id": f"{seed} {len(rows)}", "is_new": True})
    return rows


def trained(rows: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """Return the model that these descriptions teach.

    Args:
        rows: as `described`.
        version: the model's name.
    """
    texts = [(name, pa.string()) for name in (*_COLUMNS, "person", "row_id")]
    schema = pa.schema([*texts, *((name, pa.int32()) for name in _RARITIES), ("is_new", pa.bool_())])
    with duckdb.connect() as connection:
        connection.register("descriptions", pa.Table.from_pylist(rows, schema=schema))
        linker = make_linker(connection, "descriptions", {"comparisons": comparisons(), "prior": PRIOR})
        linker.training.estimate_u_using_random_sampling(max_pairs=400_000, seed=1)
        connection.execute("""
            create table labels as
            select
                lefts.row_id as row_id_l, rights.row_id as row_id_r,
                'prepared' as source_dataset_l, 'prepared' as source_dataset_r
            from prepared as lefts
            inner join prepared as rights
                on lefts.person = rights.person and lefts.component_key < rights.component_key
        """).fetchall()
        linker.training.estimate_m_from_pairwise_labels("labels")
        found = linker.misc.save_model_to_json()["comparisons"]
    for comparison in found:
        _complete(comparison)
    return {"version": version, "prior": PRIOR, "comparisons": found}


def _complete(comparison: dict[str, Any]) -> None:
    """Give every level weights, where none were met and where two comparisons see one thing."""
    name = comparison["output_column_name"]
    levels = {
        level["label_for_charts"]: level
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    }
    for label, level in levels.items():
        level["m_probability"] = max(level.get("m_probability") or 0, LEAST.get((name, label), _LEAST_OTHER))
        level["u_probability"] = max(level.get("u_probability") or 0, 1e-6)
    for label, level in levels.items():
        if label.startswith("swapped"):  # both names see it: it costs once
            as_well = levels["alike" if label.endswith("alike") else "same"]
            level["u_probability"] = as_well["u_probability"]
            if name == "family_name":
                level["m_probability"] = as_well["m_probability"]
    if name == "email":
        levels["a slip"]["u_probability"] *= _NAMED_MAILBOXES
        levels["same before the @"]["m_probability"] = levels["same before the @"]["u_probability"]


if __name__ == "__main__":
    main()
