"""Mails as they come: broken headers, odd encodings, reports without what they should have."""

from __future__ import annotations

import io
from typing import Any

import pytest

from cercle.sources import BadRow, ParseContext
from cercle.vendors.mailbox import parser

CONTEXT = ParseContext("messages.mbox", "FR", "Europe/Paris")
MAIL = """\
Message-ID: <a@exemple.fr>
Date: Mon, 10 Mar 2025 09:00:00 +0100
From: Ana <ana@exemple.fr>
To: Bob <bob@exemple.fr>, Cam <cam@exemple.fr>
Subject: Bonjour

Bonjour.
"""


def messages(text: str | bytes) -> list[Any]:
    content = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return list(parser.messages(io.BytesIO(content), CONTEXT))


def message(text: str) -> dict[str, Any]:
    [(line, row)] = messages(text)
    assert line == 1
    return row  # type: ignore[no-any-return]


def test_a_message_is_read() -> None:
    row = message(MAIL)
    assert (row["from_name"], row["from_address"], row["to_name"], row["to_address"]) == (
        "Ana",
        "ana@exemple.fr",
        "Bob",
        "bob@exemple.fr",
    )
    assert (row["thread_id"], row["in_reply_to"], row["sent_at"]) == (
        "<a@exemple.fr>",
        None,
        "2025-03-10T09:00:00+01:00",
    )
    assert (row["is_received"], row["is_automatic"], row["is_bulk"], row["body"]) == (
        False,
        False,
        False,
        "Bonjour.",
    )


CHANGES = {
    "no date, but the last server's": (
        "Date: Mon, 10 Mar 2025 09:00:00 +0100",
        "Received: from a by b; Mon, 10 Mar 2025 09:00:01 +0100",
        ("sent_at", "2025-03-10T09:00:01+01:00"),
    ),
    "no readable date": ("Date: Mon, 10 Mar 2025 09:00:00 +0100", "Date: hier", ("sent_at", None)),
    "a date without a zone": ("09:00:00 +0100", "09:00:00", ("sent_at", "2025-03-10T09:00:00+00:00")),
    "an encoded name": ("From: Ana", "From: =?utf-8?q?Zo=C3=A9?=", ("from_name", "Zoé")),
    "an encoding that does not exist": (
        "From: Ana",
        "From: =?martian?q?Zo=C3?=",
        ("from_name", "=?martian?q?Zo=C3?="),
    ),
    "an address that is none": ("<ana@exemple.fr>", "<ana>", ("from_address", None)),
    "a bare byte in a header": ("Bonjour\n\n", "Bonjour \udce9\n\n", ("subject", "Bonjour \ufffd")),
    "a charset that does not exist": (
        "Subject:",
        "Content-Type: text/plain; charset=martian\nSubject:",
        ("body", "Bonjour."),
    ),
    "several mails referred to": (
        "Subject:",
        "References: <r1@x> <r2@x>\nSubject:",
        ("thread_id", "<r1@x>"),
    ),
    "an answer without references": ("Subject:", "In-Reply-To: <r2@x>\nSubject:", ("in_reply_to", "<r2@x>")),
    "a machine's answer": ("Subject:", "Auto-Submitted: auto-replied\nSubject:", ("is_automatic", True)),
    "not a machine's": ("Subject:", "Auto-Submitted: no\nSubject:", ("is_automatic", False)),
    "a list": ("Subject:", "List-Id: <l.exemple.fr>\nSubject:", ("is_bulk", True)),
    "a folded header": (
        "Subject: Bonjour",
        "Subject: Bonjour\n  et bonsoir",
        ("subject", "Bonjour et bonsoir"),
    ),
    "html alone": (
        "Subject: Bonjour\n\nBonjour.",
        "Content-Type: text/html\nSubject: x\n\n<style>p{}</style><p>Bonjour&nbsp;<b>Bob</b></p>",
        ("body", "Bonjour Bob"),
    ),
    "From in the text": ("Bonjour.\n", "Bonjour.\n\nFrom now on\n", ("body", "Bonjour.\n\nFrom now on")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_broken_or_odd_header(name: str) -> None:
    old, new, (column, expected) = CHANGES[name]
    assert old in MAIL
    assert message(MAIL.replace(old, new))[column] == expected


def test_a_mail_without_id_always_gets_the_same() -> None:
    text = MAIL.replace("Message-ID: <a@exemple.fr>\n", "")
    first, again = message(text)["message_id"], message(text + "\n")["message_id"]
    assert first == again
    assert first.endswith("@no-message-id>")
    assert message(text.replace("Bonjour.", "Bonsoir."))["message_id"] != first


def test_an_mbox_is_split_at_its_lines_alone() -> None:
    second = MAIL.replace("<a@", "<b@").replace("Bonjour.", ">From here\nFrom there")
    rows = messages(f"From x\n{MAIL}\nFrom y\r\n{second}")
    assert [line for line, _ in rows] == [1, 10]
    assert [row["message_id"] for _, row in rows] == ["<a@exemple.fr>", "<b@exemple.fr>"]
    assert rows[1][1]["body"] == "From here\nFrom there"


def test_a_mail_that_is_too_long_is_rejected_and_the_next_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "_LONGEST_MESSAGE", 300)
    rows = messages(f"From x\n{MAIL}{'x' * 400}\n\nFrom y\n{MAIL}")
    assert isinstance(rows[0], BadRow)
    assert (rows[0].line, rows[0].code) == (1, "row_too_long")
    assert rows[1][1]["message_id"] == "<a@exemple.fr>"


def test_a_report_without_a_recipient_is_a_row_that_the_contract_rejects() -> None:
    text = MAIL.replace(
        "Subject: Bonjour\n\nBonjour.",
        'Content-Type: multipart/report; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--",
    )
    assert messages(text) == []
    [(_, row)] = list(parser.delivery_reports(io.BytesIO(text.encode()), CONTEXT))
    assert (row["message_id"], row["report_type"], row.get("email")) == (
        "<a@exemple.fr>",
        "delivery-status",
        None,
    )
    assert list(parser.delivery_reports(io.BytesIO(MAIL.encode()), CONTEXT)) == []
