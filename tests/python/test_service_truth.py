"""Service figures of a simulated world against its planned conversations: M4, M6, M12, M21.

Words are private where these figures must agree: whether a word in public waits for an answer is read by a lexicon,
whose quality is measured apart.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

import pytest

from market_facts import Contact, Facts
from projects import World


@dataclass
class Planned:
    """A planned conversation: its words in order, thanks and machines left out."""

    words: list[Contact] = field(default_factory=list)

    @property
    def answers(self) -> list[datetime]:
        """Moments at which somebody of the company answered, called back or picked up."""
        return [
            moment
            for word in self.words
            if (
                moment := word.taken_at
                if word.channel in {"phone", "store"}
                else None
                if word.is_inbound
                else word.at
            )
        ]

    @property
    def first_response_at(self) -> datetime | None:
        return min((moment for moment in self.answers if moment >= self.words[0].at), default=None)

    @property
    def is_cross_channel(self) -> bool:
        return len({word.channel for word in self.words}) > 1

    @property
    def is_private(self) -> bool:
        return not any(word.is_public for word in self.words)


@pytest.fixture(scope="module")
def planned(whole_world: World) -> dict[str, Planned]:
    """The planned conversations of the world, by number."""
    contacts = {contact.key: contact for contact in Facts(whole_world.truth, whole_world.as_of).contacts}
    rows = [
        row for row in whole_world.true_rows("interactions")
        if row["conversation_id"] and row["role"] not in {"ack", "thanks"}
    ]  # fmt: skip
    found: dict[str, Planned] = defaultdict(Planned)
    for row in sorted(rows, key=lambda row: contacts[row["record_key"]].at):
        found[row["conversation_id"]].words.append(contacts[row["record_key"]])
    return found


def test_first_responses_are_right_to_the_minute(whole_world: World, planned: dict[str, Planned]) -> None:
    mine = dict(whole_world.rows("select interaction_id, conversation_id from marts.interactions"))
    responses = dict(whole_world.rows("select conversation_id, first_response_at from marts.conversations"))
    owners: dict[str | None, set[str]] = defaultdict(set)
    for number, conversation in planned.items():
        for word in conversation.words:
            owners[mine[word.key]].add(number)
    right = total = 0
    for conversation in planned.values():
        found = {mine[word.key] for word in conversation.words}
        if conversation.is_private and len(found) == 1 and len(owners[next(iter(found))]) == 1:
            mart, plan = responses[next(iter(found)) or ""], conversation.first_response_at
            total += 1
            right += (mart is None) == (plan is None) and (
                mart is None or plan is None or abs((mart - plan).total_seconds()) < 60
            )
    assert total > 800
    assert right / total >= 0.98


@pytest.mark.parametrize("channel", ["chat", "email", "letter", "mobile_app", "sms"])
def test_speed_and_answers_are_those_of_the_plan(
    whole_world: World, planned: dict[str, Planned], channel: str
) -> None:
    """Over all conversations that a channel opens and no network enters, found whole or not (M12, M21)."""
    opened = [
        conversation
        for conversation in planned.values()
        if conversation.words[0].channel == channel
        and not any(word.channel == "social" for word in conversation.words)
    ]
    minutes = [
        (conversation.first_response_at - conversation.words[0].at).total_seconds() / 60
        for conversation in opened
        if conversation.first_response_at
    ]
    ((found_count, found_answered, found_minutes),) = whole_world.rows(
        "select count(*), avg((first_response_at is not null)::integer)::float,"
        " percentile_cont(0.5) within group (order by extract(epoch from first_response_at - first_turn_at) / 60)"
        " from marts.conversations"
        " where turn_count > 0 and opened_by = 'customer' and channel_opened = %s and not 'social' = any(channels)",
        channel,
    )
    assert found_count == pytest.approx(len(opened), rel=0.05, abs=2)
    assert found_answered == pytest.approx(len(minutes) / len(opened), abs=0.06)
    assert found_minutes == pytest.approx(median(minutes), rel=0.1)


def test_conversations_that_cross_channels_are_as_many_as_planned(
    whole_world: World, planned: dict[str, Planned]
) -> None:
    """M6, without what is said in shops alone: most visits there are no planned conversation."""
    served = [
        conversation
        for conversation in planned.values()
        if {word.channel for word in conversation.words} - {"store", "social"}
    ]
    ((found,),) = whole_world.rows(
        "select avg(is_cross_channel::integer)::float from marts.conversations"
        " where turn_count > 0 and not channels <@ array['store', 'social']"
    )
    expected = sum(conversation.is_cross_channel for conversation in served) / len(served)
    assert found == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize(
    ("channel", "tolerance"),
    # An answer to a form comes by mail or telephone: where its customer is not found, it answers nothing.
    [("chat", 0.01), ("email", 0.06), ("letter", 0.06), ("mobile_app", 0.03), ("web_form", 0.13)],
)
def test_what_stays_unanswered_is_what_the_plan_left_so(
    whole_world: World, planned: dict[str, Planned], channel: str, tolerance: float
) -> None:
    """M4, in private channels."""
    words = [
        (word, conversation.answers)
        for conversation in planned.values()
        for word in conversation.words
        if word.is_inbound and word.channel == channel
    ]
    expected = sum(not any(moment >= word.at for moment in answers) for word, answers in words) / len(words)
    ((found,),) = whole_world.rows(
        "select avg((not is_answered)::integer)::float from marts.interactions where is_answer_needed and channel = %s",
        channel,
    )
    assert found == pytest.approx(expected, abs=tolerance)
