"""The marts of a simulated world against its truth and against figures computed apart; every analysis runs."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from cercle.paths import package_root
from projects import World

ANALYSES = sorted((package_root() / "analyses").glob("m*.sql"))


def test_every_contact_of_every_channel_is_there(whole_world: World) -> None:
    expected = dict(whole_world.counts["interactions"])
    expected["phone"] += whole_world.counts["rows"]["phone/callbacks"]["keys"]
    assert (
        dict(whole_world.rows("select channel, count(*) from marts.interactions group by channel"))
        == expected
    )


def test_orders_and_money_reconcile_to_the_cent(whole_world: World) -> None:
    by_status = dict(whole_world.rows("select status, count(*) from marts.orders group by status"))
    assert by_status == whole_world.counts["orders"]["by_status"]
    lines = whole_world.rows(
        "select currency_code, sum(line_amount)::text from marts.order_lines group by currency_code"
    )
    money = whole_world.counts["money"]["store/order_lines.line_amount"]
    assert dict(lines) == {code: amounts["current"] for code, amounts in money.items()}
    assert (
        whole_world.rows("select count(*) from marts.order_lines")[0][0]
        == whole_world.counts["rows"]["store/order_lines"]["keys"]
    )


def test_conversations_are_found_whole_and_not_mixed(whole_world: World) -> None:
    mine = dict(whole_world.rows("select interaction_id, conversation_id from marts.interactions"))
    parts: dict[str, set[str | None]] = defaultdict(set)
    mixed: dict[str | None, set[str]] = defaultdict(set)
    for row in whole_world.true_rows("interactions"):
        if row["conversation_id"] and row["role"] != "ack":
            parts[row["conversation_id"]].add(mine[row["record_key"]])
            mixed[mine[row["record_key"]]].add(row["conversation_id"])
    whole = {true: found for true, found in parts.items() if len(found) == 1 and None not in found}
    assert len(whole) / len(parts) > 0.92
    assert sum(len(true) > 1 for true in mixed.values()) / len(mixed) < 0.01

    answered = dict(whole_world.rows("select conversation_id, first_response_at from marts.conversations"))
    close = total = 0
    for row in whole_world.true_rows("conversations"):
        if row["conversation_id"] in whole and row["first_response_at"]:
            found = answered[next(iter(whole[row["conversation_id"]]))]
            # the truth dates a call by its ring, the mart by the moment when somebody picks it up
            true = datetime.fromisoformat(row["first_response_at"])
            close += found is not None and abs((found - true).total_seconds()) <= 900
            total += 1
    assert close / total > 0.9


@pytest.mark.parametrize(
    ("label", "value", "recall", "precision"),
    [
        ("intent", "complaint", 0.55, 0.9),
        ("intent", "question", 0.7, 0.9),
        ("intent", "praise", 0.75, 0.95),
        ("sentiment", "positive", 0.75, 0.9),
        ("sentiment", "negative", 0.55, 0.75),
    ],
)
def test_the_lexicon_reads_as_well_as_it_says(
    whole_world: World, label: str, value: str, recall: float, precision: float
) -> None:
    """What people open with, against the plan; the lexicon was written without its sentences."""
    found = {
        row[0]: row[1]
        for row in whole_world.rows(
            f"select interaction_id, {label} from marts.interactions"
            " where direction = 'inbound' and (subject is not null or body is not null)"
        )
    }
    pairs = [
        (row[label] == value, found[row["record_key"]] == value)
        for row in whole_world.true_rows("interactions")
        if row["record_key"] in found and (label == "sentiment" or row["role"] in {"open", "angry"})
    ]
    right = sum(true and mine for true, mine in pairs)
    assert right / sum(true for true, _ in pairs) >= recall
    assert right / sum(mine for _, mine in pairs) >= precision


def test_a_month_end_value_knows_nothing_of_later(whole_world: World) -> None:
    """Net revenue known at each month end, computed from all raw versions in Python."""
    with_customer = {
        row[0]
        for row in whole_world.rows("select order_number from marts.orders where customer_id is not null")
    }
    orders: dict[str, list[tuple[datetime, datetime, str]]] = defaultdict(list)
    for number, updated_at, ordered_at, status in whole_world.rows(
        "select order_id, updated_at, ordered_at, status from raw.store__orders"
    ):
        orders[number].append((max(updated_at, ordered_at), ordered_at, status))
    lines: dict[str, list[tuple[datetime, int, Decimal]]] = defaultdict(list)
    for number, updated_at, line, amount in whole_world.rows(
        "select order_id, updated_at, line_number, line_amount from raw.store__order_lines where currency_code = 'EUR'"
    ):
        lines[number].append((updated_at, line, amount))
    month_ends = [
        row[0] for row in whole_world.rows("select distinct valid_from from marts.customer_value order by 1")
    ]
    assert len(month_ends) == 12
    for month_end in month_ends:
        expected = Decimal(0)
        for number in with_customer:
            known = sorted(version for version in orders[number] if version[0] < month_end)
            if known and known[-1][2] in {"completed", "returned"}:
                current = {line: amount for at, line, amount in sorted(lines[number]) if at < month_end}
                expected += sum(current.values(), Decimal(0))
        found = whole_world.rows(
            "select sum(own_value_amount) from marts.customer_value"
            " where valid_from <= %s and coalesce(valid_to, 'infinity') > %s",
            month_end, month_end,
        )  # fmt: skip
        assert found[0][0] == expected, month_end


def test_quintiles_are_those_of_a_plain_ranking(whole_world: World) -> None:
    buyers = whole_world.rows(
        "select segments.recency_score, segments.frequency_score, segments.monetary_score,"
        " extract(epoch from value.last_order_at), value.order_count, value.own_value_amount"
        " from marts.customer_segments as segments"
        " inner join marts.customer_value as value on segments.customer_id = value.customer_id and value.is_current"
        " where segments.is_current and value.order_count > 0"
    )
    assert len(buyers) > 300
    for score, measure in ((0, 3), (1, 4), (2, 5)):
        ordered = sorted(row[measure] for row in buyers)
        for row in buyers:
            smaller = bisect_left(ordered, row[measure])
            assert row[score] == 1 + min(4, 5 * smaller // (len(ordered) - 1))


def test_lifetime_value_is_measured_on_who_was_there(whole_world: World) -> None:
    """The newest forecast, counted from the periods of segments and values three months before and now."""
    now, before = (
        row[0]
        for row in whole_world.rows(
            "select distinct valid_from from marts.segment_forecasts order by 1 desc limit 4"
        )[::3]
    )
    outcomes: dict[str, list[Decimal]] = defaultdict(list)
    for segment, count_before, count, amount in whole_world.rows(
        "select segments.segment, earlier.order_count, value.order_count,"
        " value.own_value_amount - earlier.own_value_amount"
        " from marts.customer_segments as segments"
        " inner join marts.customer_value as earlier on segments.customer_id = earlier.customer_id"
        "  and earlier.valid_from <= %s and coalesce(earlier.valid_to, 'infinity') > %s"
        " inner join marts.customer_value as value on segments.customer_id = value.customer_id"
        "  and value.valid_from <= %s and coalesce(value.valid_to, 'infinity') > %s"
        " where segments.segment is not null"
        "  and segments.valid_from <= %s and coalesce(segments.valid_to, 'infinity') > %s",
        before, before, now, now, before, before,
    ):  # fmt: skip
        outcomes[segment].append(amount if count > count_before else Decimal("NaN"))
    found = {
        row[0]: row[1:]
        for row in whole_world.rows(
            "select segment, customer_count, retained_count, lifetime_value_amount"
            " from marts.segment_forecasts where is_current"
        )
    }
    assert found.keys() == outcomes.keys()
    for segment, amounts in outcomes.items():
        retained = [amount for amount in amounts if not amount.is_nan()]
        assert found[segment][:2] == (len(amounts), len(retained))
        share = len(retained) / len(amounts)
        mean = float(sum(retained)) / len(retained) if retained else 0.0
        worth = sum(mean * share**quarter / 1.02 ** (quarter - 1) for quarter in range(1, 9))
        assert float(found[segment][2]) == pytest.approx(worth, abs=0.006)


def test_the_spot_that_backfired_is_flagged_within_a_day(whole_world: World) -> None:
    alerts = whole_world.rows(
        "select alerts.known_at - campaigns.starts_at < interval '2 days', alerts.contact_count, alerts.customer_count"
        " from marts.alerts inner join marts.campaigns on alerts.campaign_id = campaigns.campaign_id"
        " where alerts.kind = 'campaign_backlash' and campaigns.campaign_number = 'TV01' order by alerts.known_at"
    )
    surges = whole_world.rows(
        "select count(*) from marts.alerts inner join marts.campaigns on campaigns.campaign_number = 'TV01'"
        " where alerts.kind = 'surge' and alerts.channel = 'social'"
        " and alerts.known_at between campaigns.starts_at and campaigns.starts_at + interval '3 days'"
    )
    assert (alerts and alerts[0][0]) or surges[0][0] > 0
    assert not whole_world.rows(
        "select 1 from marts.alerts where kind = 'campaign_backlash' and campaign_id not like '%TV01'"
    )


@pytest.mark.parametrize("path", ANALYSES, ids=[path.stem for path in ANALYSES])
def test_an_analysis_answers(whole_world: World, path: Path) -> None:
    with psycopg.connect(whole_world.settings.dsn or "") as connection:
        cursor = connection.execute(path.read_text(encoding="utf-8"))
        assert cursor.description
        assert len(cursor.description) > 1
        assert cursor.fetchall(), f"{path.name} returns no row"
