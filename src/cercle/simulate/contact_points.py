"""Telephone numbers and mailboxes that belong to nobody: allocation, spelling, typing errors.

Numbers come only from the six ranges that ARCEP sets aside for fiction, 10,000 each. They stay unique to the person
that the plan gives them to, so a large world has people without a number (docs/simulator.md says why). Mailboxes are
in `.example` and the other names that RFC 2606 reserves.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "BAD_EMAILS",
    "BAD_PHONES",
    "FIXED_RANGES",
    "MOBILE_RANGE",
    "PROVIDERS",
    "EmailBook",
    "PhoneBook",
    "company_number",
    "slug",
    "spell_email",
    "spell_phone",
]

MOBILE_RANGE = "63998"
FIXED_RANGES = ("19900", "26191", "35301", "46571", "53649")
# The first thousand of 01 99 00 are the company's: call centre, shops' desks.
_COMPANY_NUMBERS = 1000
# Above this share of a range, a mistyped digit nearly always is someone else's number.
_FULL = 0.8

PROVIDERS: tuple[tuple[str, int], ...] = (
    ("orange.example", 22),
    ("free.example", 16),
    ("gmail.example", 26),
    ("hotmail.example", 10),
    ("laposte.example", 8),
    ("sfr.example", 6),
    ("wanadoo.example", 6),
    ("outlook.example", 6),
    ("yahoo.example", 5),
    ("icloud.example", 4),
    ("bbox.example", 3),
    ("example.org", 1),
    ("example.net", 1),
)
# What people and tills write when they have or want to give nothing.
BAD_EMAILS = (
    "test@test.test",
    "aucun@aucun.invalid",
    "nc@nc.invalid",
    "client@example.com",
    "pasdemail@example.com",
)
BAD_PHONES = ("0000000000", "9999999999", "1111111111", "00 00 00 00 00")


@lru_cache(maxsize=8192)
def slug(name: str) -> str:
    """Return a name as it stands in a mailbox: no accents, no signs, lower case."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i"))
    return "".join(letter for letter in plain.lower() if letter.isalnum() and letter.isascii())


def company_number(index: int) -> str:
    """Return the company's own number of this index, E.164."""
    return f"+3319900{index % _COMPANY_NUMBERS:04d}"


class PhoneBook:
    """All numbers of the world; a code is the position of a number.

    Attributes:
        numbers: E.164, or the spelling of a placeholder.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.numbers: list[str] = []
        self._codes: dict[str, int] = {}
        self._mobiles = [
            f"+33{MOBILE_RANGE}{tail:04d}" for tail in rng.permutation(10_000)[: int(10_000 * _FULL)]
        ]
        fixed = [
            f"+33{prefix}{tail:04d}"
            for prefix in FIXED_RANGES
            for tail in range(_COMPANY_NUMBERS if prefix == FIXED_RANGES[0] else 0, 10_000)
        ]
        order = rng.permutation(len(fixed))[: int(len(fixed) * _FULL)]
        self._fixed = [fixed[index] for index in order]

    def code(self, number: str) -> int:
        """Return the code of a number, a new one where it is not known yet."""
        if number not in self._codes:
            self._codes[number] = len(self.numbers)
            self.numbers.append(number)
        return self._codes[number]

    def allocate(self, count: int, *, is_mobile: bool) -> npt.NDArray[np.int32]:
        """Give out numbers that nobody has; -1 when the ranges are used up.

        Args:
            count: how many.
            is_mobile: mobile ones first, and fixed ones when these are used up.
        """
        given = np.full(count, -1, dtype=np.int32)
        for index in range(count):
            if is_mobile and self._mobiles:
                given[index] = self.code(self._mobiles.pop())
            elif self._fixed:
                given[index] = self.code(self._fixed.pop())
            else:
                break
        return given

    def mistype(self, rng: np.random.Generator, code: int) -> int:
        """Return the code of the number with one slip of the finger in the last four digits, or with one missing."""
        number = self.numbers[code]
        position = len(number) - 4 + int(rng.integers(0, 4))
        slip = int(rng.integers(0, 3))
        if slip == 0:
            return self.code(number[:position] + number[position + 1 :])
        if slip == 1 and position + 1 < len(number) and number[position] != number[position + 1]:
            swapped = number[position + 1] + number[position]
            return self.code(number[:position] + swapped + number[position + 2 :])
        digit = (int(number[position]) + int(rng.integers(1, 10))) % 10
        return self.code(f"{number[:position]}{digit}{number[position + 1 :]}")

    def is_mobile(self, codes: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Return which codes are mobile numbers."""
        flags = np.array([number.startswith(f"+33{MOBILE_RANGE}") for number in self.numbers] + [False])
        mobiles: npt.NDArray[np.bool_] = flags[codes]
        return mobiles


class EmailBook:
    """All mailboxes of the world; a code is the position of an address."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, address: str) -> int:
        """Return the code of an address, a new one where it is not known yet."""
        if address not in self._codes:
            self._codes[address] = len(self.addresses)
            self.addresses.append(address)
        return self._codes[address]

    def open(self, local: str, domain: str, birth_year: int) -> int:
        """Open a mailbox that nobody has: the wished name, else with the year of birth, else with a number."""
        address = f"{local}@{domain}"
        suffix = birth_year % 100
        while address in self._codes:
            address = f"{local}{suffix:02d}@{domain}"
            suffix += 1 if suffix != birth_year % 100 else 100
        return self.code(address)

    def mistype(self, rng: np.random.Generator, code: int) -> int:
        """Return the code of the address with one slip in the part before the @ (the domain stays a reserved one)."""
        local, _, domain = self.addresses[code].partition("@")
        position = int(rng.integers(0, max(len(local) - 1, 1)))
        slip = int(rng.integers(0, 4))
        if slip == 0 and len(local) > 3:
            local = local[:position] + local[position + 1 :]
        elif slip == 1 and len(local) > 3 and local[position] != local[position + 1]:
            local = local[:position] + local[position + 1] + local[position] + local[position + 2 :]
        elif slip == 2:
            local = local[:position] + local[position] + local[position:]
        else:
            letter = "abcdefghijklmnopqrstuvwxyz"[int(rng.integers(0, 26))]
            local = local[:position] + letter + local[position + 1 :]
        return self.code(f"{local.strip('.') or 'a'}@{domain}")


def spell_phone(number: str, style: int) -> str:
    """Write a number as people do: 0 national in pairs, 1 digits, 2 points, 3 +33, 4 0033, 5 +33 (0), 6 E.164."""
    if not number.startswith("+33") or style == 6:
        return number
    digits = number[3:]
    pairs = [digits[index : index + 2] for index in range(1, len(digits), 2)]
    return (
        " ".join([f"0{digits[0]}", *pairs]),
        f"0{digits}",
        ".".join([f"0{digits[0]}", *pairs]),
        f"+33 {digits[0]} {' '.join(pairs)}",
        f"0033{digits}",
        f"+33 (0){digits[0]} {' '.join(pairs)}",
    )[style]


def spell_email(address: str, style: int) -> str:
    """Write an address as people do: 0 as it is, 1 with capitals, 2 all capitals, 3 with a space behind."""
    if style == 1:
        return (
            ".".join(part.capitalize() for part in address.partition("@")[0].split("."))
            + "@"
            + address.partition("@")[2]
        )
    if style == 2:
        return address.upper()
    return f"{address} " if style == 3 else address
