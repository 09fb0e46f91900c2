"""What ties records together: the shares of noise as they came out, and how far equal identifiers alone can reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.contact_points import BAD_EMAILS, BAD_PHONES
from cercle.simulate.people import People
from cercle.simulate.table import Table

__all__ = ["LinkBook"]

Array = npt.NDArray[Any]
_KINDS = {"email": 0, "phone": 1, "phone_2": 1, "customer": 2, "loyalty": 3, "account": 4}
_FACTS = ("has_name", "name_error", "identifier_error", "is_stale")


class LinkBook:
    """Collects which record carries which identifier, table by table."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._records = 0
        self._edges: list[tuple[Array, Array]] = []  # record, identifier
        self._person: list[Array] = []
        self._profiles: list[Array] = []
        self._facts: dict[str, list[Array]] = {name: [] for name in _FACTS}
        self._lacks: dict[str, list[Array]] = {"email": [], "phone": []}
        self._entity: list[tuple[str, int]] = []

    def add(self, table: Table, is_current: Array, is_profile: Array) -> None:
        """Take in the current rows of a table."""
        rows = np.flatnonzero(is_current & (table.person >= 0))
        carried = np.zeros(len(rows), dtype=np.int8)
        for codes in table.links.values():
            carried += codes[rows] >= 0
        profile = is_profile[rows]
        # A record with one identifier that is no profile ties nothing to anything.
        kept = profile | (carried > 1)
        rows, profile = rows[kept], profile[kept]
        number = self._records + np.arange(len(rows))
        self._records += len(rows)
        self._person.append(table.person[rows])
        self._profiles.append(profile)
        for kind, codes in table.links.items():
            chosen = codes[rows] >= 0
            self._edges.append((number[chosen], codes[rows][chosen].astype(np.int64) + (_KINDS[kind] << 33)))
        for name in _FACTS:
            facts = table.flags.get(name)
            self._facts[name].append(
                facts[rows] if facts is not None else np.zeros(len(rows), dtype=np.bool_)
            )
        nothing = np.full(len(table), -1)
        self._lacks["email"].append(table.links.get("email", nothing)[rows] < 0)
        phones = np.maximum(
            table.links.get("phone", nothing)[rows], table.links.get("phone_2", nothing)[rows]
        )
        self._lacks["phone"].append(phones < 0)
        self._entity.append((table.entity, len(rows)))

    def _finish(self) -> tuple[Array, Array, Array, Array]:
        person, profile = np.concatenate(self._person), np.concatenate(self._profiles)
        record = np.concatenate([edge[0] for edge in self._edges])
        identifier = np.concatenate([edge[1] for edge in self._edges])
        return person, profile, record, identifier

    def _bad(self) -> Array:
        """Identifiers that are nobody's: placeholders, the company's own, role mailboxes."""
        emails = [
            code for code, address in enumerate(self._people.emails.addresses)
            if address in BAD_EMAILS or address.startswith("info@")
        ]  # fmt: skip
        phones = [
            code + (1 << 33) for code, number in enumerate(self._people.phones.numbers)
            if number in BAD_PHONES or number.startswith("+33199000")
        ]  # fmt: skip
        return np.array([*emails, *phones], dtype=np.int64)

    def noise(self) -> dict[str, Any]:
        """Return the shares of noise that came out, of all profile records (the last one of all people)."""
        person, profile, record, identifier = self._finish()
        total = max(int(profile.sum()), 1)
        facts = {name: np.concatenate(parts) for name, parts in self._facts.items()}
        lacks = {name: np.concatenate(parts) for name, parts in self._lacks.items()}
        on_profile = profile[record]
        shared = _shared(person[record[on_profile]], identifier[on_profile])
        shares = np.zeros(len(person), dtype=np.bool_)
        shares[record[on_profile][shared]] = True
        split = self._split(person, profile, record, identifier)
        entities = np.repeat([name for name, _ in self._entity], [size for _, size in self._entity])
        at_shop = profile & (entities == "customers")
        return {
            "profile_records": total,
            "without_email": _share(lacks["email"] & profile, total),
            "without_phone": _share(lacks["phone"] & profile, total),
            "customers_without_email": _share(lacks["email"] & at_shop, int(at_shop.sum())),
            "customers_without_phone": _share(lacks["phone"] & at_shop, int(at_shop.sum())),
            "name_error": _share(facts["name_error"] & profile, total),
            "identifier_error": _share(facts["identifier_error"] & profile, total),
            "shared_identifier": _share(shares & profile, total),
            "changed_or_recycled": _share(facts["is_stale"] & profile, total),
            "people_without_path": round(len(split) / len(self._people), 4),
        }

    def _split(self, person: Array, profile: Array, record: Array, identifier: Array) -> Array:
        """People of whose profile records two are not joined by any chain of the person's equal identifiers."""
        label = self._components(person, record, identifier)
        pairs = np.unique(np.stack([person[profile], label[profile]], axis=1), axis=0)
        split: Array = np.flatnonzero(np.bincount(pairs[:, 0], minlength=len(self._people)) > 1)
        return split

    def _components(self, person: Array, record: Array, identifier: Array) -> Array:
        """Label records: the same label means joined within one person, placeholders left out."""
        good = ~np.isin(identifier, self._bad())
        record, identifier = record[good], identifier[good]
        pair = np.stack([person[record].astype(np.int64), identifier], axis=1)
        _, node = np.unique(pair, axis=0, return_inverse=True)
        node = node.reshape(-1)
        label = np.arange(len(person))
        while True:
            lowest = np.full(int(node.max()) + 1 if len(node) else 0, len(person))
            np.minimum.at(lowest, node, label[record])
            new = label.copy()
            np.minimum.at(new, record, lowest[node])
            if (new == label).all():
                return label
            label = new

    def ceiling(self) -> dict[str, Any]:
        """Return the pairs of profile records of one person, and the share that equal identifiers can join at best."""
        person, profile, record, identifier = self._finish()
        label = self._components(person, record, identifier)
        sizes = np.bincount(person[profile], minlength=len(self._people)).astype(np.int64)
        _, inverse = np.unique(label[profile], return_inverse=True)
        joined = np.bincount(inverse.reshape(-1)).astype(np.int64)
        pairs = int((sizes * (sizes - 1) // 2).sum())
        reachable = int((joined * (joined - 1) // 2).sum())
        return {
            "profile_records": int(profile.sum()),
            "people_with_profile": int((sizes > 0).sum()),
            "pairs": pairs,
            "pairs_with_deterministic_path": reachable,
            "recall_ceiling": round(reachable / max(pairs, 1), 4),
        }


def _shared(person: Array, identifier: Array) -> Array:
    """Which entries name an identifier that an entry of another person names too."""
    order = np.lexsort((person, identifier))
    sorted_id, sorted_person = identifier[order], person[order]
    begins = (
        np.concatenate([[True], sorted_id[1:] != sorted_id[:-1]])
        if len(order)
        else np.empty(0, dtype=np.bool_)
    )
    group = np.cumsum(begins) - 1
    changes = (
        np.concatenate([[False], (sorted_person[1:] != sorted_person[:-1]) & ~begins[1:]])
        if len(order)
        else begins
    )
    several = np.bincount(group, weights=changes) > 0 if len(order) else np.empty(0, dtype=np.bool_)
    shared = np.empty(len(order), dtype=np.bool_)
    shared[order] = several[group] if len(order) else False
    return shared


def _share(flags: Array, total: int) -> float:
    return round(int(flags.sum()) / max(total, 1), 4)
