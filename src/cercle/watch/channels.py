"""Where messages go: a mailbox by SMTP, an address by HTTP POST. Secrets come from the environment or a connection."""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from cercle.errors import CercleError

__all__ = ["Channel", "EmailChannel", "Message", "WebhookChannel", "channels_from"]

_TIMEOUT_SECONDS = 20.0
_STARTTLS_PORTS = frozenset({25, 587})  # RFC 8314: they begin in clear


@dataclass(frozen=True)
class Message:
    """What is told at once.

    Attributes:
        subject: one line.
        text: for people, French and English.
        items: the same for programs: state (new, over), kind, key, severity, facts.
    """

    subject: str
    text: str
    items: Sequence[Mapping[str, Any]]


class Channel(Protocol):
    """Anything that takes a message."""

    @property
    def name(self) -> str:
        """What an error calls it; without a secret."""

    def send(self, message: Message) -> None:
        """Deliver the message, or raise OSError, smtplib.SMTPException or urllib.error.URLError."""


@dataclass(frozen=True)
class EmailChannel:
    """A mailbox, by an SMTP server.

    Attributes:
        recipients: addresses of colleagues.
        sender: address that it comes from.
        host: the server.
        port: 465 speaks TLS from the start; on others STARTTLS is used wherever the server offers it.
            A certificate is always checked; one of your own making needs its authority in SSL_CERT_FILE.
        user: account at the server; None = none is needed.
        password: of the account.
        is_tls_needed: refuse a server that offers no encryption; a password is never sent to one.
        is_tls_first: speak TLS from the start on any port.
    """

    recipients: tuple[str, ...]
    sender: str
    host: str = "localhost"
    port: int = 25
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    is_tls_needed: bool = False
    is_tls_first: bool = False

    @property
    def name(self) -> str:
        """Where it goes."""
        return f"e-mail by {self.host}:{self.port}"

    def send(self, message: Message) -> None:
        """Send one e-mail to all recipients."""
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = message.subject, self.sender, ", ".join(self.recipients)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        mail.set_content(message.text)
        context = ssl.create_default_context()
        is_tls_first = self.is_tls_first or self.port == smtplib.SMTP_SSL_PORT
        with (
            smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_SECONDS, context=context)
            if is_tls_first
            else smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        ) as server:
            if not is_tls_first:
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=context)
                elif self.is_tls_needed or self.password:
                    raise smtplib.SMTPNotSupportedError("the server offers no encryption")
            if self.user:
                server.login(self.user, self.password or "")
            server.send_message(mail)


@dataclass(frozen=True)
class WebhookChannel:
    """An address that takes a JSON document: a chat, a pager, a program of one's own.

    Attributes:
        url: http(s); its path is often the secret itself, and never shown.
        headers: further ones, such as Authorization.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Where it goes."""
        return f"webhook at {urlsplit(self.url).hostname}"

    def send(self, message: Message) -> None:
        """Post `{"subject", "text", "items"}`; chats show `text`."""
        body = {"subject": message.subject, "text": message.text, "items": list(message.items)}
        request = urllib.request.Request(  # noqa: S310
            self.url,
            json.dumps(body, default=str).encode(),
            {"Content-Type": "application/json", **self.headers},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
            return


def channels_from(environment: Mapping[str, str]) -> list[Channel]:
    """Return the channels that the environment names.

    Args:
        environment: CERCLE_NOTIFY, targets with spaces between: `mailto:name@example.org` or an http(s) address;
            CERCLE_SMTP, the server of all e-mail, as `smtp://user:password@host:587` or `smtps://…`, which speaks TLS
            from the start, or on the ports 25 and 587 insists on STARTTLS;
            CERCLE_SMTP_FROM, the sender.

    Raises:
        CercleError: a target cannot be read.
    """
    targets = environment.get("CERCLE_NOTIFY", "").split()
    channels: list[Channel] = []
    recipients = tuple(
        unquote(target.partition(":")[2]) for target in targets if target.startswith("mailto:")
    )
    if recipients:
        channels.append(_email_channel(recipients, environment))
    for target in targets:
        if target.startswith(("http://", "https://")):
            channels.append(WebhookChannel(target))
        elif not target.startswith("mailto:"):
            raise CercleError(
                "A target of messages cannot be read",
                where="CERCLE_NOTIFY",
                remedy="Write mailto:name@example.org or an http(s) address, with spaces between",
            )
    return channels


def _email_channel(recipients: tuple[str, ...], environment: Mapping[str, str]) -> EmailChannel:
    parts = urlsplit(environment.get("CERCLE_SMTP") or "smtp://localhost:25")
    try:
        port = parts.port or (smtplib.SMTP_SSL_PORT if parts.scheme == "smtps" else 25)
    except ValueError:
        port = 0
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or not port:
        raise CercleError(
            "The mail server's address cannot be read",
            where="CERCLE_SMTP",
            remedy="Write it as smtp://user:password@host:587, percent-encoded",
        )
    return EmailChannel(
        recipients,
        environment.get("CERCLE_SMTP_FROM") or f"cercle@{parts.hostname}",
        parts.hostname,
        port,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        is_tls_needed=parts.scheme == "smtps",
        is_tls_first=parts.scheme == "smtps" and port not in _STARTTLS_PORTS,
    )
