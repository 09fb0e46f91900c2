"""What happens in the simulated world: the turns of its story are there, and an outsider can see them in the files."""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cercle.simulate import WorldConfig
from cercle.simulate.clock import iso, paris_offset, paris_to_utc, to_hours
from cercle.simulate.contact_points import EmailBook, PhoneBook, spell_phone
from cercle.simulate.world import simulate
from simulate_support import entities, read_rows

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("story")
    counts = simulate(WorldConfig(customers=1500, days=365, seed=5, out=folder))
    return folder, json.loads(json.dumps(counts))


@pytest.fixture(scope="module")
def rows(world: tuple[Path, dict]) -> dict[str, list[dict]]:
    return read_rows(world[0])


def _truth(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "truth" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- every part of the contracts ---


def test_every_entity_is_there_with_the_columns_of_its_contract(rows: dict) -> None:
    every = entities()
    assert rows.keys() == every.keys()
    assert len(every) == 19
    for name, entity in every.items():
        columns = {column["name"] for column in entity["properties"]}
        filled = {key for row in rows[name] for key, value in row.items() if value is not None}
        assert {key for row in rows[name] for key in row} <= columns, name
        # A column that is empty in every row would make what reads it untested.
        assert columns == filled, name


# --- clocks ---


def test_paris_time_is_the_time_zone_databases() -> None:
    instants = np.arange(1_600_000_000, 1_900_000_000, 1_234_567)
    expected = [datetime.fromtimestamp(int(at), PARIS) for at in instants]
    assert iso(instants, is_paris=True) == [at.isoformat() for at in expected]
    changes = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]
    near = np.array([int(at.timestamp()) + seconds for at in changes for seconds in (-7200, -1, 0, 1, 7200)])
    assert iso(near, is_paris=True) == [datetime.fromtimestamp(int(at), PARIS).isoformat() for at in near]
    assert (paris_to_utc(instants + paris_offset(instants)) == instants).all()


def test_to_hours_moves_only_what_lies_outside_and_never_back() -> None:
    rng = np.random.default_rng(1)
    instants = 1_780_000_000 + rng.integers(0, 90 * 86_400, 5_000)
    moved = to_hours(rng, instants, 9, 18, is_weekend_open=False)
    local = [datetime.fromtimestamp(int(at), PARIS) for at in moved]
    assert (moved >= instants).all()
    assert all(at.weekday() < 5 and 9 <= at.hour < 18 for at in local)
    before = [datetime.fromtimestamp(int(at), PARIS) for at in instants]
    stays = np.array([at.weekday() < 5 and 9 <= at.hour < 18 for at in before])
    assert (moved[stays] == instants[stays]).all()


def test_people_and_company_act_at_plausible_hours(rows: dict) -> None:
    visits = [datetime.fromisoformat(row["occurred_at"]).astimezone(PARIS) for row in rows["store/visits"]]
    assert all(10 <= at.hour < 20 for at in visits)
    answers = [
        row
        for row in rows["email/messages"]
        if row["direction"] == "outbound" and row["is_automatic"] == "false"
    ]
    moments = [datetime.fromisoformat(row["occurred_at"]).astimezone(PARIS) for row in answers]
    assert len(moments) > 300
    assert all(at.weekday() < 5 and 9 <= at.hour < 18 for at in moments)


# --- numbers and mailboxes ---


def test_numbers_are_given_once_until_the_ranges_are_used_up() -> None:
    book = PhoneBook(np.random.default_rng(1))
    given = book.allocate(70_000, is_mobile=True)
    known = given[given >= 0]
    assert len(np.unique(known)) == len(known) == int(0.8 * 10_000) + int(0.8 * 49_000)
    assert (given[len(known) :] == -1).all()


def test_a_mistyped_number_or_mailbox_is_another_one_in_the_same_safe_place() -> None:
    rng = np.random.default_rng(1)
    phones, emails = PhoneBook(rng), EmailBook()
    number, address = int(phones.allocate(1, is_mobile=True)[0]), emails.code("marie.durand@orange.example")
    for _ in range(200):
        wrong = phones.numbers[phones.mistype(rng, number)]
        assert wrong.startswith("+3363998")
        assert len(wrong) in (11, 12)
        assert emails.addresses[emails.mistype(rng, address)].endswith("@orange.example")


