"""Columns that write down mailboxes and numbers in the styles of people."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.clock import Ints
from cercle.simulate.contact_points import EmailBook, PhoneBook, spell_email, spell_phone
from cercle.simulate.table import Column, Computed

__all__ = ["clean_emails", "clean_phones", "written_emails", "written_phones"]

Array = npt.NDArray[Any]


def written_emails(book: EmailBook, codes: Array, styles: Array) -> Column:
    """Return a column of mailboxes as people write them."""

    def texts(rows: Ints) -> list[str | None]:
        pairs = zip(codes[rows].tolist(), styles[rows].tolist(), strict=True)
        return [spell_email(book.addresses[code], style) if code >= 0 else None for code, style in pairs]

    return Computed(texts)


def written_phones(book: PhoneBook, codes: Array, styles: Array) -> Column:
    """Return a column of numbers as people write them."""

    def texts(rows: Ints) -> list[str | None]:
        pairs = zip(codes[rows].tolist(), styles[rows].tolist(), strict=True)
        return [spell_phone(book.numbers[code], style) if code >= 0 else None for code, style in pairs]

    return Computed(texts)


def clean_emails(book: EmailBook, codes: Array) -> Column:
    """Return a column of mailboxes as machines write them."""
    return written_emails(book, codes, np.zeros(len(codes), dtype=np.int8))


def clean_phones(book: PhoneBook, codes: Array) -> Column:
    """Return a column of numbers as machines write them, E.164."""
    return written_phones(book, codes, np.full(len(codes), 6, dtype=np.int8))
