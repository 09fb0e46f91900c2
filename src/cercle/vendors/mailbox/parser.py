"""Parsers of mbox and eml files: the messages of people, and the reports of mail servers about what was sent.

Mail in the wild breaks every rule, so nothing here trusts a header: what cannot be read is left empty, and the contract
decides whether the message can do without it.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from datetime import UTC
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any, BinaryIO, cast

from cercle.sources import BadRow, ParseContext

__all__ = ["delivery_reports", "messages"]

_LONGEST_MESSAGE = 64 << 20  # bytes, attachments included
_LONGEST_LINE = 1 << 20  # of what is read at once
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
_BULK = ("bulk", "list", "junk")
# Python's newer policies raise on headers that are broken; this one never does.
_PARSER = BytesParser(policy=policy.compat32)

Row = tuple[int, dict[str, Any]]


def messages(stream: BinaryIO, context: ParseContext) -> Iterator[Row | BadRow]:
    """Yield a row per message that is no report of a mail server."""
    for line, message, digest in _mails(stream):
        if message is None:
            yield _too_long(line)
        elif _report_type(message) is None:
            yield line, _message(message, digest)


def delivery_reports(stream: BinaryIO, context: ParseContext) -> Iterator[Row | BadRow]:
    """Yield a row per recipient of whom a mail server reports: not delivered, or complained of."""
    for line, message, digest in _mails(stream):
        report_type = _report_type(message) if message is not None else None
        if message is None or report_type is None:
            continue
        found = _failures(message) if report_type == "delivery-status" else _complaints(message)
        common = {
            "message_id": _message_id(message, digest),
            "reported_at": _moment(message),
            "report_type": report_type,
            "original_message_id": _original_id(message),
        }
        for number, recipient in enumerate(found or [{}], start=1):
            yield line, {**common, "recipient_number": number, **recipient}


def _too_long(line: int) -> BadRow:
    return BadRow(line, f"The message is longer than {_LONGEST_MESSAGE >> 20} MiB.", code="row_too_long")


# --- from bytes to mails ----------------------------------------------------------------------------------


def _mails(stream: BinaryIO) -> Iterator[tuple[int, Message | None, str]]:
    """Yield line, mail (None where it is too long) and hash of each; a file that does not begin with `From ` is one."""
    begin, number, lines, size, is_after_blank = 1, 0, list[bytes](), 0, True
    reader = io.BufferedReader(cast(io.RawIOBase, stream))
    is_mbox = reader.peek(5).startswith(b"From ")
    while line := reader.readline(_LONGEST_LINE):
        number += line.endswith(b"\n")
        if is_mbox and is_after_blank and line.startswith(b"From "):
            if size:
                yield _mail(begin, lines, size)
            begin, lines, size = number, [], 0
        else:
            size += len(line)
            if size <= _LONGEST_MESSAGE:
                lines.append(line[1:] if is_mbox and line.startswith(b">From ") else line)
        is_after_blank = not line.strip()
    if size:
        yield _mail(begin, lines, size)


def _mail(line: int, lines: list[bytes], size: int) -> tuple[int, Message | None, str]:
    if size > _LONGEST_MESSAGE:
        return line, None, ""
    content = b"".join(lines).strip(b"\r\n")
    return line, _PARSER.parsebytes(content), hashlib.sha256(content).hexdigest()


# --- messages ---------------------------------------------------------------------------------------------


def _message(message: Message, digest: str) -> dict[str, Any]:
    senders, recipients = _addresses(message, "From"), _addresses(message, "To", "Cc")
    from_name, from_address = senders[0] if senders else (None, None)
    to_name, to_address = recipients[0] if recipients else (None, None)
    references = _MESSAGE_ID.findall(_header(message, "References") or "")
    answered = _MESSAGE_ID.findall(_header(message, "In-Reply-To") or "")
    message_id = _message_id(message, digest)
    return {
        "message_id": message_id,
        "sent_at": _moment(message),
        "from_address": from_address,
        "from_name": from_name,
        "to_address": to_address,
        "to_name": to_name,
        "delivered_to": _header(message, "Delivered-To") or _header(message, "X-Original-To"),
        "thread_id": (references or answered or [message_id])[0],
        "in_reply_to": (answered or references[-1:] or [None])[0],
        "subject": _header(message, "Subject"),
        "body": _body(message),
        "language": _header(message, "Content-Language"),
        "is_received": "Received" in message or "Return-Path" in message,
        "is_automatic": _is_automatic(message),
        "is_bulk": _is_bulk(message),
    }


def _is_automatic(message: Message) -> bool:
    submitted = (_header(message, "Auto-Submitted") or "no").lower()
    return not submitted.startswith("no") or "X-Autoreply" in message or "X-Autorespond" in message


def _is_bulk(message: Message) -> bool:
    precedence = (_header(message, "Precedence") or "").lower()
    return precedence in _BULK or "List-Id" in message or "List-Unsubscribe" in message


def _message_id(message: Message, digest: str) -> str:
    """The header; where it is missing, what the same bytes always give."""
    found = _MESSAGE_ID.findall(_header(message, "Message-ID") or "")
    return found[0] if found else f"<{digest}@no-message-id>"


def _header(message: Message, name: str) -> str | None:
    """A header in words, on one line; as it stands where its encoding is broken."""
    found = message.get(name)
    if found is None:
        return None
    raw = str(found)
    try:
        text = str(make_header(decode_header(raw)))
    except (LookupError, ValueError, MessageError):
        text = raw
    return " ".join(_whole(text).split()) or None


def _addresses(message: Message, *names: str) -> list[tuple[str | None, str | None]]:
    found = getaddresses([text for name in names if (text := _header(message, name))])
    return [(name.strip() or None, address.strip() or None) for name, address in found if "@" in address]


def _moment(message: Message) -> str | None:
    """When it was sent: its date, else what the last server noted."""
    noted = str(message.get("Received") or "").rpartition(";")[2]
    for text in (str(message.get("Date") or ""), noted):
        try:
            moment = parsedate_to_datetime(" ".join(text.split()))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    return None


def _body(message: Message) -> str | None:
    """The plain text, else the words of the HTML; attachments are left out."""
    texts: dict[str, str] = {}
    for part in message.walk():
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
            texts.setdefault(kind, _text(part))
    if texts.get("text/plain", "").strip():
        return texts["text/plain"].strip()
    return _words(texts.get("text/html", "")) or None


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return _whole(content.decode(str(part.get_content_charset() or "utf-8"), "replace"))
    except LookupError:  # no such encoding
        return content.decode("utf-8", "replace")


def _whole(text: str) -> str:
    """Text without halves of characters, which a broken header leaves behind."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class _Words(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script", "head")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script", "head") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()