def test_seven_spellings_of_a_number_are_the_same_number() -> None:
    spelled = [spell_phone("+33639981234", style) for style in range(7)]
    assert len(set(spelled)) == 7
    assert spelled[0] == "06 39 98 12 34"
    assert spelled[5] == "+33 (0)6 39 98 12 34"


def test_recycled_numbers_have_two_owners_at_different_times(world: tuple[Path, dict]) -> None:
    people = _truth(world[0], "people.csv")
    before = {row["phone"]: row["person_id"] for row in people if row["phone"]}
    again = [row for row in people if row["phone_after"] != row["phone"] and row["phone_after"] in before]
    assert len(again) == world[1]["people"]["recycled_numbers"] > 20
    assert all(before[row["phone_after"]] != row["person_id"] for row in again)


def test_nobody_at_home_has_the_given_name_of_another(world: tuple[Path, dict]) -> None:
    given = {row["person_id"]: row["given_name"] for row in _truth(world[0], "people.csv")}
    homes: dict[str, list[str]] = defaultdict(list)
    for row in _truth(world[0], "households.csv"):
        homes[row["household_id"]].append(given[row["person_id"]])
    assert all(len(set(names)) == len(names) for names in homes.values())
    assert (
        sum(len(names) > 1 for names in homes.values()) == world[1]["people"]["households_of_several"] > 200
    )


# --- the story ---


def test_the_surge_is_one_of_delivery_complaints(world: tuple[Path, dict]) -> None:
    events = world[1]["planned_events"]
    begin, end = date.fromisoformat(events["surge_begin"]), date.fromisoformat(events["surge_end"])
    days = Counter(
        datetime.fromisoformat(row["opened_at"]).date()
        for row in _truth(world[0], "conversations.csv")
        if row["topic"] == "delivery"
    )
    inside = sum(count for day, count in days.items() if begin <= day < end) / (end - begin).days
    outside = sum(count for day, count in days.items() if not begin <= day < end) / 350
    assert inside > 5 * outside


def test_the_campaign_backfires_within_days_and_among_strangers(world: tuple[Path, dict], rows: dict) -> None:
    begin = date.fromisoformat(world[1]["planned_events"]["backlash"])
    truth = [row for row in _truth(world[0], "interactions.csv") if row["topic"] == "campaign"]
    public = [row for row in truth if row["record_key"].startswith("interactions:")]
    when = {
        f"interactions:social:{row['interaction_id']}": row["occurred_at"]
        for row in rows["social/interactions"]
    }
    days = [datetime.fromisoformat(when[row["record_key"]]).date() for row in public]
    assert len(days) > 30
    assert sum(begin <= day < begin + timedelta(days=4) for day in days) > 0.7 * len(days)
    assert len(truth) > len(public)  # some wrote in private
    kinds = {row["person_id"]: row["kind"] for row in _truth(world[0], "people.csv")}
    people = {row["record_key"]: row["person_id"] for row in _truth(world[0], "record_people.csv")}
    voices = Counter(kinds[people[row["record_key"]]] for row in public)
    assert voices["stranger"] > 10
    assert voices["customer"] > 5


def test_the_application_was_asked_for_and_then_used(world: tuple[Path, dict], rows: dict) -> None:
    opened = date.fromisoformat(world[1]["planned_events"]["application"])
    orders = [row for row in rows["store/orders"] if row["sales_channel"] == "mobile_app"]
    assert len(orders) > 50
    assert all(datetime.fromisoformat(row["ordered_at"]).date() >= opened for row in orders)
    people = {row["record_key"]: row["person_id"] for row in _truth(world[0], "record_people.csv")}
    wishes = {
        people[row["record_key"]]
        for row in _truth(world[0], "interactions.csv")
        if row["intent"] == "request"
    }
    assert len(wishes) > 50


def test_invoice_questions_fall_after_the_fix(world: tuple[Path, dict]) -> None:
    fixed = date.fromisoformat(world[1]["planned_events"]["invoice_fix"])
    with_order = [row for row in _truth(world[0], "conversations.csv") if row["order_id"]]
    share = {
        after: sum(row["topic"] == "invoice" for row in part) / len(part)
        for after in (False, True)
        for part in [
            [row for row in with_order if (datetime.fromisoformat(row["opened_at"]).date() >= fixed) is after]
        ]
    }
    assert share[True] < share[False] / 2


