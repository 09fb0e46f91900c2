"""The end screen shows whole numbers at every width, and a customer's page masks what it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cercle.report import Figures, show
from cercle.report.customer import _months, masked
from cercle.settings import Settings


def figures(**changes: Any) -> Figures:
    mart = {"relation": "customer_identifiers", "row_count": 1_231_041}
    values: dict[str, Any] = {
        "publication": {"publication_id": 7, "as_of": datetime(2026, 10, 31, tzinfo=UTC)},
        "marts": [{**mart, "inserted_count": 1_258, "updated_count": 21_590, "deleted_count": 350}],
        "loads": {
            f"{name}_count": number
            for name, number in (
                ("file", 15),
                ("refused", 1),
                ("read", 4_389_001),
                ("stored", 4_210_002),
                ("known", 3),
                ("rejected", 4),
                ("suppressed", 5),
                ("all_stored", 6),
                ("all_rejected", 7),
            )
        },
        "rejected": [
            {"source": "store", "entity": "orders", "reason_code": "missing_value", "row_count": 18}
        ],
        "checks": [
            {"border": "raw", "severity": "critical", "outcome": "passed", "result_count": 512},
            {"border": "raw", "severity": "warning", "outcome": "failed", "result_count": 2},
            {"border": "marts", "severity": "critical", "outcome": "broken", "result_count": 1},
        ],
        "warnings": [
            {
                "border": "raw",
                "suite": "raw.every_load",
                "severity": "warning",
                "outcome": "failed",
                "message": "A rule [of some kind] does not hold.",
                "source": "store",
                "entity": "orders",
                "result_count": 2,
            }
        ],
        "kept_out": [
            {
                "load_id": 9,
                "source": "store",
                "entity": "orders",
                "state": "quarantined",
                "state_reason": "Half.",
            }
        ],
        "steps": [],
    }
    return Figures(**{**values, **changes})


@pytest.mark.parametrize("width", [80, 96, 108])
def test_every_number_is_shown_whole(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    show(
        figures(),
        [("load", 12.34), ("publish", 1.0)],
        [("SQL", "psql")],
        {"precision": 0.9963, "recall": 0.91},
        width,
    )
    out = capsys.readouterr().out
    for text in (
        "1,231,041",
        "+1,258 ~21,590 -350",
        "4,389,001",
        "0.9963",
        "0.9100",
        "12.3",
        "13.3",
        "missing value",
    ):
        assert text in out, text
    assert "512 of 514 passed" in out
    assert "2 warnings" in out
    assert "1 broken" in out
    assert "A rule [of some kind] does not hold. (2×)" in " ".join(out.split())
    assert "load 9 of store.orders is kept out: Half." in " ".join(out.split())
    assert "…" not in out
    assert max(len(line) for line in out.splitlines()) <= width


def test_the_first_publication_shows_no_changes(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"relation": "orders", "row_count": 5, "inserted_count": 5, "updated_count": 0, "deleted_count": 0}
    show(figures(marts=[row]), [], [], None, 108)
    out = capsys.readouterr().out
    assert "+5" not in out
    assert "precision" not in out


def test_without_a_publication_the_screen_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show(figures(publication=None, marts=[]), [], [], None, 80)
    assert "nothing is published" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("email", "marie.durand@exemple.fr", "m…@exemple.fr"),
        ("phone", "+33612345678", "+33 … 78"),
        ("phone", "0612", "…"),
        ("handle", "x:mariedurand", "x:ma…"),
        ("loyalty_id", "store:1234", "store:…"),
        ("email", None, "…"),
    ],
)
def test_identifiers_are_masked(kind: str, value: str | None, shown: str) -> None:
    assert masked(kind, value) == shown


def test_months_run_to_the_last_contact_and_over_a_new_year() -> None:
    moments = [datetime(2025, 11, 30, 23, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    assert _months(moments) == [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)]
    assert len(_months([datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])) == 24
    assert _months([]) == []


def test_the_page_of_operations_is_written_before_the_first_run(
    database: Settings, cli: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "operations.html"
    answer = cli("status", "--html", str(file), settings=database)
    assert answer.exit_code == 0
    assert str(file) in answer.out
    page = file.read_text(encoding="utf-8")
    for label in ("Exploitation", "Operations", "Rien · Nothing"):
        assert label in page
    assert "http" not in page
