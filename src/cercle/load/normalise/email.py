"""E-mail addresses in one spelling, with role, free, disposable and stand-in mailboxes flagged."""

from __future__ import annotations

import re

import idna

from cercle.load.normalise.mailboxes import (
    DISPOSABLE_DOMAINS,
    FREE_DOMAINS,
    ROLE_NAMES,
    STAND_IN_DOMAINS,
    STAND_IN_NAMES,
    STAND_IN_TLD,
)
from cercle.load.normalise.text import clean

__all__ = ["normalise_email"]

_LONGEST = 254  # RFC 5321
_LONGEST_LOCAL = 64
# Google folds dots and plus tags for its own domains alone; never for a company's domain that it hosts.
_GMAIL = frozenset(("gmail.com", "googlemail.com"))
_IN_BRACKETS = re.compile(r"<([^<>]*)>\s*$")
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})")
_SAME_CHARACTER = re.compile(r"(.)\1+")


def normalise_email(original: str) -> tuple[str | None, tuple[str, ...]]:
    """Return an address in its one spelling, and its flags.

    NFKC, lower case, the domain in its ASCII form (IDNA); a display name and `mailto:` are taken off; dots and plus
    tags are folded for Gmail's own domains alone.

    Args:
        original: as a person wrote it.

    Returns:
        The address, or None with the flag not_valid; flags role, free, disposable, bad (a stand-in).
    """
    text = clean(original)
    bracketed = _IN_BRACKETS.search(text)
    text = (bracketed.group(1) if bracketed else text).strip().lower()
    text = text.removeprefix("mailto:").partition("?")[0].strip(" '\"").rstrip(" .,;")
    local, separator, domain = text.rpartition("@")
    domain = _ascii_domain(domain)
    if not separator or domain is None or not _is_local(local) or len(local) + len(domain) >= _LONGEST:
        return None, ("not_valid",)
    if domain in _GMAIL:
        domain = "gmail.com"
        local = local.partition("+")[0].replace(".", "")
        if not local:
            return None, ("not_valid",)
    return f"{local}@{domain}", _flags(local, domain)


def _is_local(local: str) -> bool:
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return bool(_LOCAL.fullmatch(local)) and len(local.encode()) <= _LONGEST_LOCAL and not dots


def _ascii_domain(domain: str) -> str | None:
    domain = domain.strip(".")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    return domain if _DOMAIN.fullmatch(domain) else None


def _flags(local: str, domain: str) -> tuple[str, ...]:
    flags = []
    name = local.partition("+")[0]
    plain = name.replace(".", "").replace("-", "").replace("_", "")
    is_stand_in = domain in STAND_IN_DOMAINS or domain.endswith(STAND_IN_TLD) or plain in STAND_IN_NAMES
    if is_stand_in or _is_nobody(plain, domain):
        flags.append("bad")
    if plain in ROLE_NAMES:
        flags.append("role")
    if domain in DISPOSABLE_DOMAINS:
        flags.append("disposable")
    if domain in FREE_DOMAINS:
        flags.append("free")
    return tuple(flags)


def _is_nobody(plain: str, domain: str) -> bool:
    """Whether name and domain repeat each other as in test@test.fr, or are one letter as in xxx@xxx.com."""
    first = domain.partition(".")[0]
    is_one_letter = bool(_SAME_CHARACTER.fullmatch(plain)) and bool(_SAME_CHARACTER.fullmatch(first))
    return (plain == first and plain in ("test", "mail", "email", "aaa", "none", "nomail")) or is_one_letter