def test_conversations_are_answered_late_never_reopened_and_escalated(
    world: tuple[Path, dict], rows: dict
) -> None:
    conversations = _truth(world[0], "conversations.csv")
    roles: dict[str, set[str]] = defaultdict(set)
    for row in _truth(world[0], "interactions.csv"):
        roles[row["conversation_id"]].add(row["role"])
    for row in conversations:
        assert (row["first_response_at"] == "") or row["first_response_at"] >= row["opened_at"]
        if row["outcome"] == "never":
            assert row["first_response_at"] == ""
            assert roles[row["conversation_id"]].isdisjoint({"reply", "close", "thanks", "reopen"}), row
        elif row["script"] in {"mail", "form", "call", "direct"} and row["outcome"] == "on_time":
            assert "chase" not in roles[row["conversation_id"]], row
    for flag in ("is_escalated", "is_reopened", "is_callback"):
        assert sum(row[flag] == "true" for row in conversations) >= 3, flag
    callbacks = {
        row["callback_id"]: row for row in sorted(rows["phone/callbacks"], key=lambda row: row["updated_at"])
    }
    honoured = [row for row in callbacks.values() if row["honoured_at"]]
    calls = {row["call_id"] for row in rows["phone/calls"]}
    assert 0 < len(honoured) < len(callbacks)
    assert {row["honoured_by_call_id"] for row in honoured} <= calls
    late = [
        row
        for row in honoured
        if datetime.fromisoformat(row["honoured_at"]) > datetime.fromisoformat(row["promised_at"])
    ]
    assert 0 < len(late) < len(honoured)


def test_an_answer_names_a_message_that_exists(rows: dict) -> None:
    messages = {row["message_id"] for row in rows["email/messages"]}
    answers = [row["in_reply_to"] for row in rows["email/messages"] if row["in_reply_to"]]
    assert len(answers) > 500
    assert set(answers) <= messages
    posts = {row["interaction_id"]: row for row in rows["social/interactions"]}
    parents = [row for row in posts.values() if row.get("parent_id")]
    assert len(parents) > 500
    for row in parents:
        parent = posts[row["parent_id"]]
        assert parent["platform"] == row["platform"]
        assert datetime.fromisoformat(parent["occurred_at"]) <= datetime.fromisoformat(row["occurred_at"])


def test_references_between_entities_hold(rows: dict) -> None:
    orders = {row["order_id"] for row in rows["store/orders"]}
    customers = {row["customer_ref"] for row in rows["store/customers"]}
    campaigns = {row["campaign_id"] for row in rows["marketing/campaigns"]}
    stores = {row["store_id"] for row in rows["store/stores"]}
    accounts = {row["account_ref"] for row in rows["social/accounts"]}
    for name, entity in rows.items():
        for row in entity:
            assert row.get("order_id") is None or row["order_id"] in orders, name
            assert row.get("customer_ref") is None or row["customer_ref"] in customers, name
            assert row.get("campaign_id") is None or row["campaign_id"] in campaigns, name
            assert row.get("store_id") is None or row["store_id"] in stores, name
            assert row.get("author_ref") is None or row["author_ref"] in accounts, name
            assert row.get("referred_by_ref") is None or row["referred_by_ref"] in customers, name
    assert sum(row["referred_by_ref"] is not None for row in rows["store/customers"]) > 50


def test_texts_are_many_and_in_three_languages(rows: dict) -> None:
    bodies = Counter(row["body"] for row in rows["email/messages"] if row["direction"] == "inbound")
    assert len(bodies) > 0.6 * bodies.total()
    words = {"fr": " je ", "en": " i ", "es": " no "}
    for language, word in words.items():
        texts = [f" {row['body']} ".lower() for row in rows["email/messages"] if row["language"] == language]
        assert sum(word in text for text in texts) > len(texts) / 50, language


def test_campaigns_have_every_medium_and_a_cost(rows: dict) -> None:
    campaigns = rows["marketing/campaigns"]
    assert {row["channel"] for row in campaigns} == {
        "email", "sms", "social", "web", "display", "search", "tv", "radio", "letter", "phone", "store",
    }  # fmt: skip
    assert {row["kind"] for row in campaigns} == {"paid", "organic", "broadcast"}
    assert all(float(row["cost_amount"]) > 0 and row["currency_code"] for row in campaigns)
    events = {row["event_id"]: row["kind"] for row in rows["email/campaign_events"]}
    kinds = Counter(events.values())
    assert set(kinds) >= {"sent", "delivered", "open", "click", "bounce", "unsubscribe"}
    assert kinds["sent"] == kinds["delivered"] + kinds["bounce"]


