"""How conversations go: topics, scripts of steps, and how fast each channel answers. Data, no code that draws."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CHANNELS",
    "COMPLAINTS",
    "ROLES",
    "SCRIPTS",
    "TOPICS",
    "Channel",
    "Script",
    "Step",
    "Topic",
]


class Channel:
    """Codes of the channels that carry steps."""

    PUBLIC, DIRECT, MAIL, CALL, FORM, CHAT, FAX, LETTER, APP, AUTHORITY, SMS, DESK = range(12)


CHANNELS = (
    "social",
    "social",
    "email",
    "phone",
    "web_form",
    "chat",
    "fax",
    "letter",
    "mobile_app",
    "authority",
    "sms",
    "store",
)


@dataclass(frozen=True)
class Topic:
    """What a conversation is about. `intent` is complaint, question, request or praise; the shares are of all cases."""

    name: str
    intent: str
    with_order: float
    without_order: float


TOPICS: tuple[Topic, ...] = (
    Topic("delivery", "complaint", 0.34, 0.0),
    Topic("product_defect", "complaint", 0.17, 0.0),
    Topic("refund", "complaint", 0.14, 0.02),
    Topic("invoice", "question", 0.12, 0.03),
    Topic("stock", "question", 0.0, 0.24),
    Topic("loyalty_points", "question", 0.03, 0.16),
    Topic("opening_hours", "question", 0.0, 0.12),
    Topic("tablet_app", "request", 0.0, 0.09),
    Topic("account_access", "question", 0.04, 0.12),
    Topic("store_service", "complaint", 0.05, 0.10),
    Topic("praise", "praise", 0.06, 0.06),
    Topic("campaign", "complaint", 0.0, 0.0),
    Topic("personal_data", "question", 0.0, 0.04),
    Topic("price", "complaint", 0.05, 0.04),
)
COMPLAINTS = tuple(index for index, topic in enumerate(TOPICS) if topic.intent == "complaint")
ROLES = (
    "open",
    "chase",
    "follow_up",
    "thanks",
    "angry",
    "ack",
    "reply",
    "ask",
    "close",
    "notice",
    "post",
    "offer",
    "reopen",
    "echo",
    "echo",
)


@dataclass(frozen=True)
class Step:
    """One step of a script.

    Attributes:
        channel: where.
        who: c for the customer, b for the company.
        role: one of ROLES.
        gap: minutes (median) after the step before, for the customer; the company's speed comes from `Channel`.
        chance: share of conversations that have the step.
        when: `*` always, `a` only where the company answers, `l` only where it is late or silent, `n` where silent.
        follows: whether the step happens only where the one before did.
    """

    channel: int
    who: str
    role: str
    gap: float = 0
    chance: float = 1.0
    when: str = "*"
    follows: bool = False


@dataclass(frozen=True)
class Script:
    """A way that a conversation goes.

    Attributes:
        name: for the truth.
        weights: by age of the customer: up to 30, to 50, above.
        needs: e(mail), p(hone number), h(as a telephone), s(ocial account), r(ecord with the shop), a(pplication),
            o(rder), c(omplaint).
        steps: in order.
    """

    name: str
    weights: tuple[float, float, float]
    needs: str
    steps: tuple[Step, ...]


_C = Channel
SCRIPTS: tuple[Script, ...] = (
    Script("mail", (6, 11, 11), "e", (
        Step(_C.MAIL, "c", "open"), Step(_C.MAIL, "b", "ack", 1, 0.5), Step(_C.MAIL, "b", "reply", when="a"),
        Step(_C.MAIL, "c", "chase", 4000, 0.6, "l"), Step(_C.MAIL, "c", "follow_up", 300, 0.3, "a"),
        Step(_C.MAIL, "b", "close", chance=0.8, when="a"), Step(_C.MAIL, "c", "thanks", 200, 0.35, "a"),
        Step(_C.MAIL, "c", "reopen", 11000, 0.1, "a"), Step(_C.MAIL, "b", "close", when="a", follows=True))),
    Script("mail_then_call", (2, 4, 5), "eh", (
        Step(_C.MAIL, "c", "open"), Step(_C.MAIL, "b", "ack", 1, 0.6), Step(_C.CALL, "c", "chase", 3000),
        Step(_C.MAIL, "b", "close", chance=0.7, when="a"))),
    Script("mail_then_public", (4, 3, 1), "esc", (
        Step(_C.MAIL, "c", "open"), Step(_C.MAIL, "b", "ack", 1, 0.6), Step(_C.PUBLIC, "c", "angry", 3500),
        Step(_C.PUBLIC, "b", "ask", when="a"), Step(_C.DIRECT, "c", "follow_up", 60, 0.8, "a"),
        Step(_C.DIRECT, "b", "reply", when="a"), Step(_C.DIRECT, "c", "thanks", 60, 0.4, "a"))),
    Script("form", (5, 6, 5), "e", (
        Step(_C.FORM, "c", "open"), Step(_C.MAIL, "b", "ack", 1, 0.7), Step(_C.MAIL, "b", "reply", when="a"),
        Step(_C.FORM, "c", "chase", 5000, 0.4, "l"), Step(_C.MAIL, "c", "thanks", 300, 0.3, "a"))),
    Script("form_then_call", (1, 2, 3), "p", (
        Step(_C.FORM, "c", "open"), Step(_C.CALL, "b", "reply", when="a"), Step(_C.CALL, "c", "chase", 3000,
        0.6, "n"))),
    Script("chat", (7, 5, 1.5), "", (
        Step(_C.CHAT, "c", "open"), Step(_C.CHAT, "b", "reply", when="a"), Step(_C.CHAT, "c", "follow_up", 2, 0.6, "a"),
        Step(_C.CHAT, "b", "close", chance=0.7, when="a"), Step(_C.CHAT, "c", "thanks", 1, 0.4, "a"))),
    Script("chat_then_mail", (2, 2, 0.5), "e", (
        Step(_C.CHAT, "c", "open"), Step(_C.CHAT, "b", "ask", when="a"), Step(_C.MAIL, "c", "follow_up", 400),
        Step(_C.MAIL, "b", "reply", when="a"))),
    Script("call", (4, 9, 15), "h", (
        Step(_C.CALL, "c", "open"), Step(_C.CALL, "c", "follow_up", 4000, 0.12, "a"), Step(_C.CALL, "c",
        "chase", 60, 0.6, "n"),
        Step(_C.CALL, "c", "reopen", 14000, 0.07, "a"))),
    Script("call_then_mail", (2, 4, 4), "he", (
        Step(_C.CALL, "c", "open"), Step(_C.MAIL, "b", "reply", when="a"), Step(_C.MAIL, "c", "follow_up", 500,
        0.4, "a"),
        Step(_C.MAIL, "b", "close", chance=0.6, when="a"))),
    Script("callback", (1.5, 2.5, 3), "p", (
        Step(_C.FORM, "c", "ask", 0), Step(_C.CALL, "b", "reply", when="a"), Step(_C.FORM, "c", "chase", 3000,
        0.3, "n"))),
    Script("public", (8, 5, 1.2), "s", (
        Step(_C.PUBLIC, "c", "open"), Step(_C.PUBLIC, "b", "ask", when="a"), Step(_C.DIRECT, "c", "follow_up",
        45, 0.7, "a"),
        Step(_C.DIRECT, "b", "reply", chance=0.9, when="a"), Step(_C.PUBLIC, "c", "chase", 2500, 0.4, "l"),
        Step(_C.DIRECT, "c", "thanks", 30, 0.4, "a"))),
    Script("direct", (9, 5, 1.5), "s", (
        Step(_C.DIRECT, "c", "open"), Step(_C.DIRECT, "b", "reply", when="a"), Step(_C.DIRECT, "c", "follow_up",
        50, 0.4, "a"),
        Step(_C.DIRECT, "b", "close", chance=0.6, when="a"), Step(_C.DIRECT, "c", "chase", 1500, 0.5, "n"),
        Step(_C.DIRECT, "c", "reopen", 9000, 0.08, "a"), Step(_C.DIRECT, "b", "close", when="a", follows=True))),
    Script("public_then_authority", (0.6, 0.6, 0.5), "sc", (
        Step(_C.PUBLIC, "c", "angry"), Step(_C.PUBLIC, "b", "ask", when="a"), Step(_C.PUBLIC, "c", "chase", 4000, 0.8),
        Step(_C.AUTHORITY, "c", "angry", 15000), Step(_C.AUTHORITY, "b", "reply", when="a"))),
    Script("authority", (0.1, 0.3, 0.5), "c", (
        Step(_C.LETTER, "c", "open"), Step(_C.AUTHORITY, "c", "angry", 20000, 0.9, "l"), Step(_C.LETTER, "b",
        "reply", when="a"))),
    Script("letter", (0.2, 0.8, 3), "", (
        Step(_C.LETTER, "c", "open"), Step(_C.LETTER, "b", "reply", when="a"), Step(_C.CALL, "c", "chase",
        12000, 0.3, "l"))),
    Script("fax", (0.05, 0.3, 1), "p", (
        Step(_C.FAX, "c", "open"), Step(_C.CALL, "b", "reply", when="a"), Step(_C.FAX, "c", "chase", 8000, 0.3, "l"))),
    Script("app", (8, 6, 1.5), "ra", (
        Step(_C.APP, "c", "open"), Step(_C.APP, "b", "reply", when="a"), Step(_C.APP, "c", "follow_up", 300, 0.3, "a"),
        Step(_C.APP, "b", "close", chance=0.7, when="a"))),
    Script("sms", (1.5, 1, 0.5), "p", (
        Step(_C.SMS, "c", "open"), Step(_C.SMS, "b", "reply", when="a"), Step(_C.SMS, "c", "thanks", 30, 0.3, "a"))),
    Script("desk", (5, 7, 10), "r", (
        Step(_C.DESK, "c", "open"), Step(_C.DESK, "c", "follow_up", 6000, 0.15, "a"))),
    Script("desk_then_call", (1, 2, 3), "rh", (
        Step(_C.DESK, "c", "open"), Step(_C.CALL, "b", "reply", when="a"), Step(_C.CALL, "c", "chase", 4000,
        0.5, "l"))),
    Script("call_then_desk", (1, 2, 3), "rh", (
        Step(_C.CALL, "c", "open"), Step(_C.DESK, "c", "follow_up", 3500), Step(_C.MAIL, "b", "close",
        chance=0.5, when="a"))),
)  # fmt: skip
