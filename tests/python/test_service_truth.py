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

WRITTEN = ("chat", "email", "letter", "mobile_app", "web_form")


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


def test_the_figures_over_all_conversations_are_those_of_the_plan(
    whole_world: World, planned: dict[str, Planned]
) -> None:
    private = [conversation for conversation in planned.values() if conversation.is_private]
    minutes = [
        (conversation.first_response_at - conversation.words[0].at).total_seconds() / 60
        for conversation in private
        if conversation.first_response_at
    ]
    ((found_cross, found_answered, found_minutes),) = whole_world.rows(
        "select avg(is_cross_channel::integer)::float, avg((first_response_at is not null)::integer)::float,"
        " percentile_cont(0.5) within group (order by extract(epoch from first_response_at - first_turn_at) / 60)"
        " from marts.conversations"
        " where turn_count > 0 and opened_by = 'customer' and not 'social' = any(channels) and not ("
        "  channels = array['store'])"
    )
    served = [
        conversation for conversation in private if {word.channel for word in conversation.words} != {"store"}
    ]
    assert found_cross == pytest.approx(
        sum(conversation.is_cross_channel for conversation in served) / len(served), abs=0.03
    )
    assert found_answered == pytest.approx(
        sum(conversation.first_response_at is not None for conversation in served) / len(served), abs=0.03
    )
    assert found_minutes == pytest.approx(median(minutes), rel=0.15)


@pytest.mark.parametrize("channel", WRITTEN)
def test_what_stays_unanswered_is_what_the_plan_left_so(
    whole_world: World, planned: dict[str, Planned], channel: str
) -> None:
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
    assert found == pytest.approx(expected, abs=0.05)