# --- permissions ---


def test_confirmations_name_their_grant_and_some_come_too_late(rows: dict) -> None:
    events = {(row["source_system"], row["event_id"]): row for row in rows["privacy/consent_events"]}
    confirmed = [row for row in events.values() if row["type"] == "doi_confirmed"]
    waits = []
    for row in confirmed:
        grant = events[(row["source_system"], row["for_event_id"])]
        assert grant["is_double_opt_in"]
        assert grant["contact_point"] == row["contact_point"]
        waits.append(
            datetime.fromisoformat(row["occurred_at"]) - datetime.fromisoformat(grant["occurred_at"])
        )
    assert min(waits) > timedelta(0)
    assert 0 < sum(wait > timedelta(days=7) for wait in waits) < len(waits) / 2


def test_planned_decisions_follow_from_the_events_in_the_files(world: tuple[Path, dict], rows: dict) -> None:
    """A second reading of the rules, for simple lines alone: the newest of grant and stop decides."""
    stops = {"consent_withdrawn", "consent_refused", "objection", "hard_bounce", "contact_point_released"}
    events: dict[str, list[dict]] = defaultdict(list)
    for row in rows["privacy/consent_events"]:
        if row.get("contact_point"):
            events[row["contact_point"]].append(row)
    checked = Counter()
    for line in _truth(world[0], "consents.csv"):
        if line["is_simple"] != "true":
            continue
        own = [
            event
            for event in events[line["contact_point"]]
            if event.get("channel") in (line["channel"], None)
            and event.get("purpose") in (line["purpose"], None)
        ]
        newest_stop = max((event["recorded_at"] for event in own if event["type"] in stops), default="")
        grants = [
            event["occurred_at"]
            for event in own
            if event["type"] == "consent_given" and event.get("evidence") and event.get("occurred_at")
            and event["method"] not in ("preticked", "bulk_import") and event["notice_id"] in ("N-CLIENT", "N-SKIN")
            and datetime.fromisoformat(event["occurred_at"]) <= datetime.fromisoformat(event["recorded_at"])
            and (not event.get("is_double_opt_in") or _is_confirmed(event, own))
        ]  # fmt: skip
        allowed = bool(grants) and max(grants) > newest_stop
        assert allowed == (line["decision"] == "ALLOW"), line
        checked[line["pattern"]] += 1
    assert len(checked) >= 10
    assert checked["granted"] > 50


def _is_confirmed(grant: dict, events: list[dict]) -> bool:
    given = datetime.fromisoformat(grant["occurred_at"])
    return any(
        event.get("for_event_id") == grant["event_id"]
        and datetime.fromisoformat(event["occurred_at"]) - given < timedelta(days=7)
        for event in events
        if event["type"] == "doi_confirmed"
    )


def test_some_events_are_of_the_kind_that_a_ledger_quarantines(rows: dict) -> None:
    events = rows["privacy/consent_events"]
    assert any(row["type"] == "consent_guessed" for row in events)
    assert any(row.get("channel") == "pigeon_post" for row in events)
    assert any(row["type"] == "consent_given" and not row.get("occurred_at") for row in events)
    keys = Counter((row["source_system"], row["event_id"], row.get("purpose")) for row in events)
    ids = Counter(
        (row["source_system"], row["event_id"]) for row in {json.dumps(r): r for r in events}.values()
    )
    assert any(count > 1 for count in ids.values())
    assert keys.total() > 1000
    assert all(
        datetime.fromisoformat(row["recorded_at"]) <= datetime(2026, 10, 31, 23, tzinfo=UTC) for row in events
    )


# --- the size that was asked for ---


@pytest.mark.slow
def test_a_hundred_thousand_customers_take_under_three_minutes_and_two_gibibytes(tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("cercle")),
        "simulate",
        "--customers",
        "100000",
        "--out",
        str(tmp_path),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    counts = json.loads(answer.stdout)
    # Processor time, so that a busy machine does not fail it: the work is in one process.
    assert used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime < 180
    assert used.ru_maxrss < 2 * 1024 * 1024
    assert sum(counts["interactions"].values()) >= 2_000_000
