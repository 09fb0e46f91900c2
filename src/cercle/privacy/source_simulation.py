"""`cercle privacy simulate --through-sources`: scenarios on a warehouse that they reached as any delivery does.

Landing files in house formats are loaded, checked, built and published in a database of their own, which is dropped
afterwards, and the questions are put to `decide`, as the command does. Links between identities are decisions of a
steward: there is a run at each moment at which one begins or ends, and a question is put after the run of its time.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cercle import db, flow
from cercle.errors import CercleError
from cercle.load.normalise import CONTACT_KINDS
from cercle.load.raw_tables import ensure_raw_tables
from cercle.load.states import set_load_state
from cercle.privacy.decisions import Question, decide
from cercle.privacy.lookup import find_contact_point, find_person
from cercle.privacy.pseudonyms import PseudonymKey, split_contact_point
from cercle.privacy.scenario_files import lost_on_the_way, put_by_hand, replace_contracts, write_landing
from cercle.privacy.scenario_names import REGION, separate_scenarios
from cercle.privacy.scenarios import Scenario
from cercle.privacy.simulation import Answer, Check, NotAsked, questions_of, simulate
from cercle.project import create_project
from cercle.settings import Settings
from cercle.sources import all_contracts

__all__ = ["simulate_through_sources"]

_IDENTIFIER_TYPES = {"email": "email", "tel": "phone", "social": "account_ref"}
_IN_THE_END = datetime(9999, 12, 31, tzinfo=UTC)
_STEWARD = ("simulation", "the scenario says so")
_ASKED = ("effective_state", "export")

OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class _Link:
    """Two identities are one person; both axes of time."""

    records: tuple[str, str]
    valid_from: datetime
    valid_to: datetime
    known_from: datetime

    def holds(self, valid_at: datetime, known_at: datetime) -> bool:
        return self.valid_from <= valid_at < self.valid_to and self.known_from <= known_at

    @property
    def moments(self) -> list[datetime]:
        """When a steward links, and when he takes it back."""
        begins = max(self.valid_from, self.known_from)
        return [begins] if self.valid_to == _IN_THE_END else [begins, max(begins, self.valid_to)]


@dataclass(frozen=True)
class _Asked:
    """A question of a scenario, and when it is put."""

    place: int
    number: int
    question: Mapping[str, Any]
    holidays: frozenset[str]


def simulate_through_sources(
    settings: Settings, scenarios: Sequence[Scenario], on_progress: OnProgress | None = None
) -> list[Check]:
    """Run scenarios through the ordinary source path, and return their checks in the order of the file.

    Args:
        settings: of a server on which a database may be made; nothing of it stays.
        scenarios: as `read_scenarios` gives them.
        on_progress: called with what is being done.

    Raises:
        CercleError: the server lets us make no database, or a delivery or a build failed.
    """
    say = on_progress or (lambda text: None)
    with _own_warehouse(settings) as own:
        places = [place for place, scenario in enumerate(scenarios) if scenario["kind"] in _ASKED]
        separated = separate_scenarios([scenarios[place] for place in places])
        answers = _Warehouse(own, separated, say).answers()
        decided = {
            (f"scenario {places[place]}", number): answer for (place, number), answer in answers.items()
        }
        with db.connect(own) as connection:
            return simulate(connection, scenarios, decided)


class _Warehouse:
    """A warehouse that scenarios are delivered to."""

    def __init__(self, settings: Settings, scenarios: Sequence[Scenario], say: OnProgress) -> None:
        self._settings = settings
        self._scenarios = scenarios
        self._say = say
        self._key = PseudonymKey.current(settings)
        self._links = [_links(scenario) for scenario in scenarios]
        self._linked: dict[tuple[str, str], int] = {}

    def answers(self) -> dict[tuple[int, int], Answer]:
        """Deliver the scenarios, run once per moment, and return the answers by place and number of the question."""
        self._deliver()
        self._load()
        asked, answers = self._timetable()
        for number, moment in enumerate(sorted(asked), 1):
            self._say(f"run {number} of {len(asked)}, as of {moment:%Y-%m-%d}")
            self._link(moment)
            flow.build(self._settings, as_of=moment)
            answers |= self._ask(asked[moment])
        return answers

    def _deliver(self) -> None:
        sources = write_landing(self._scenarios, self._settings.landing_dir)
        _make_project(self._settings, sources)
        with db.connect(self._settings) as connection:
            ensure_raw_tables(connection, all_contracts())
            put_by_hand(connection, self._key, self._scenarios)
            self._block_contact_points(connection)

    def _load(self) -> None:
        """Load and check the deliveries; release what a rule about volumes or dates keeps back, as a steward may."""
        self._say("load")
        lost = [load.file for load in flow.load_landing(self._settings) if load.rejected_count]
        if lost:
            raise CercleError(
                "A delivery of the scenarios was refused in part",
                where=", ".join(sorted(lost)),
                remedy="Look for a value that no source could deliver, as a moment that is no date",
            )
        checked = flow.check_raw(self._settings)
        with db.connect(self._settings) as connection:
            for load in checked.by_state("quarantined"):
                who, why = _STEWARD
                set_load_state(connection, load.load_id, "released", why, who)

    def _block_contact_points(self, connection: psycopg.Connection) -> None:
        """A scenario alone says who is one person: no mailbox and no telephone joins anybody here."""
        texts = {
            item[name]
            for scenario in self._scenarios
            for part in ("events", "sales", "call_attempts")
            for item in scenario.get(part) or []
            for name in ("contact_point", "from", "to")
            if item.get(name) and split_contact_point(item[name])[0] in _IDENTIFIER_TYPES
        }
        with connection.cursor() as cursor:
            cursor.executemany(
                """
                insert into identity.overrides (action, identifier_type, identifier_value, made_by, reason)
                values ('block', %s, %s, %s, %s)
                """,
                [
                    (
                        _IDENTIFIER_TYPES[split_contact_point(text)[0]],
                        find_contact_point(connection, self._key, text, REGION),
                        *_STEWARD,
                    )
                    for text in sorted(texts)
                ],
            )

    def _timetable(self) -> tuple[dict[datetime, list[_Asked]], dict[tuple[int, int], Answer]]:
        """Return the questions by the run after which they are put, and those that no run can answer."""
        moments = [sorted({moment for link in links for moment in link.moments}) for links in self._links]
        everything = [moment for own in moments for moment in own]
        everything += [
            _moment(question["valid_at"])
            for scenario in self._scenarios
            for question in questions_of(scenario)
        ]
        first = min(everything, default=datetime.now(UTC)) - timedelta(days=1)
        asked: dict[datetime, list[_Asked]] = defaultdict(list)
        for own in moments:
            asked |= {moment: [] for moment in own}
        not_asked: dict[tuple[int, int], Answer] = {}
        for place, scenario in enumerate(self._scenarios):
            loss = lost_on_the_way(scenario)
            for number, question in enumerate(questions_of(scenario)):
                run = _run_of(question, [first, *moments[place]], self._links[place])
                if loss or run is None:
                    not_asked[place, number] = NotAsked(loss or "links that held at no run")
                else:
                    holidays = frozenset(scenario.get("public_holidays") or [])
                    asked[run].append(_Asked(place, number, question, holidays))
        return asked, not_asked

    def _link(self, moment: datetime) -> None:
        """Bring the steward's decisions to what holds at a moment."""
        wanted = {link.records for links in self._links for link in links if link.holds(moment, moment)}
        with db.connect(self._settings) as connection:
            for records in self._linked.keys() - wanted:
                connection.execute(
                    "update identity.overrides set revoked_at = %s, revoked_by = %s where override_id = %s",
                    (moment, _STEWARD[0], self._linked.pop(records)),
                )
            for records in wanted - self._linked.keys():
                row = connection.execute(
                    """
                    insert into identity.overrides (action, left_record, right_record, made_by, reason)
                    values ('link', %s, %s, %s, %s)
                    returning override_id
                    """,
                    (*(f"customers:{source_id}" for source_id in records), *_STEWARD),
                ).fetchone()
                assert row is not None
                self._linked[records] = row[0]

    def _ask(self, asked: Sequence[_Asked]) -> dict[tuple[int, int], Answer]:
        by_holidays: dict[frozenset[str], list[_Asked]] = defaultdict(list)
        for one in asked:
            by_holidays[one.holidays].append(one)
        answers: dict[tuple[int, int], Answer] = {}
        for holidays, together in by_holidays.items():
            with db.connect(self._settings) as connection:
                replace_contracts(connection, self._key, self._scenarios)
                connection.execute("delete from privacy.public_holidays")
                with connection.cursor() as cursor:
                    cursor.executemany(
                        "insert into privacy.public_holidays (holiday_date) values (%s)",
                        [(day,) for day in sorted(holidays)],
                    )
                decisions = decide(connection, [self._question(connection, one.question) for one in together])
                connection.rollback()
            for one, decision in zip(together, decisions, strict=True):
                answers[one.place, one.number] = decision.decision, decision.reason
        return answers

    def _question(self, connection: psycopg.Connection, question: Mapping[str, Any]) -> Question:
        source_id, point = question.get("source_id"), question.get("contact_point")
        return Question(
            identity=find_person(connection, self._key, None, source_id) if source_id else None,
            contact_point=_find_point(connection, self._key, point) if point else None,
            channel=question["channel"],
            purpose=question["purpose"],
            valid_at=_moment(question["valid_at"]),
            known_at=_known_at(question),
            recipient=question.get("recipient"),
            controller=question.get("controller"),
            product_family=question.get("product_family"),
            check_hours=bool(question.get("check_hours")),
            jurisdiction=question.get("jurisdiction") or REGION,
        )


