"""Campaigns with their cost, the delivery events of their mails, call-backs, and the daily figures of the pages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.cases import Cases
from cercle.simulate.channels import LANGUAGES, Context
from cercle.simulate.clock import NULL_TIME, to_hours
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.records import Records, typed_email, typed_phone
from cercle.simulate.scripts import TOPICS
from cercle.simulate.shop import BRANDS, CAMPAIGNS, DOMAINS, PAGES, PLATFORMS
from cercle.simulate.spelling import write_names
from cercle.simulate.table import (
    Column,
    Computed,
    Dates,
    Identifiers,
    Integers,
    Numbers,
    Pool,
    Table,
    Texts,
    Times,
)
from cercle.simulate.written import clean_emails, written_emails, written_phones

__all__ = ["callbacks_table", "campaign_events_table", "campaigns_table", "page_daily_table"]

Array = npt.NDArray[Any]
_EVENTS = ("sent", "delivered", "open", "click", "bounce", "complaint", "unsubscribe")


def campaigns_table(config: WorldConfig) -> Table:
    """Return the table `campaigns`: as planned, and again with the real cost after the end."""
    total = len(CAMPAIGNS)
    row = np.concatenate([np.arange(total), np.arange(total)])
    begins = np.array([config.start + int(entry.begin * config.days) * DAY + 8 * 3600 for entry in CAMPAIGNS])
    days = np.array([entry.days for entry in CAMPAIGNS])
    ends = np.minimum(begins + days * DAY, config.end - 7200)
    begins = np.minimum(begins, config.end - 3 * DAY)
    ends = np.maximum(ends, begins + DAY)
    written = np.concatenate([begins - 20 * DAY, ends + DAY])
    kept = written < config.end
    row, written = row[kept], written[kept]
    is_final = np.arange(2 * total)[kept] >= total
    cost = np.array([entry.cost for entry in CAMPAIGNS]) * config.customers
    columns: dict[str, Column] = {
        "campaign_id": Pool([entry.campaign_id for entry in CAMPAIGNS], row),
        "updated_at": Times(written, is_paris=True),
        "name": Pool([entry.name for entry in CAMPAIGNS], row),
        "channel": Pool([entry.channel for entry in CAMPAIGNS], row),
        "kind": Pool([entry.kind for entry in CAMPAIGNS], row),
        "topic": Pool([entry.topic for entry in CAMPAIGNS], row),
        "starts_at": Times(begins[row], is_paris=True),
        "ends_at": Times(ends[row], is_paris=True),
        "cost_amount": Numbers(np.where(is_final, cost[row] * 104 // 100, cost[row])),
        "currency_code": Pool([entry.currency for entry in CAMPAIGNS], row),
        "description": Pool([entry.description or None for entry in CAMPAIGNS], row),
        "brand_id": Pool(BRANDS, np.array([entry.brand for entry in CAMPAIGNS])[row]),
    }
    is_current = np.ones(len(row), dtype=np.bool_)
    finals = set(row[is_final].tolist())
    is_current[
        [index for index, code in enumerate(row.tolist()) if not is_final[index] and code in finals]
    ] = False
    return Table(
        "marketing", "campaigns", columns, written, ("campaign_id",), "updated_at", np.full(len(row), -1),
        flags={"is_current": is_current},
    )  # fmt: skip


def campaign_events_table(context: Context, records: Records, bounced: dict[int, int]) -> Table:
    """Return the table `campaign_events`.

    Args:
        context: the world.
        records: customer records; each campaign goes to a part of those that have a mailbox.
        bounced: mailbox -> instant from which it bounces, as the permissions plan it.
    """
    config, people = context.config, context.people
    rng = config.rng("campaign_events")
    parts: list[tuple[Array, ...]] = []
    dead = np.full(len(people.emails.addresses) + 1, np.iinfo(np.int64).max)
    for code, instant in bounced.items():
        dead[code] = instant
    for index, campaign in enumerate(CAMPAIGNS):
        if campaign.channel != "email":
            continue
        begin = config.start + int(campaign.begin * config.days) * DAY + 7 * 3600
        if begin >= config.end - DAY:
            continue
        listed = (records.email >= 0) & (records.created_at < begin) & (rng.random(len(records)) < 0.42)
        listed &= (records.brand == campaign.brand) | (rng.random(len(records)) < 0.1)
        record = np.flatnonzero(listed)
        sent = begin + rng.integers(0, 3 * 3600, len(record))
        bounces = (dead[records.email[record]] < sent) | (rng.random(len(record)) < 0.004)
        hard = dead[records.email[record]] < sent
        draw = rng.random(len(record))
        opens = ~bounces & (draw < 0.34)
        clicks = opens & (rng.random(len(record)) < 0.16)
        leaves = ~bounces & (rng.random(len(record)) < 0.004)
        complains = ~bounces & (rng.random(len(record)) < 0.0005)
        open_at = sent + 120 + (np.exp(rng.normal(9.0, 1.3, len(record)))).astype(np.int64)
        for code, flags, moment in (
            (0, np.ones(len(record), dtype=np.bool_), sent), (1, ~bounces, sent + rng.integers(2, 60, len(record))),
            (4, bounces, sent + rng.integers(2, 90, len(record))), (2, opens, open_at),
            (3, clicks, open_at + rng.integers(5, 300, len(record))), (6, leaves, open_at + 400), (5, complains,
            open_at + 500),
        ):  # fmt: skip
            chosen = np.flatnonzero(flags & (moment < config.end))
            size = len(chosen)
            parts.append(
                (
                    record[chosen],
                    moment[chosen],
                    np.full(size, code),
                    np.full(size, index),
                    np.where(hard[chosen], 0, 1),
                    rng.integers(0, 4, size),
                )
            )
    record, when, kind, campaign_code, bounce, link = (
        np.concatenate([part[i] for part in parts]) for i in range(6)
    )
    by = np.argsort(when, kind="stable")
    record, when, kind, campaign_code, bounce, link = (
        part[by] for part in (record, when, kind, campaign_code, bounce, link)
    )
    links = [f"https://www.{DOMAINS[0]}/{page}" for page in ("soldes", "nouveautes", "maison", "compte")]
    brand = np.array([entry.brand for entry in CAMPAIGNS])[campaign_code]
    email = records.email[record]
    shown = np.where(record % 3 > 0, record, -1)
    columns: dict[str, Column] = {
        "event_id": Identifiers("EV", np.arange(len(record)), 10),
        "occurred_at": Times(when),
        "campaign_id": Pool([entry.campaign_id for entry in CAMPAIGNS], campaign_code),
        "kind": Pool(_EVENTS, kind),
        "email": clean_emails(people.emails, email),
        "bounce_type": Pool(("hard", "soft"), np.where(kind == 4, bounce, -1)),
        "customer_ref": Identifiers("C", shown),
        "customer_source": Pool(("store",), np.where(shown >= 0, 0, -1)),
        "link_url": Pool(links, np.where(kind == 3, link, -1)),
        "brand_id": Pool(BRANDS, brand),
    }
    return Table(
        "email", "campaign_events", columns, when, ("event_id",), None, records.person[record], False,
        {"email": email, "customer": shown},
    )  # fmt: skip


def callbacks_table(context: Context, cases: Cases, call_of: Array) -> Table:
    """Return the table `callbacks`: as asked, and again when the company has called.

    Args:
        context: the world.
        cases: the conversations; those of the script `callback` ask for one.
        call_of: per conversation the serial of the call that answered, -1 for none.
    """
    config, people = context.config, context.people
    rng = config.rng("callbacks")
    case = np.flatnonzero(cases.callback)
    count = len(case)
    person, asked = cases.person[case], cases.opened_at[case]
    promised = to_hours(rng, asked + rng.choice([7200, 14400, DAY], count, p=[0.4, 0.35, 0.25]), 9, 20)
    honoured = np.where(call_of[case] >= 0, cases.first_response_at[case], NULL_TIME)
    done = np.flatnonzero(honoured > NULL_TIME)
    row = np.concatenate([np.arange(count), done])
    is_later = np.arange(len(row)) >= count
    written = np.where(is_later, honoured[row] + 60, asked[row])
    is_current = np.ones(len(row), dtype=np.bool_)
    is_current[done] = False
    kept = written < config.end
    row, is_later, written, is_current = row[kept], is_later[kept], written[kept], is_current[kept]
    phone, is_phone_wrong = typed_phone(config, rng, people, cases.phone[case], 0.054)
    email = np.where(rng.random(count) < 0.5, cases.email[case], -1)
    email, is_email_wrong = typed_email(config, rng, people, email, 0.054)
    given, family, is_wrong = write_names(
        rng, people.given[person], people.family_at(person, asked), config.share(0.13)
    )
    shows = rng.random(count) < 0.93
    names = np.array(
        [f"{first} {last}" for first, last in zip(given, family, strict=True)] or [""], dtype=object
    )[:count]
    names[~shows] = None
    venues = ("www.maison-claire.example/rappel", "forum.maison-claire.example", "application")
    order = np.where(rng.random(count) < 0.6, cases.order[case], -1)
    columns: dict[str, Column] = {
        "callback_id": Identifiers("CB", row, 7),
        "updated_at": Times(written, is_paris=True),
        "requested_at": Times(asked[row], is_paris=True),
        "phone": written_phones(people.phones, phone[row], rng.integers(0, 7, count)[row]),
        "full_name": Texts(names[row]),
        "email": written_emails(people.emails, email[row], np.zeros(len(row), dtype=np.int8)),
        "promised_at": Times(promised[row], is_paris=True),
        "honoured_at": Times(np.where(is_later, honoured[row], NULL_TIME), is_paris=True),
        "honoured_by_call_id": Identifiers("CALL-", np.where(is_later, call_of[case][row], -1), 9),
        "reason": Pool([topic.name for topic in TOPICS], cases.topic[case][row]),
        "order_id": Identifiers("CM", order[row], 8),
        "case_id": Identifiers("SAV-", np.where(is_later, case[row], -1), 7),
        "venue": Pool(venues, (case % 3)[row]),
        "language": Pool(LANGUAGES, cases.language[case][row]),
        "brand_id": Pool(BRANDS, cases.brand[case][row]),
    }
    is_stale = (phone == people.phone[person]) & (people.phone_changed_at[person] < config.end)
    is_stale |= people.is_recycled[person] & (phone == people.phone_after[person])
    return Table(
        "phone", "callbacks", columns, written, ("callback_id",), "updated_at", person[row], True,
        {"phone": phone[row], "email": email[row]},
        {
            "is_current": is_current, "has_name": shows[row], "name_error": (is_wrong & shows)[row],
            "identifier_error": (is_phone_wrong | is_email_wrong)[row], "is_stale": is_stale[row], "case": case[row],
        },
    )  # fmt: skip


def page_daily_table(context: Context) -> Table:
    """Return the table `page_daily`; a promotion wins followers in a rush, who then do little."""
    config, accounts = context.config, context.accounts
    rng = config.rng("page_daily")
    pages = np.array([index for index, page in enumerate(PAGES) if page[0] not in {"forum", "review_site"}])
    days = np.arange(config.start // DAY + 1, config.end // DAY)
    page = np.repeat(pages, len(days))
    day = np.tile(days, len(pages))
    base = np.array([6000 + 900 * index for index in range(len(PAGES))])[page]
    organic = rng.poisson(base / 900)
    promoted = np.zeros(len(day), dtype=np.int64)
    for campaign in CAMPAIGNS:
        if campaign.topic == "followers":
            begin = config.start // DAY + int(campaign.begin * config.days)
            inside = (
                (day >= begin)
                & (day < begin + campaign.days)
                & (page == [e[0] for e in PAGES].index("facebook"))
            )
            promoted = np.where(inside, rng.poisson(base / 60), promoted)
    gained = organic + promoted
    followers = np.zeros(len(day), dtype=np.int64)
    for code in pages.tolist():
        here = page == code
        followers[here] = 9000 + 1500 * code + np.cumsum(gained[here] - rng.poisson(4, int(here.sum())))
    paid_views = np.where(promoted > 0, rng.poisson(9000, len(day)), 0)
    views = rng.poisson(followers / 8) + paid_views
    reported = day * DAY + DAY + 4 * 3600
    kept = reported < config.end
    again = np.flatnonzero(kept & (rng.random(len(day)) < 0.02) & (reported + 2 * DAY < config.end))
    row = np.concatenate([np.flatnonzero(kept), again])
    is_later = np.arange(len(row)) >= int(kept.sum())
    written = reported[row] + np.where(is_later, 2 * DAY, 0)
    platform = np.array([PLATFORMS.index(entry[0]) for entry in PAGES])
    is_current = ~np.isin(np.where(is_later, -1, row), again)
    columns: dict[str, Column] = {
        "platform": Pool(PLATFORMS, platform[page[row]]),
        "page_ref": Computed(lambda rows: accounts.refs(page[row][rows])),
        "day_date": Dates(day[row]),
        "reported_at": Times(written),
        "followers_count": Integers(followers[row] + is_later),
        "followers_gained_count": Integers(gained[row]),
        "followers_gained_by_promotion_count": Integers(promoted[row]),
        "views_count": Integers(views[row] + 7 * is_later),
        "views_by_promotion_count": Integers(paid_views[row]),
    }
    return Table(
        "social", "page_daily", columns, written, ("platform", "page_ref", "day_date"), "reported_at",
        np.full(len(row), -1), flags={"is_current": is_current},
    )  # fmt: skip
