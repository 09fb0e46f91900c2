"""The truth of a world: who is who, how conversations went, what is allowed, what was written. From the plan alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.cases import INVOICE_FIX, SURGE_BEGIN, SURGE_DAYS, Cases
from cercle.simulate.clock import NULL_TIME, Ints, iso
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.consent import Consents
from cercle.simulate.facts import write_facts
from cercle.simulate.links import LinkBook
from cercle.simulate.orders import STATUSES, Orders
from cercle.simulate.people import NEVER, People
from cercle.simulate.permitted import planned_decisions
from cercle.simulate.records import Records
from cercle.simulate.scripts import CHANNELS, ROLES, SCRIPTS, TOPICS, Channel
from cercle.simulate.shop import CAMPAIGNS
from cercle.simulate.steps import Steps
from cercle.simulate.table import NULL_INT, Numbers, Pool, Table
from cercle.simulate.writers import Written

__all__ = ["Truth", "parameters"]

Array = npt.NDArray[Any]
_OUTCOMES = ("on_time", "late", "never")
_SENTIMENT = {"complaint": "negative", "praise": "positive", "question": "neutral", "request": "neutral"}


class Truth:
    """Collects the truth while tables are written, and writes it at the end."""

    def __init__(
        self, config: WorldConfig, people: People, accounts: Accounts, cases: Cases, steps: Steps
    ) -> None:
        """Open the files that grow with the tables."""
        self._config, self._people, self._accounts = config, people, accounts
        self._cases, self._steps = cases, steps
        self._folder = config.truth_dir
        self._folder.mkdir(parents=True, exist_ok=True)
        self._openings: list[str | None] = [None] * len(cases)
        self._opened = {int(serial): case for case, serial in enumerate(cases.opening_serial.tolist())}
        self._links = LinkBook(people)
        self._counts: dict[str, Any] = {"rows": {}, "money": {}}
        self._dirty: list[tuple[str, Any]] = []
        self._files: dict[str, list[str]] = {"landing": [], "landing_next": []}
        self._record_people = (self._folder / "record_people.csv").open("w", encoding="utf-8", newline="")
        self._record_people.write("record_key,person_id,is_profile\n")
        self._interactions = (self._folder / "interactions.csv").open("w", encoding="utf-8", newline="")
        self._interactions.write("record_key,conversation_id,topic,intent,sentiment,language,role\n")

    def openings(self) -> list[str | None]:
        """Return the record key of each conversation's first step, as far as its table has been written."""
        return self._openings

    def add(self, table: Table, written: Written) -> None:
        """Take in a table that was written.

        Args:
            table: its plan.
            written: what became of it.
        """
        is_current = table.flags.get("is_current")
        if is_current is None:
            is_current = np.ones(len(table), dtype=np.bool_)
        if table.name == "privacy/consent_events":
            first = np.unique(table.flags["serial"], return_index=True)[1]
            is_current = np.zeros(len(table), dtype=np.bool_)
            is_current[first] = True
        is_profile = np.broadcast_to(np.asarray(table.is_profile), (len(table),)) & is_current
        if self._config.facts:
            write_facts(self._folder, table, np.flatnonzero(is_current))
        rows = np.flatnonzero(is_current & (table.person >= 0))
        for begin in range(0, len(rows), 50_000):
            self._add_records(table, rows[begin : begin + 50_000], is_profile)
        if table.links and len(table):
            self._links.add(table, is_current, is_profile)
        self._add_counts(table, written, is_current)

    def _add_records(self, table: Table, rows: Ints, is_profile: Array) -> None:
        keys = table.record_keys(rows)
        persons = table.person[rows].tolist()
        flags = is_profile[rows].tolist()
        self._record_people.writelines(
            f"{_quoted(key)},p{person:07d},{'true' if flag else 'false'}\n"
            for key, person, flag in zip(keys, persons, flags, strict=True)
        )
        if "serial" not in table.flags or table.entity == "consent_events":
            return
        serials = table.flags["serial"][rows]
        steps = self._steps
        facts = (
            steps[field][serials].tolist()
            for field in ("case", "topic", "language", "role", "is_company", "rating")
        )
        lines = []
        for key, serial, case, topic, language, role, is_company, rating in zip(
            keys, serials.tolist(), *facts, strict=True
        ):
            if case >= 0 and self._opened.get(serial) == case:
                self._openings[case] = key
            intent = TOPICS[topic].intent if topic >= 0 and not is_company else ""
            mood = _mood(ROLES[role], intent, rating) if not is_company else ""
            conversation = f"V{case:07d}" if case >= 0 else ""
            name = TOPICS[topic].name if topic >= 0 else ""
            lines.append(
                f"{_quoted(key)},{conversation},{name},{intent},{mood},{('fr', 'en', 'es')[language]},{ROLES[role]}\n"
            )
        self._interactions.writelines(lines)

    def _add_counts(self, table: Table, written: Written, is_current: Array) -> None:
        for part in ("landing", "landing_next"):
            self._files[part] += written.files[part]
            self._dirty += [(part, row) for row in written.dirty[part]]
        self._counts["rows"][table.name] = {
            part: {
                "distinct": written.rows[part], "repeats": written.repeats[part], "dirty": len(written.dirty[part]),
                "lines": written.rows[part] + written.repeats[part] + len(written.dirty[part]),
            }
            for part in ("landing", "landing_next")
        } | {"keys": int(is_current.sum()), "with_person": int((is_current & (table.person >= 0)).sum())}  # fmt: skip
        currency = table.columns.get("currency_code")
        if not isinstance(currency, Pool):
            return
        landed = table.known_at < self._config.cut
        for name, column in table.columns.items():
            if not isinstance(column, Numbers) or not name.endswith("_amount"):
                continue
            known = column.hundredths != NULL_INT
            words = currency.pool[currency.codes]
            for word in sorted(set(words.tolist())):
                here = known & (words == word)
                self._counts["money"].setdefault(f"{table.name}.{name}", {})[word] = {
                    "all_versions": _money(column.hundredths[here & landed].sum()),
                    "all_versions_next": _money(column.hundredths[here & ~landed].sum()),
                    "current": _money(column.hundredths[here & is_current].sum()),
                }

    def write(self, orders: Orders, records: Records, consents: Consents) -> dict[str, Any]:
        """Write what remains, and return the counts.

        Args:
            orders: the orders of the world.
            records: its customer records.
            consents: its permissions.
        """
        self._record_people.close()
        self._interactions.close()
        self._write_people()
        self._write_conversations()
        decisions = planned_decisions(self._config, self._people, self._accounts, orders, records, consents)
        self._write_csv("consents.csv", *decisions)
        self._write_csv(
            "dirty_rows.csv",
            ("part", "source", "entity", "file", "line", "reason", "column"),
            (
                (part, row.source, row.entity, row.file, row.line, row.reason, row.column)
                for part, row in self._dirty
            ),
        )
        config, cases = self._config, self._cases
        known = orders.person >= 0
        counts: dict[str, Any] = {
            "parameters": parameters(config),
            **self._counts,
            "dirty_rows": len(self._dirty),
            "files": {part: len(names) for part, names in self._files.items()},
            "people": {
                "persons": len(self._people),
                "customers": int((self._people.kind == 0).sum()),
                "prospects": int((self._people.kind == 1).sum()),
                "strangers": int((self._people.kind == 2).sum()),
                "households_of_several": int((np.bincount(self._people.household) > 1).sum()),
                "recycled_numbers": int(self._people.is_recycled.sum()),
            },
            "orders": {
                "by_status": {name: int((orders.status == code).sum()) for code, name in enumerate(STATUSES)},
                "anonymous": int((~known).sum()),
            },
            "interactions": {name: int(count) for name, count in zip(*np.unique(
                np.array(CHANNELS)[self._steps["channel"][self._steps["time"] < config.end]],
                return_counts=True), strict=True)},
            "conversations": {
                "planned": len(cases),
                "by_outcome": {name: int((cases.outcome == code).sum()) for code, name in enumerate(_OUTCOMES)},
                "answered": int((cases.first_response_at > NULL_TIME).sum()),
                "complaints": int(np.isin(cases.topic, [i for i,
                topic in enumerate(TOPICS) if topic.intent == "complaint"]).sum()),
                "callbacks": int(cases.callback.sum()),
            },
            "planned_events": self._events(orders),
            "campaigns": {campaign.campaign_id: campaign.channel for campaign in CAMPAIGNS},
            "noise": self._links.noise(),
            "identity": self._links.ceiling(),
        }  # fmt: skip
        (self._folder / "counts.json").write_text(
            json.dumps(counts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        return counts

    def _events(self, orders: Orders) -> dict[str, str]:
        """When the turns of the story come."""
        config = self._config
        begin = config.start // DAY
        backlash = next(campaign for campaign in CAMPAIGNS if campaign.is_backlash)
        days = {
            "backlash": begin + int(backlash.begin * config.days),
            "surge_begin": begin + int(SURGE_BEGIN * config.days),
            "surge_end": begin + int(SURGE_BEGIN * config.days) + SURGE_DAYS,
            "invoice_fix": begin + int(INVOICE_FIX * config.days),
            "application": orders.app_from // DAY,
        }
        return {name: _time(day * DAY)[:10] for name, day in days.items()} | {
            "backlash_campaign": backlash.campaign_id, "surge_topic": TOPICS[0].name, "recurring_request": "tablet_app",
        }  # fmt: skip

    def _write_people(self) -> None:
        people = self._people
        kinds = ("customer", "prospect", "stranger")
        births = np.datetime_as_string(people.birth_day.astype("datetime64[D]")).tolist()
        times = [
            iso(np.where(when == NEVER, NULL_TIME, when), is_paris=False)
            for when in (people.married_at, people.moved_at)
        ]
        emails, numbers = [*people.emails.addresses, ""], [*people.phones.numbers, ""]
        books = [
            [book[code] for code in codes.tolist()]
            for book, codes in (
                (emails, people.email), (emails, people.email_after), (emails, people.email_second),
                (numbers, people.phone), (numbers, people.phone_after), (numbers, people.landline),
            )
        ]  # fmt: skip
        rows = zip(
            (f"p{person:07d}" for person in range(len(people))), (kinds[kind] for kind in people.kind.tolist()),
            people.given, people.family, people.family_after, times[0], births,
            (("female", "male")[gender] for gender in people.gender.tolist()),
            (("fr", "en", "es")[language] for language in people.language.tolist()),
            (" ".join(people.addresses[code][:3]) for code in people.address.tolist()),
            (" ".join(people.addresses[code][:3]) for code in people.address_after.tolist()), times[1], *books,
            strict=True,
        )  # fmt: skip
        header = (
            "person_id", "kind", "given_name", "family_name", "family_name_after", "married_at", "birth_date",
            "gender", "language",
            "address", "address_after", "moved_at", "email", "email_after", "email_second", "phone",
            "phone_after", "landline",
        )  # fmt: skip
        self._write_csv("people.csv", header, rows)
        homes = ((f"h{home:07d}", f"p{person:07d}") for person, home in enumerate(people.household.tolist()))
        self._write_csv("households.csv", ("household_id", "person_id"), homes)

    def _write_conversations(self) -> None:
        cases, steps = self._cases, self._steps
        masks = np.zeros(len(cases), dtype=np.int64)
        of_case = np.flatnonzero((steps["case"] >= 0) & (steps["time"] < self._config.end))
        np.bitwise_or.at(masks, steps["case"][of_case], 1 << steps["channel"][of_case].astype(np.int64))
        times = [
            iso(when, is_paris=False)
            for when in (cases.opened_at, cases.first_response_at, cases.resolved_at, cases.last_at)
        ]
        rows = zip(
            (f"V{case:07d}" for case in range(len(cases))), (f"p{person:07d}" for person in cases.person.tolist()),
            times[0], (CHANNELS[SCRIPTS[script].steps[0].channel] for script in cases.script.tolist()),
            (" ".join(sorted({CHANNELS[bit] for bit in range(12) if mask >> bit & 1})) for mask in masks.tolist()),
            cases.steps.tolist(), (TOPICS[topic].name for topic in cases.topic.tolist()),
            (TOPICS[topic].intent for topic in cases.topic.tolist()),
            (_OUTCOMES[outcome] for outcome in cases.outcome.tolist()),
            times[1], times[2], times[3], (_flag(mask >> Channel.AUTHORITY & 1) for mask in masks.tolist()),
            (_flag(flag) for flag in cases.is_surge.tolist()), (_flag(flag) for flag in cases.callback.tolist()),
            (_flag(flag) for flag in cases.is_reopened.tolist()),
            (f"CM{order:08d}" if order >= 0 else "" for order in cases.order.tolist()),
            (f"SAV-{case:07d}" for case in range(len(cases))),
            self._openings, (SCRIPTS[script].name for script in cases.script.tolist()), strict=True,
        )  # fmt: skip
        header = (
            "conversation_id", "person_id", "opened_at", "channel_opened", "channels", "interaction_count",
            "topic", "intent", "outcome",
            "first_response_at", "resolved_at", "last_at", "is_escalated", "is_surge", "is_callback",
            "is_reopened", "order_id", "case_id", "opening_record_key", "script",
        )  # fmt: skip
        self._write_csv("conversations.csv", header, rows)

    def _write_csv(self, name: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
        with (self._folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)


def parameters(config: WorldConfig) -> dict[str, Any]:
    """Return what a world was made from, as counts.json names it."""
    return {
        "customers": config.customers,
        "days": config.days,
        "seed": config.seed,
        "noise": float(config.noise),
        "until": _time(config.end),
        "from": _time(config.start),
        "increment_days": float(config.increment_days),
    }


def _mood(role: str, intent: str, rating: int) -> str:
    if rating > 0:
        return "negative" if rating <= 2 else "neutral" if rating == 3 else "positive"
    if role in {"angry", "chase", "reopen"}:
        return "negative"
    return (
        "positive" if role == "thanks" else _SENTIMENT.get(intent, "neutral") if role == "open" else "neutral"
    )


def _quoted(key: str) -> str:
    return f'"{key}"' if "," in key or '"' in key else key


def _money(hundredths: Any) -> str:
    value = int(hundredths)
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def _time(seconds: int) -> str:
    return str(iso(np.array([seconds]), is_paris=False)[0])


def _flag(value: int | bool) -> str:
    return "true" if value else "false"