def _find_point(connection: psycopg.Connection, key: PseudonymKey, text: str) -> str | None:
    """Return the name of a contact point in the ledger; none for a kind that the ledger does not know."""
    is_known = split_contact_point(text)[0] in CONTACT_KINDS
    return find_contact_point(connection, key, text, REGION) if is_known else None


def _links(scenario: Scenario) -> list[_Link]:
    """Return the pairs of identities that a scenario holds to be one person, each with its time."""
    by_person: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for link in scenario.get("identity_links") or []:
        by_person[link["person_id"]].append(link)
    found = []
    for links in by_person.values():
        for left, right in combinations(links, 2):
            spans = [_span(left), _span(right)]
            begin, end = max(span[0] for span in spans), min(span[1] for span in spans)
            if left["source_id"] != right["source_id"] and begin < end:
                records = (left["source_id"], right["source_id"])
                found.append(_Link(records, begin, end, max(span[2] for span in spans)))
    return found


def _span(link: Mapping[str, Any]) -> tuple[datetime, datetime, datetime]:
    begin = _moment(link.get("valid_from")) if link.get("valid_from") else datetime(1970, 1, 1, tzinfo=UTC)
    end = _moment(link["valid_to"]) if link.get("valid_to") else _IN_THE_END
    return begin, end, _moment(link["recorded_at"]) if link.get("recorded_at") else begin


