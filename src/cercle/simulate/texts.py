"""Puts sentences together: what was written or said in a step, and what the truth says about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate import texts_en, texts_es, texts_fr
from cercle.simulate.chatter import ADVICE, PICK_UP, REACTION, RETURN
from cercle.simulate.clock import Ints
from cercle.simulate.names import CITIES
from cercle.simulate.scripts import ROLES, TOPICS, Channel
from cercle.simulate.shop import PRODUCTS
from cercle.simulate.spelling import without_accents
from cercle.simulate.steps import Steps

__all__ = ["Speech"]

Array = npt.NDArray[Any]
_LANGUAGES = (texts_fr, texts_en, texts_es)
_SMS_WORDS = (
    ("bonjour", "bjr"),
    ("s'il vous plaît", "svp"),
    ("toujours", "tjs"),
    ("pourquoi", "pk"),
    ("merci", "mrc"),
)


class Speech:
    """Texts of steps, made for the rows asked for and always the same for the same step."""

    def __init__(self, steps: Steps, serials: Array, seed: int) -> None:
        self.steps, self.serials, self.seed = steps, serials, seed

    def _draws(self, rows: Ints) -> tuple[Ints, list[int]]:
        """Return serials, and a number per step that a hash makes: no stream, so that rows can come in any order."""
        serials = self.serials[rows].astype(np.uint64)
        mixed = serials * np.uint64(0x9E3779B97F4A7C15) + np.uint64(self.seed % 2**63)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        return self.serials[rows], (mixed >> np.uint64(4)).tolist()

    def _facts(self, serials: Ints) -> list[tuple[int, ...]]:
        fields = ("role", "topic", "language", "channel", "is_company", "kind", "order")
        return list(zip(*(self.steps[field][serials].tolist() for field in fields), strict=True))

    def bodies(self, rows: Ints) -> list[str | None]:
        """Return the texts of these rows; None for a reaction without words."""
        serials, draws = self._draws(rows)
        return [_body(fact, draw) for fact, draw in zip(self._facts(serials), draws, strict=True)]

    def subjects(self, rows: Ints) -> list[str | None]:
        """Return the subject lines of these rows."""
        serials, draws = self._draws(rows)
        return [_subject(fact, draw) for fact, draw in zip(self._facts(serials), draws, strict=True)]


_VISITS = {ADVICE: "advice", PICK_UP: "pick_up", RETURN: "return"}


def _company_role(role: str, channel: int) -> str:
    if role == "notice":
        return "notice_SMS" if channel == Channel.SMS else "notice_MAIL"
    return "company_ask" if role == "ask" else role


def _body(fact: tuple[int, ...], draw: int) -> str | None:
    role_code, topic, language, channel, is_company, kind, order = fact
    role = ROLES[role_code]
    words = _LANGUAGES[language]
    if channel <= Channel.DIRECT and kind == REACTION:
        return None
    visit = _VISITS.get(kind) if channel == Channel.DESK else None
    if visit or is_company:
        return _fill(_pick(words.GENERAL[visit or _company_role(role, channel)], draw), draw, order)
    name = TOPICS[topic].name
    is_own = role == "open" or (role == "angry" and name == "campaign")
    pool = words.OPEN[name] if is_own else words.GENERAL[role]
    core = _fill(_pick(pool, draw), draw, order)
    if channel == Channel.PUBLIC:
        text = core if draw % 3 else f"@maisonclaire {core}"
    else:
        text = _pick(words.GREETINGS, draw // 11) + core + _pick(words.SIGNATURES, draw // 7)
    return _styled(text, draw % 23, channel, role)


def _styled(text: str, style: int, channel: int, role: str) -> str:
    """Shouting, no accents, short words, a line break, a sign: as people write."""
    is_short = channel in (Channel.SMS, Channel.CHAT, Channel.DIRECT, Channel.PUBLIC)
    if style == 0:
        text = text.upper()
    elif style in (1, 2, 3):
        text = without_accents(text).lower()
    elif style == 4 and is_short:
        text = text.lower()
        for word, short in _SMS_WORDS:
            text = text.replace(word, short)
    elif style in (5, 6) and channel in (Channel.MAIL, Channel.FORM, Channel.LETTER):
        text = text.replace(", ", ",\n", 1)
    elif style == 7 and is_short and channel != Channel.SMS:
        text += " 🙏" if role in {"thanks", "open"} else " 😡"
    return text[:1].upper() + text[1:]


def _subject(fact: tuple[int, ...], draw: int) -> str | None:
    role_code, topic, language, _channel, is_company, _kind, order = fact
    subjects = _LANGUAGES[language].SUBJECTS
    if ROLES[role_code] == "notice" or topic < 0:
        return _fill(_pick(subjects["notice"], draw), draw, order)
    subject = _fill(_pick(subjects[TOPICS[topic].name], draw), draw, order)
    return f"Re: {subject}" if is_company or ROLES[role_code] != "open" else subject


def _pick(pool: list[str], draw: int) -> str:
    return pool[(draw // 5) % len(pool)]


def _fill(text: str, draw: int, order: int) -> str:
    if "{" not in text:
        return text
    return (
        text.replace("{product}", PRODUCTS[(draw // 13) % len(PRODUCTS)][1])
        .replace("{city}", CITIES[(draw // 17) % 12][0])
        .replace("{order}", f"CM{max(order, 0):08d}")
    )
