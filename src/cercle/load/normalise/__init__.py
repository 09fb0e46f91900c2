"""Normalisers: one spelling for each e-mail address, telephone number, name and address, and its pseudonym.

Each distinct original value passes here once; the result is kept in ops.normalised_values. The original stays in raw.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cercle.load.normalise.email import normalise_email
from cercle.load.normalise.phone import LIBRARY_VERSION as PHONE_VERSION
from cercle.load.normalise.phone import normalise_phone
from cercle.load.normalise.text import (
    clean,
    normalise_address,
    normalise_city,
    normalise_handle,
    normalise_name,
    normalise_postcode,
)

__all__ = ["CONTACT_KINDS", "VALUE_TYPES", "Normalised", "normalise", "value_key"]

RULES_VERSION = "cercle 1"  # raise it when a rule here changes a result
CONTACT_KINDS = ("email", "tel", "addr", "social")


@dataclass(frozen=True)
class Normalised:
    """A value in its one spelling.

    Attributes:
        value: None where the original cannot be a value of its type.
        flags: bad (a stand-in such as 0000000000 or test@test.fr), not_valid, role, disposable, free, extension,
            mobile, fixed, premium, toll_free, voip.
        kind: of contact point (email, tel, addr, social); None for types that are none.
        key_text: what the pseudonym covers; None where there is none.
        library_version: of what normalised it.
    """

    value: str | None
    flags: tuple[str, ...] = ()
    kind: str | None = None
    key_text: str | None = None
    library_version: str = RULES_VERSION


def normalise(value_type: str, original: str, region: str | None = None) -> Normalised:
    """Bring a value to its one spelling.

    Args:
        value_type: one of VALUE_TYPES.
        original: as it stands in raw.
        region: ISO 3166 region of telephone numbers without a country.

    Returns:
        Never raises for whatever text: what cannot be read has the value None.

    Raises:
        KeyError: there is no such type.
    """
    return _NORMALISERS[value_type](original, region)


def value_key(secret: bytes, kind: str, key_text: str) -> str:
    """Return the pseudonym of a contact point: HMAC-SHA256(secret, kind, unit separator, value), hexadecimal."""
    return hmac.digest(secret, f"{kind}\x1f{key_text}".encode(), "sha256").hex()


def _email(original: str, region: str | None) -> Normalised:
    value, flags = normalise_email(original)
    return Normalised(value, flags, "email", value)


def _phone(original: str, region: str | None) -> Normalised:
    value, flags = normalise_phone(original, region)
    return Normalised(value, flags, "tel", value, PHONE_VERSION)


def _address(original: str, region: str | None) -> Normalised:
    value = normalise_address(original)
    return Normalised(value, (), "addr", value)


def _account(original: str, region: str | None) -> Normalised:
    value = clean(original) or None
    return Normalised(value, (), "social", value)


def _contact_point(original: str, region: str | None) -> Normalised:
    """kind:value, as consent events write it; the pseudonym is that of the value itself."""
    kind, separator, rest = clean(original).partition(":")
    kind = kind.strip().lower()
    if not separator or kind not in CONTACT_KINDS:
        return Normalised(None, ("not_valid",))
    inner = _OF_KIND[kind](rest, region)
    value = None if inner.value is None else f"{kind}:{inner.value}"
    return Normalised(value, inner.flags, kind, inner.value, inner.library_version)


def _plain(
    rule: Callable[[str], tuple[str | None, tuple[str, ...]]],
) -> Callable[[str, str | None], Normalised]:
    def apply(original: str, region: str | None) -> Normalised:
        value, flags = rule(original)
        return Normalised(value, flags)

    return apply


_OF_KIND: Mapping[str, Callable[[str, str | None], Normalised]] = {
    "email": _email,
    "tel": _phone,
    "addr": _address,
    "social": _account,
}
_NORMALISERS: Mapping[str, Callable[[str, str | None], Normalised]] = {
    "email": _email,
    "phone": _phone,
    "handle": _plain(normalise_handle),
    "account_ref": _account,
    "given_name": _plain(normalise_name),
    "family_name": _plain(normalise_name),
    "full_name": _plain(normalise_name),
    "city": _plain(normalise_city),
    "postal_address": _address,
    "postcode": _plain(normalise_postcode),
    "contact_point": _contact_point,
}
VALUE_TYPES = tuple(_NORMALISERS)
