"""Telephone numbers in E.164, by the library `phonenumbers`."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

__all__ = ["LIBRARY_VERSION", "normalise_phone"]

LIBRARY_VERSION = f"phonenumbers {phonenumbers.__version__}, cercle 1"

# libphonenumber turns letters into digits: "0199001234 poste 12" would become +331990012347678312. Off with it first.
_EXTENSION = re.compile(
    r"(?<=\d)\)?[\s,;./-]*(?:poste|post|ext(?:ension|n)?|interne?|ligne|anschluss|durchwahl|x|#|;?ext=)"
    r"[\s.:=n°o-]*\d{1,7}\s*$",
    re.I,
)
_PARAMETERS = re.compile(r";(?!ext=)[a-z0-9-]+(?:=[^;]*)?", re.I)  # of a tel: URI (RFC 3966)
_BEFORE = re.compile(r"^[^\d+(]*")
_AFTER = re.compile(r"[^\d]*$")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_LETTER = re.compile(r"[^\W\d_]")
_SAME_DIGIT = re.compile(r"(\d)\1+")
_IN_A_ROW = ("0123456789", "1234567890", "9876543210", "0102030405", "0123456788")
_TYPES = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "premium",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.VOIP: "voip",
}


def normalise_phone(original: str, region: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return a telephone number in E.164, and its flags.

    Args:
        original: as a person wrote it.
        region: ISO 3166 region of numbers without a country; None takes international numbers alone.

    Returns:
        The number, None where it cannot be one (flag not_valid). Flags: not_valid with a number (its length is right,
        its range is not given out: 06 39 98 of France, kept for made-up people), bad (a stand-in such as
        0000000000), extension (taken off), mobile, fixed, premium, toll_free, voip.
    """
    text, flags = _without_extension(unicodedata.normalize("NFKC", original))
    text = _AFTER.sub("", _BEFORE.sub("", text))
    if _LETTER.search(text):
        return None, ("not_valid", *flags)
    text = _TRUNK_ZERO.sub("", text)
    digits = re.sub(r"\D", "", text)
    if text.startswith("00") and region is None:
        text = f"+{text[2:]}"
    if _is_stand_in(digits):
        flags = ("bad", *flags)
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None, ("not_valid", *flags)
    number.extension = None
    if not phonenumbers.is_possible_number(number):
        return None, ("not_valid", *flags)
    value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if _is_stand_in(str(number.national_number)) and "bad" not in flags:
        flags = ("bad", *flags)
    return value, (*flags, *_type_flags(number, value))


def _type_flags(number: phonenumbers.PhoneNumber, value: str) -> tuple[str, ...]:
    number_type = phonenumbers.number_type(number)
    if number_type == PhoneNumberType.FIXED_LINE_OR_MOBILE:
        return ("fixed", "mobile")
    if number_type != PhoneNumberType.UNKNOWN:
        return (_TYPES[number_type],) if number_type in _TYPES else ()
    # Unknown is how the library says that a number is not valid.
    return ("not_valid", "mobile") if value.startswith(("+336", "+337")) else ("not_valid",)


def _without_extension(text: str) -> tuple[str, tuple[str, ...]]:
    text = _PARAMETERS.sub("", text)
    shorter = _EXTENSION.sub("", text)
    return (shorter, ("extension",)) if shorter != text else (text, ())


def _is_stand_in(digits: str) -> bool:
    """Whether nobody has such a number: one digit again and again (a prefix apart), or digits in a row."""
    tail = digits[-8:]
    return len(digits) >= 6 and (bool(_SAME_DIGIT.fullmatch(tail)) or digits in _IN_A_ROW)
