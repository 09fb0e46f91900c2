"""Operators of the daily round of requests and of upkeep. What they hand on are counts alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cercle.airflow.operators import CercleOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from cercle.settings import Settings

__all__ = [
    "AnswerStopsOperator",
    "ApplyRetentionOperator",
    "CheckDeadlinesOperator",
    "KeepFiguresOperator",
    "KeepUpOperator",
    "PurgeOperator",
]


class AnswerStopsOperator(CercleOperator):
    """Let objections and withdrawals take effect that need no judgement."""

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return how many took effect, and how many a person has to look at."""
        from cercle.privacy.standing_requests import answer_stops

        return asdict(answer_stops(settings))


class CheckDeadlinesOperator(CercleOperator):
    """Fail while a request is late, or will soon be: the failure is the alert.

    Args:
        days: how many days ahead to look.
    """

    def __init__(self, *, days: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.days = days

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return how many requests wait."""
        from cercle.errors import EXIT_DIFFERENCE, CercleError
        from cercle.privacy.standing_requests import read_deadlines

        found = read_deadlines(settings, self.days)
        if found.late_count or found.soon_count:
            raise CercleError(
                f"{found.late_count} requests of persons are late, {found.soon_count} end within {self.days} days",
                where=", ".join(found.next_keys[:5]),
                remedy="`cercle privacy requests` lists them; answer them, or extend them",
                exit_code=EXIT_DIFFERENCE,
            )
        return {"open_count": found.open_count}


class ApplyRetentionOperator(CercleOperator):
    """Delete refused rows and delivered files that are older than the house's rules allow."""

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return how many of each."""
        from datetime import UTC, datetime

        from cercle.privacy.retention import apply_retention

        return asdict(apply_retention(settings, datetime.now(UTC)))


class PurgeOperator(CercleOperator):
    """Rewrite the tables that erasures touched, and delete accounting rows whose term has run out."""

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return how many of each."""
        from cercle.privacy.purge import purge

        done = purge(settings)
        return {"rewritten_count": len(done.rewrites), "expired_count": done.expired_count}


class KeepUpOperator(CercleOperator):
    """Give dead rows back, and make statistics anew, where enough has changed."""

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return the number of tables; their names are in the log."""
        from cercle.upkeep import keep_up

        done = keep_up(settings)
        for work, relations in (("Vacuumed", done.vacuumed), ("Analyzed", done.analyzed)):
            if relations:
                self.log.info("%s: %s", work, ", ".join(relations))
        return {"vacuumed_count": len(done.vacuumed), "analyzed_count": len(done.analyzed)}


class KeepFiguresOperator(CercleOperator):
    """Keep the figures of today, also on a day without a publication."""

    def run_step(self, settings: Settings, context: Context) -> None:
        """Hand on nothing: BI reads privacy.consent_daily and privacy.requests_daily."""
        from datetime import UTC, datetime

        from cercle import db
        from cercle.privacy.daily_figures import keep_daily_figures

        with db.connect(settings) as connection:
            keep_daily_figures(connection, datetime.now(UTC))
