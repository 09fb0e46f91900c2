"""The night watch: finds what needs a person, and tells it once by e-mail or webhook, and once that it is over."""

from cercle.watch.channels import Channel, EmailChannel, Message, WebhookChannel, channels_from
from cercle.watch.conditions import Condition, Limits, find_conditions
from cercle.watch.rounds import Round, make_round, send

__all__ = [
    "Channel",
    "Condition",
    "EmailChannel",
    "Limits",
    "Message",
    "Round",
    "WebhookChannel",
    "channels_from",
    "find_conditions",
    "make_round",
    "send",
]