def _run_of(
    question: Mapping[str, Any], moments: Sequence[datetime], links: Sequence[_Link]
) -> datetime | None:
    """Return the last run up to the question's moment that knew just the links that the question is to see."""
    valid_at, known_at = _moment(question["valid_at"]), _known_at(question)
    wanted = {link.records for link in links if link.holds(valid_at, known_at)}
    fitting = [
        moment
        for moment in moments
        if {link.records for link in links if link.holds(moment, moment)} == wanted
    ]
    return max((moment for moment in fitting if moment <= valid_at), default=min(fitting, default=None))


def _known_at(question: Mapping[str, Any]) -> datetime:
    return _moment(question["known_at"]) if question.get("known_at") else _IN_THE_END


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _make_project(settings: Settings, sources: Sequence[str]) -> None:
    """Write a project with the house sources, and a web shop for each system of the scenarios."""
    create_project(settings)
    path = settings.project_dir / "dbt_project.yml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    shop = {"plugin": "store", "region": REGION, "time_zone": "Europe/Paris"}
    document["vars"]["cercle_sources"] |= {name: dict(shop) for name in sources}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


@contextmanager
def _own_warehouse(settings: Settings) -> Iterator[Settings]:
    """Make a database and a folder, and drop both in the end."""
    database = f"cercle_simulation_{secrets.token_hex(4)}"
    name = sql.Identifier(database)
    home = Path(tempfile.mkdtemp(prefix="cercle-simulation-"))
    try:
        with db.connect(settings, autocommit=True) as connection:
            try:
                connection.execute(sql.SQL("create database {}").format(name))
            except psycopg.errors.InsufficientPrivilege:
                raise CercleError(
                    "The database's user may make no database, which --through-sources needs",
                    remedy="Give a user with CREATEDB, or leave CERCLE_DSN out and use the embedded server",
                ) from None
            own = replace(
                settings,
                home=home,
                dsn=make_conninfo(**{**db.conninfo(settings), "dbname": database}),
                project_dir=home / "project",
                landing_dir=home / "landing",
                hmac_spec=f"simulation:{secrets.token_hex(32)}",
            )
            try:
                with db.connect(own) as fresh:
                    db.migrate(fresh)
                yield own
            finally:
                connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
    finally:
        shutil.rmtree(home, ignore_errors=True)
