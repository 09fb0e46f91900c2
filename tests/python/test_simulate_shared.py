"""The register full of shared values: the same bytes each time, and the shares that its docstring speaks of."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

from cercle.identity.evaluate import read_truth
from cercle.simulate.contact_points import BAD_EMAILS, BAD_PHONES
from cercle.simulate.shared_values import SharedWorld, simulate_shared

RECORDS = 6000


def register(folder: Path, seed: int = 3) -> tuple[list[dict[str, str]], dict[str, str]]:
    simulate_shared(SharedWorld(RECORDS, seed, folder / "landing", folder / "truth", desks=5, boxes=3))
    [path] = (folder / "landing" / "store" / "customers").iterdir()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), read_truth(folder / "truth")


def test_the_same_seed_gives_the_same_register(tmp_path: Path) -> None:
    assert register(tmp_path / "one") == register(tmp_path / "other")
    assert register(tmp_path / "one")[0] != register(tmp_path / "third", seed=4)[0]


def test_every_record_is_of_a_person_and_values_are_shared(tmp_path: Path) -> None:
    rows, truth = register(tmp_path)
    assert set(truth) == {f"customers:store:{row['customer_ref']}" for row in rows}
    people: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for value in filter(None, (row["email"], row["phone"], row["loyalty_id"])):
            people[value].add(truth[f"customers:store:{row['customer_ref']}"])
    counts = Counter(
        kind
        for row in rows
        for kind, is_it in (
            ("desk", row["phone"].startswith("+3319900")),
            ("box", row["email"].startswith("info@")),
            ("placeholder", row["email"] in BAD_EMAILS or row["phone"] in BAD_PHONES),
            ("home", row["phone"].startswith("+33") and not row["phone"].startswith("+33199000")),
        )
        if is_it
    )
    for kind, share in {"desk": 0.05, "box": 0.03, "placeholder": 0.06, "home": 0.10}.items():
        assert abs(counts[kind] / RECORDS - share) < 0.02, kind
    assert min(len(found) for value, found in people.items() if value.startswith(("info@", "+33199000"))) > 20
    own = [found for value, found in people.items() if value[:2] == "29" or value.endswith("@orange.example")]
    assert all(len(found) == 1 for found in own)
