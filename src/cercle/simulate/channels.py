"""The tables of social interactions, e-mail messages, calls and visits, from the log of steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.chatter import COMMENT, DIRECT_MESSAGE, MENTION, POST, REPLY, REVIEW
from cercle.simulate.clock import Ints
from cercle.simulate.config import WorldConfig
from cercle.simulate.people import People
from cercle.simulate.scripts import Channel
from cercle.simulate.shop import BRANDS, CAMPAIGNS, DOMAINS, PAGES, PLATFORMS
from cercle.simulate.steps import Steps
from cercle.simulate.table import (
    NULL_INT,
    Bools,
    Column,
    Computed,
    Identifiers,
    Integers,
    Numbers,
    Pool,
    Table,
    Texts,
    Times,
)
from cercle.simulate.texts import Speech

__all__ = ["AGENTS", "LANGUAGES", "Context", "either", "interactions_table", "messages_table"]

Array = npt.NDArray[Any]
KINDS = ("post", "comment", "reply", "mention", "direct_message", "review", "reaction")
LANGUAGES = ("fr", "en", "es")
AGENTS = [f"A{number:03d}" for number in range(100)]


@dataclass
class Context:
    """What the tables of a channel need."""

    config: WorldConfig
    people: People
    accounts: Accounts
    steps: Steps

    def pick(self, *channels: int) -> Array:
        """Return the serials of the steps of these channels, by time."""
        steps = self.steps
        chosen = np.flatnonzero(np.isin(steps["channel"], channels) & (steps["time"] < self.config.end))
        ordered: Array = chosen[np.argsort(steps["time"][chosen], kind="stable")]
        return ordered

    def common(self, serials: Array) -> dict[str, Column]:
        """Return the columns that all channels have."""
        steps = self.steps
        case = np.where(steps["names_case"][serials] > 0, steps["case"][serials], -1)
        order = np.where(steps["names_order"][serials] > 0, steps["order"][serials], -1)
        return {
            "order_id": Identifiers("CM", order, 8),
            "case_id": Identifiers("SAV-", case, 7),
            "campaign_id": Pool([campaign.campaign_id for campaign in CAMPAIGNS], steps["campaign"][serials]),
            "agent_id": Pool(AGENTS, steps["agent"][serials]),
            "language": Pool(LANGUAGES, steps["language"][serials]),
            "brand_id": Pool(BRANDS, steps["brand"][serials]),
        }


def interactions_table(context: Context) -> Table:
    """Return the table `interactions` of the source social."""
    config, steps, accounts = context.config, context.steps, context.accounts
    rng = config.rng("interactions")
    serials = context.pick(Channel.PUBLIC, Channel.DIRECT)
    count = len(serials)
    account = steps["account"][serials]
    platform = accounts.platform[account]
    is_company = steps["is_company"][serials] > 0
    is_direct = steps["channel"][serials] == Channel.DIRECT
    kind = steps["kind"][serials]
    usual = np.where(
        platform == 0, MENTION, np.where(platform == 6, POST, np.where(platform == 7, REVIEW, COMMENT))
    )
    kind = np.where(kind >= 0, kind, np.where(is_direct, DIRECT_MESSAGE, np.where(is_company, REPLY, usual)))
    pages = _pages()
    page = np.where(account < len(PAGES), account, pages[platform, steps["brand"][serials]])
    author = np.where(is_company, page, account)
    recipient = np.where(is_company & (account >= len(PAGES)), account, np.where(is_direct, page, -1))
    venue, control = _venues(rng, platform, kind, is_direct, steps["brand"][serials])
    parent = steps["reply_to"][serials]
    ids = _network_ids(platform, serials)
    parents = _network_ids(platform, parent)
    thread = steps["thread"][serials]

    def threads(rows: Ints) -> list[str | None]:
        parts = zip(
            platform[rows].tolist(),
            thread[rows].tolist(),
            serials[rows].tolist(),
            is_direct[rows].tolist(),
            strict=True,
        )
        return [
            f"{PLATFORMS[code]}:{'d' if direct else 't'}{number}" if number >= 0
            else f"{PLATFORMS[code]}:p{-2 - number}" if number < -1 else f"{PLATFORMS[code]}:p{serial}"
            for code, number, serial, direct in parts
        ]  # fmt: skip

    rating = steps["rating"][serials].astype(np.int64)
    stars = np.where((kind == REVIEW) & (rating < 0), 1, rating)
    is_public = ~is_direct & (kind != REVIEW)
    likes = np.where(is_public, (rng.pareto(1.5, count) * 2).astype(np.int64).clip(0, 5000), NULL_INT)
    speech = Speech(steps, serials, config.seed)
    common = context.common(serials)
    columns: dict[str, Column] = {
        "interaction_id": Computed(ids),
        "platform": Pool(PLATFORMS, platform),
        "kind": Pool(KINDS, kind),
        "occurred_at": Times(steps["time"][serials]),
        "author_ref": Computed(lambda rows: accounts.refs(author[rows])),
        "is_from_brand": Bools(is_company),
        "recipient_ref": Computed(lambda rows: accounts.refs(recipient[rows])),
        "venue": Texts(venue),
        "venue_control": Pool(("owned", "brand_run", "partner", "third_party"), control),
        "parent_id": Computed(parents),
        "conversation_id": Computed(threads),
        "campaign_id": common["campaign_id"],
        "order_id": common["order_id"],
        "case_id": common["case_id"],
        "rating": Numbers(np.where(stars > 0, stars * 100, NULL_INT)),
        "rating_max": Numbers(np.where(stars > 0, 500, NULL_INT)),
        "likes_count": Integers(likes),
        "shares_count": Integers(np.where(is_public, likes // 6, NULL_INT)),
        "body": Computed(speech.bodies),
        "language": common["language"],
        "agent_id": common["agent_id"],
        "brand_id": common["brand_id"],
    }
    person = np.where(account >= len(PAGES), accounts.person[account], -1)
    return Table(
        "social", "interactions", columns, steps["time"][serials], ("interaction_id",), None, person, False,
        {"account": np.where(account >= len(PAGES), account, -1)}, {"serial": serials},
    )  # fmt: skip


def _pages() -> Array:
    """The page that answers, by platform and brand."""
    pages = np.zeros((len(PLATFORMS), 2), dtype=np.int32)
    for brand in (0, 1):
        for code, platform in enumerate(PLATFORMS):
            own = [index for index, page in enumerate(PAGES) if page[0] == platform and page[1] == brand]
            any_brand = [index for index, page in enumerate(PAGES) if page[0] == platform]
            pages[code, brand] = (own or any_brand)[0]
    return pages


def _network_ids(platform: Array, serials: Array) -> Any:
    def texts(rows: Ints) -> list[str | None]:
        pairs = zip(platform[rows].tolist(), serials[rows].tolist(), strict=True)
        return [
            f"{PLATFORMS[code]}:{7_000_000_000 + 13 * serial}" if serial >= 0 else None
            for code, serial in pairs
        ]

    return texts


def _venues(
    rng: np.random.Generator, platform: Array, kind: Array, is_direct: Array, brand: Array
) -> tuple[Array, Array]:
    """Where a public interaction stands and who controls it; a tenth of it happens in places of others."""
    names = np.array(
        [
            [f"#{name}", *(f"{network}.com/{name}" for network in PLATFORMS[1:6]), forum, "avis.example"]
            for name, forum in zip(
                ("maisonclaire", "ateliernord"), ("forum.maison-claire.example",) * 2, strict=True
            )
        ],
        dtype=object,
    )
    control = np.array([3, 1, 1, 1, 1, 1, 0, 3])[platform]
    venue = names[brand, platform]
    elsewhere = (
        ~is_direct & (platform < 6) & np.isin(kind, (MENTION, COMMENT)) & (rng.random(len(platform)) < 0.1)
    )
    others = np.array(
        ["groupe bons plans déco", "forum-consommateurs.example", "blog-partenaire.example"], dtype=object
    )
    draw = rng.integers(0, 3, len(platform))
    venue = np.where(elsewhere, others[draw], venue)
    control = np.where(elsewhere, np.array([3, 3, 2])[draw], control)
    venue[is_direct] = None
    return venue, np.where(is_direct, 1, control)


def messages_table(context: Context) -> Table:
    """Return the table `messages` of the source email."""
    config, steps, people = context.config, context.steps, context.people
    rng = config.rng("messages")
    serials = context.pick(Channel.MAIL)
    count = len(serials)
    is_company = steps["is_company"][serials] > 0
    email = steps["email"][serials]
    person = steps["person"][serials]
    brand = steps["brand"][serials]
    is_automatic = steps["is_automatic"][serials] > 0
    is_notice = is_automatic & (steps["case"][serials] < 0)
    box = np.where(is_notice, 2, np.where(is_automatic, 0, rng.integers(0, 2, count)))
    boxes = [f"{name}@{domain}" for domain in DOMAINS for name in ("sav", "contact", "commandes")]
    mailbox = brand * 3 + box
    names = np.array(
        [f"{first} {last}" for first, last in zip(people.given, people.family, strict=True)], dtype=object
    )
    name_code = np.where(rng.random(count) < 0.8, person, -1)
    brand_code = np.where(is_company, brand, -1)
    houses = ("Maison Claire", "Atelier Nord")
    thread = steps["thread"][serials]
    reply_to = steps["reply_to"][serials]
    speech = Speech(steps, serials, config.seed)
    common = context.common(serials)
    parent_company = np.where(reply_to >= 0, steps["is_company"][np.maximum(reply_to, 0)], -1)

    def addresses(codes: Array, *, theirs: bool) -> Column:
        shown = is_company != theirs

        def texts(rows: Ints) -> list[str | None]:
            parts = zip(shown[rows].tolist(), codes[rows].tolist(), mailbox[rows].tolist(), strict=True)
            return [
                people.emails.addresses[code] if own and code >= 0 else None if own else boxes[mine]
                for own, code, mine in parts
            ]

        return Computed(texts)

    def message_ids(numbers: Array, sides: Array) -> Column:
        def texts(rows: Ints) -> list[str | None]:
            pairs = zip(numbers[rows].tolist(), sides[rows].tolist(), strict=True)
            return [
                None
                if number < 0
                else f"<{number:08x}@mail.{DOMAINS[0]}>"
                if side
                else f"<{number:08x}@client.example>"
                for number, side in pairs
            ]

        return Computed(texts)

    def threads(rows: Ints) -> list[str | None]:
        return [
            f"T{number:08d}" if number >= 0 else f"N{-2 - number:08d}" for number in thread[rows].tolist()
        ]

    columns: dict[str, Column] = {
        "message_id": message_ids(serials, is_company),
        "occurred_at": Times(steps["time"][serials]),
        "direction": Pool(("inbound", "outbound"), is_company.astype(np.int8)),
        "from_address": addresses(email, theirs=True),
        "from_name": either(Pool(list(names), np.where(is_company, -1, name_code)), Pool(houses, brand_code)),
        "to_address": addresses(email, theirs=False),
        "to_name": either(
            Pool(list(names), np.where(is_company, name_code, -1)),
            Pool(houses, np.where(is_company, -1, brand)),
        ),
        "mailbox": Pool(boxes, mailbox),
        "thread_id": Computed(threads),
        "in_reply_to": message_ids(reply_to, parent_company > 0),
        "subject": Computed(speech.subjects),
        "body": Computed(speech.bodies),
        "language": common["language"],
        "is_automatic": Bools(is_automatic),
        "is_bulk": Bools(np.zeros(count, dtype=np.int8)),
        "campaign_id": common["campaign_id"],
        "order_id": common["order_id"],
        "case_id": common["case_id"],
        "agent_id": common["agent_id"],
        "brand_id": common["brand_id"],
    }
    return Table(
        "email", "messages", columns, steps["time"][serials], ("message_id",), None, person, False, {"email": email},
        {"serial": serials},
    )  # fmt: skip


def either(first: Column, second: Column) -> Column:
    """Return the first column, and the second one where it is null."""

    def texts(rows: Ints) -> list[str | None]:
        return [
            one if one is not None else other
            for one, other in zip(first.texts(rows), second.texts(rows), strict=True)
        ]

    return Computed(texts)
