"""Tombstones: what keeps an erased person's rows from coming back with an old file, in any spelling (rule R12).

A tombstone is a pseudonym under the version of the secret that was current at the erasure. A value is compared under
every version that has tombstones, in the forms of `spelling_forms`, so that neither spelling nor key rotation helps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql

from cercle.errors import CercleError
from cercle.privacy.pseudonyms import PseudonymKey

__all__ = ["TombstoneIndex", "spelling_forms"]

_NOT_DIALLED = re.compile(r"[^0-9+]")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")


def spelling_forms(kind: str, value: str, region: str = "FR") -> list[str]:
    """Return the forms under which a value is compared with tombstones, without duplicates.

    Unicode NFKC and trimming; lower case for e-mail; for telephone numbers digits alone, 00 for +, without the
    trunk zero, national or in brackets.

    Args:
        kind: email, tel, addr or social.
        value: as written.
        region: country of numbers without a country code.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "email":
        # Invisible characters and spaces inside are no part of an address.
        text = "".join(character for character in text if not _is_invisible(character)).lower()
        return [text] if text else []
    if kind == "tel":
        return _phone_forms(text, region)
    folded = " ".join(text.lower().split())
    return [folded] if folded else []


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cf", "Cc"}


def _phone_forms(text: str, region: str) -> list[str]:
    text = "".join(str(unicodedata.digit(character, character)) for character in text)
    number = _NOT_DIALLED.sub("", _TRUNK_ZERO.sub("", text))
    # A plus sign anywhere but at the head is noise.
    number = number[:1] + number[1:].replace("+", "")
    code = _country_code(region)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if number.startswith("0"):
        number = f"+{code}{number[1:]}"
    if number.startswith(f"+{code}0"):
        number = f"+{code}{number[len(code) + 2 :]}"
    if not number.strip("+"):
        return []
    # Nine national digits, or a country code without its plus sign.
    return [number] if number.startswith("+") else [f"+{number}", f"+{code}{number}"]


@lru_cache(maxsize=64)
def _country_code(region: str) -> str:
    import phonenumbers

    return str(phonenumbers.country_code_for_region(region) or 33)


class TombstoneIndex:
    """The tombstones of a database, in memory: one per erased identifier, so they are few.

    Args:
        keys: versions of the secret. A tombstone under a version that is not given cannot be recognised.
        tombstones: (key version, kind, value key) -> when the person was erased, the latest.
    """

    def __init__(
        self, keys: Iterable[PseudonymKey], tombstones: Mapping[tuple[str, str, str], datetime]
    ) -> None:
        self._erased_at = dict(tombstones)
        versions = {version for version, _, _ in tombstones}
        self._keys = [key for key in keys if key.version in versions]
        self._kinds = {kind for _, kind, _ in tombstones}
        self.unknown_versions = versions - {key.version for key in self._keys}

    @classmethod
    def load(
        cls, connection: psycopg.Connection, keys: Iterable[PseudonymKey], schema: str = "privacy"
    ) -> TombstoneIndex:
        """Read the tombstones of a database."""
        rows = connection.execute(
            sql.SQL(
                "select key_version, kind, value_key, max(erased_at) from {}.tombstones group by 1, 2, 3"
            ).format(sql.Identifier(schema))
        ).fetchall()
        return cls(
            keys, {(version, kind, value_key): erased_at for version, kind, value_key, erased_at in rows}
        )

    @classmethod
    def of_clear_values(
        cls, keys: Iterable[PseudonymKey], tombstones: Iterable[Mapping[str, Any]]
    ) -> TombstoneIndex:
        """Make tombstones from clear values, as an erasure does; each has key_version, kind, value and erased_at.

        Args:
            keys: versions of the secret.
            tombstones: the identifiers of erased persons.
        """
        keys = list(keys)
        by_version = {key.version: key for key in keys}
        erased: dict[tuple[str, str, str], datetime] = {}
        for tombstone in tombstones:
            key, kind = by_version.get(tombstone["key_version"]), tombstone["kind"]
            if key is None:
                raise CercleError(
                    f"There is no secret of version {tombstone['key_version']!r} for a tombstone"
                )
            moment = tombstone["erased_at"]
            moment = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
            for form in spelling_forms(kind, tombstone["value"]):
                place = (key.version, kind, key.of(kind, form))
                erased[place] = max(moment, erased.get(place, moment))
        return cls(keys, erased)

    def __bool__(self) -> bool:
        """Whether there is any tombstone: without one, nothing needs to be compared."""
        return bool(self._erased_at)

    def erased_at(self, kind: str, value: str | None, region: str = "FR") -> datetime | None:
        """Return when the holder of this identifier was erased, None where nobody was.

        Args:
            kind: email, tel, addr or social.
            value: as written.
            region: country of telephone numbers without a country code.
        """
        if value is None or kind not in self._kinds:
            return None
        found = [
            erased_at
            for form in spelling_forms(kind, value, region)
            for key in self._keys
            if (erased_at := self._erased_at.get((key.version, kind, key.of(kind, form)))) is not None
        ]
        return max(found, default=None)

    def is_suppressed(
        self,
        identifiers: Iterable[tuple[str, str | None]],
        occurred_at: datetime | None,
        is_collected_from_subject: bool,
        region: str = "FR",
    ) -> bool:
        """Tell whether a row must be dropped (R12).

        It is dropped when any of its identifiers matches a tombstone, unless it dates from after the erasure and
        was collected from the person.
        """
        erased = [moment for kind, value in identifiers if (moment := self.erased_at(kind, value, region))]
        if not erased:
            return False
        is_new = occurred_at is not None and occurred_at > max(erased) and is_collected_from_subject
        return not is_new
