"""Names, towns, addresses, postal codes and handles in one spelling."""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "clean",
    "fold",
    "normalise_address",
    "normalise_city",
    "normalise_handle",
    "normalise_name",
    "normalise_postcode",
]

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_NO_LETTERS = re.compile(r"[^\w]+|_+")
# Letters that Unicode does not take apart.
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_STAND_IN_NAMES = frozenset(
    "test|tests|essai|inconnu|inconnue|unknown|anonyme|anonymous|n a|na|nc|n c|neant|none|null|nom|prenom|xx|xxx|xxxx|"
    "client|cliente|customer|name|azerty|qwerty|asdf|aucun".split("|")
)
_STREET_WORDS = {
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "blvd": "boulevard",
    "boul": "boulevard",
    "pl": "place",
    "ch": "chemin",
    "chem": "chemin",
    "che": "chemin",
    "imp": "impasse",
    "all": "allee",
    "rte": "route",
    "sq": "square",
    "fg": "faubourg",
    "fbg": "faubourg",
    "res": "residence",
    "bat": "batiment",
    "apt": "appartement",
    "appt": "appartement",
    "st": "saint",
    "ste": "sainte",
    "crs": "cours",
    "qu": "quai",
    "lot": "lotissement",
    "rd": "road",
}
_CITY_WORDS = {"st": "saint", "ste": "sainte", "s": "sur"}
_CITY_TAIL = re.compile(r"\s+(cedex(\s+\d+)?|\d{1,2}\s*(e|er|eme)?(\s+arrondissement)?)$")
_NUMBER_LETTER = re.compile(r"^(\d+)\s*(bis|ter|quater|[a-d])\b")
_HANDLE_URL = re.compile(
    r"^(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/(?:@|in/|user/|channel/|c/)?([^/?#]+).*$", re.I
)


def clean(text: str) -> str:
    """Return text in NFKC without invisible characters, blanks squeezed to one, none at the ends."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split())


def fold(text: str) -> str:
    """Return text in lower case without accents; all that is no letter or digit becomes one blank."""
    decomposed = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text).casefold()).translate(_LETTERS)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NO_LETTERS.sub(" ", plain).strip()


def normalise_name(original: str) -> tuple[str | None, tuple[str, ...]]:
    """Fold a person's name: Jean-François, JEAN FRANCOIS and jean françois are one."""
    value = fold(original)
    if not any(char.isalpha() for char in value):
        return None, ("not_valid",)
    return value, ("bad",) if value in _STAND_IN_NAMES else ()


def normalise_city(original: str) -> tuple[str | None, tuple[str, ...]]:
    """Fold a town: St Étienne is saint etienne, Paris 15e and Lyon Cedex 03 are paris and lyon."""
    words = fold(original).split()
    value = _CITY_TAIL.sub("", " ".join(_CITY_WORDS.get(word, word) for word in words))
    return (value, ()) if any(char.isalpha() for char in value) else (None, ("not_valid",))


def normalise_address(original: str) -> str | None:
    """Fold street and number, the usual French short forms written out: 12bis, av. -> 12 bis avenue."""
    text = _NUMBER_LETTER.sub(r"\1 \2", fold(original))
    return " ".join(_STREET_WORDS.get(word, word) for word in text.split()) or None


def normalise_postcode(original: str) -> tuple[str | None, tuple[str, ...]]:
    """Return a postal code without blanks and country prefix, in capitals; a leading zero is never invented."""
    value = re.sub(r"[\s.-]+", "", clean(original).upper())
    value = re.sub(r"^(?:F|FR|D|DE|B|BE|L|CH|E|ES|I|IT)(?=\d{4,5}$)", "", value)
    is_code = value.isalnum() and any(char.isdigit() for char in value) and len(value) <= 10
    if not is_code:
        return None, ("not_valid",)
    return value, ("bad",) if set(value) <= {"0"} else ()


def normalise_handle(original: str) -> tuple[str | None, tuple[str, ...]]:
    """Return a public handle in lower case, without @ and without the network's address before it."""
    value = clean(original)
    value = _HANDLE_URL.sub(r"\1", value).lstrip("@").lower()
    return (value, ()) if value and " " not in value else (None, ("not_valid",))