def _words(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    return " ".join(reader.words)


# --- reports ----------------------------------------------------------------------------------------------


def _report_type(message: Message) -> str | None:
    """delivery-status (RFC 3464) or feedback-report (RFC 5965), None for what is no report."""
    if message.get_content_type() != "multipart/report":
        return None
    kinds = {part.get_content_type() for part in message.walk()}
    return next((name for name in ("delivery-status", "feedback-report") if f"message/{name}" in kinds), None)


def _fields(message: Message, kind: str) -> Iterator[Message]:
    """Yield the blocks of fields of a report's machine-readable part."""
    for part in message.walk():
        if part.get_content_type() == kind:
            payload = part.get_payload()
            blocks = payload if isinstance(payload, list) else []
            yield from (block for block in blocks if isinstance(block, Message))


def _failures(message: Message) -> list[dict[str, Any]]:
    return [
        {
            "email": address,
            "action": (_header(block, "Action") or "").lower() or None,
            "status": _header(block, "Status"),
            "diagnostic": _header(block, "Diagnostic-Code"),
        }
        for block in _fields(message, "message/delivery-status")
        if (address := _recipient(block, "Final-Recipient", "Original-Recipient"))
    ]


def _complaints(message: Message) -> list[dict[str, Any]]:
    """The address in the report, else the recipient of the mail that is complained of."""
    blocks = list(_fields(message, "message/feedback-report"))
    kind = next((text for block in blocks if (text := _header(block, "Feedback-Type"))), None)
    found = [address for block in blocks if (address := _recipient(block, "Original-Rcpt-To"))]
    if not found:
        found = [
            address
            for original in _originals(message)
            for _, address in _addresses(original, "To")
            if address
        ]
    return [{"email": address, "action": (kind or "").lower() or None} for address in found]


def _recipient(block: Message, *names: str) -> str | None:
    """The address of a field such as `rfc822; ana@exemple.fr`."""
    for name in names:
        text = (_header(block, name) or "").rpartition(";")[2].strip().strip("<>")
        if "@" in text:
            return text
    return None


def _originals(message: Message) -> Iterator[Message]:
    """Yield the mail, or its headers, that a report is about."""
    for part in message.walk():
        payload = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(payload, list):
            yield from (inner for inner in payload if isinstance(inner, Message))
        elif part.get_content_type() == "text/rfc822-headers":
            yield _PARSER.parsebytes(_text(part).encode())


def _original_id(message: Message) -> str | None:
    found = [_MESSAGE_ID.findall(_header(original, "Message-ID") or "") for original in _originals(message)]
    return next((ids[0] for ids in found if ids), None)
