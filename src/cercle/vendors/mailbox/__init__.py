"""Mail as it lies in a mailbox, mbox and eml; the parsers are imported when a file of it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from cercle.sources import ParseContext, ParsedRows, Parser

__all__ = ["PARSERS"]


def _messages(stream: BinaryIO, context: ParseContext) -> ParsedRows:
    from cercle.vendors.mailbox import parser

    return parser.messages(stream, context)


def _delivery_reports(stream: BinaryIO, context: ParseContext) -> ParsedRows:
    from cercle.vendors.mailbox import parser

    return parser.delivery_reports(stream, context)


PARSERS: Mapping[str, Parser] = {"messages": _messages, "delivery_reports": _delivery_reports}
