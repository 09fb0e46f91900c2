"""Scored matching: descriptions of people that are spelled differently are compared by Splink, on DuckDB, in memory.

dbt makes the descriptions (int_people_compared) and decides by the scores (int_pairs_matched); this lies between.
"""

from __future__ import annotations

from cercle.identity.matching.delivery import (
    DESCRIPTIONS,
    Scoring,
    deliver_scores,
    is_matching_on,
    is_scoring_due,
    keep_scores,
)

__all__ = ["DESCRIPTIONS", "Scoring", "deliver_scores", "is_matching_on", "is_scoring_due", "keep_scores"]
