"""Scores pairs of descriptions with Splink: the weights of all comparisons (Fellegi and Sunter), added up in bits."""

from __future__ import annotations

import json
import logging
from functools import cache
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cercle.identity.matching.comparisons import prepare_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from splink import Linker

__all__ = ["LEVELS", "load_model", "make_linker", "model_version", "score_pairs"]

MODEL = Path(__file__).parent / "model.json"
# What a pair is told by: one comparison each.
LEVELS = ("given_name", "family_name", "birth_date", "place", "email", "phone", "card")
# A pair with less than this is of no use in any warehouse of more than a thousand people.
_LEAST_WEIGHT = 8.0
# Pairs of which a description is new, found by a key that both have.
_NEW_PAIRS = {
    "blocking_rule": "l.keys = r.keys and (l.is_new or r.is_new)",
    "arrays_to_explode": ["keys"],
}


@cache
def load_model() -> dict[str, Any]:
    """Return the trained model: version, comparisons with their weights, prior."""
    document: dict[str, Any] = json.loads(MODEL.read_text(encoding="utf-8"))
    return document


def model_version() -> str:
    """Return the version of the model, which scores are kept for."""
    return str(load_model()["version"])


def make_linker(connection: duckdb.DuckDBPyConnection, relation: str, model: dict[str, Any]) -> Linker:
    """Return Splink's linker over descriptions in DuckDB.

    Args:
        connection: to DuckDB.
        relation: with the columns of int_people_compared, and is_new.
        model: as `load_model`; comparisons without weights can be trained.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator

    logging.getLogger("splink").setLevel(logging.ERROR)
    connection.execute("set lambda_syntax = 'ENABLE_SINGLE_ARROW'").fetchall()
    connection.execute(f"create or replace table prepared as {prepare_sql(relation)}").fetchall()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="row_id",
        comparisons=model["comparisons"],
        blocking_rules_to_generate_predictions=[_NEW_PAIRS],
        probability_two_random_records_match=model["prior"],
        retain_intermediate_calculation_columns=True,
        retain_matching_columns=True,
    )
    return Linker(DuckDBAPI(connection).register("prepared"), settings, log_level=None)


def score_pairs(descriptions: pa.Table, least_weight: float = _LEAST_WEIGHT) -> pa.Table:
    """Score the pairs of descriptions that have a key in common, at least one of them new.

    Args:
        descriptions: the columns of int_people_compared, and is_new.
        least_weight: pairs with less are left out; in bits, without any prior.

    Returns:
        One row per pair: left_description_key, right_description_key, the level of each comparison (null: not
        known), match_weight.
    """
    import duckdb

    model = load_model()
    prior_bits = log2(model["prior"] / (1 - model["prior"]))
    with duckdb.connect() as connection:
        connection.register("descriptions", descriptions)
        linker = make_linker(connection, "(select *, description_key as row_id from descriptions)", model)
        predicted = linker.inference.predict(
            threshold_match_weight=least_weight + prior_bits, warning_mode="never"
        )
        levels = ",\n".join(_level_sql(comparison) for comparison in model["comparisons"])
        return connection.sql(f"""
            select
                row_id_l as left_description_key,
                row_id_r as right_description_key,
                {levels},
                match_weight - ({prior_bits}) as match_weight
            from {predicted.physical_name}
        """).to_arrow_table()


def _level_sql(comparison: dict[str, Any]) -> str:
    """The label of the level that Splink found; it numbers the levels from the last one up, and -1 is not known."""
    name = comparison["output_column_name"]
    labels = [
        level["label_for_charts"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    ]
    cases = " ".join(f"when {number} then '{label}'" for number, label in enumerate(reversed(labels)))
    return f"case gamma_{name} {cases} end as {name}_level"
