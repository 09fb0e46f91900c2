"""Identifiers as people without the right to see them may read them."""

from __future__ import annotations

__all__ = ["masked"]


def masked(identifier_type: str, value: str | None) -> str | None:
    """Return a value that can be recognised by who knows it, and not read by who does not.

    Args:
        identifier_type: email, phone, customer_ref, …
        value: in clear; None stays None.

    Returns:
        The first letter and the domain's ending of an e-mail address; the country code and last two digits of a
        number; the source (or network) and last two characters of anything else.
    """
    if value is None:
        return None
    if identifier_type == "email":
        local, _, domain = value.partition("@")
        return f"{local[:1]}…@{domain[:1]}….{domain.rpartition('.')[2]}"
    if identifier_type == "phone":
        return f"{value[:3]} … {value[-2:]}"
    prefix, separator, rest = value.partition(":")
    return f"{prefix}:…{rest[-2:]}" if separator else f"…{value[-2:]}"
