"""Random histories: after whatever has happened, increments hold the rows that a full refresh gives, in every model.

The world is narrow on purpose (a few names, mailboxes, numbers), so that values become shared and are their owner's
again, clusters meet and part, and decisions contradict each other. The seed is in the test's name.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import yaml

from cercle import builds, db, dbt_runner, flow
from cercle.privacy.erasure import Order, erase
from cercle.settings import Settings
from identity_scenarios import Scenario
from identity_support import MODELS, contents, deliver, publish_ids, withdraw
from mini_project import AS_OF
from projects import make_project, query

NAMES = (
    ("Marie", "Tessier"),
    ("Paul", "Tessier"),
    ("Paule", "Tessier"),
    ("Marie", "Vidal"),
    ("Ugo", "Vacher"),
)
BIRTH_DATES = ("", "", "1980-02-01", "1991-07-14")
# What happens beside new and changed rows, one of each, in an order of the seed's.
EVENTS = ("link", "unlink", "block", "revoke", "withdraw", "erase")


class History:
    """A warehouse with identity alone, and what happens in it."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.chance = random.Random(seed)
        self.rows = Scenario("history")
        self.step = 0
        self.full_refreshes = 0
        make_project(settings)
        path = settings.project_dir / "dbt_project.yml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        # Ids of conversations need models that are not made here.
        document["vars"]["cercle_id_kinds"] = {
            kind: f"int_{kind}_ids_versioned" for kind in ("customer", "household")
        }
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def arrive(self, count: int) -> None:
        """Let new rows come, and a later version of a register entry."""
        self.step += 1
        for number in range(count):
            self._add(f"{self.step}-{number}")
        entries = [
            row for rows in self.rows.rows.values() for entity, row in rows if entity == "store/customers"
        ]
        changed = {
            **self.chance.choice(entries),
            **self._contact(),
            "updated_at": f"2025-06-{self.step:02}T00:00:00Z",
        }
        self.rows.rows[self.step].append(("store/customers", changed))
        deliver(self.settings, f"step{self.step}", self.rows.rows[self.step])

    def _add(self, name: str) -> None:
        given, family = self.chance.choice(NAMES)
        kind = self.chance.choice(("person", "person", "order", "contact"))
        if kind == "person":
            self.rows.person(
                name, given, family, self.step, birth_date=self.chance.choice(BIRTH_DATES), **self._contact()
            )
        elif kind == "order":
            self.rows.order(name, self.step, **self._contact())
        else:
            names = self.chance.choice(({}, {"first_name": given, "last_name": family}))
            self.rows.contact(name, self.step, **self._contact(), **names)

    def _contact(self) -> dict[str, str]:
        number = self.chance.randrange(8)
        ways = {"email": f"mail{number}@ex.fr", "phone": f"06 39 98 00 {number:02}"}
        return {
            way: ways[way] for way in self.chance.choice((("email",), ("phone",), ("email", "phone"), ()))
        }

    def happen(self, event: str) -> None:
        """Let something else happen, to somebody."""
        if event == "withdraw":
            withdraw(self.settings, f"step{self.chance.randrange(1, self.step)}")
        elif event == "erase":
            customers = query(
                self.settings, "select distinct customer_id from intermediate.int_record_customers order by 1"
            )
            erase(self.settings, Order("They asked for it.", self.chance.choice(customers)[0]))
        elif event == "revoke":
            self._execute("update identity.overrides set revoked_at = made_at where override_id = 1")
        elif event == "block":
            self._execute(
                "insert into identity.overrides (action, identifier_type, identifier_value, made_by, reason)"
                " values ('block', 'email', 'mail3@ex.fr', 'a steward', 'a test')"
            )
        else:
            records = query(
                self.settings, "select distinct record_key from identity.record_customers order by 1"
            )
            (one,), (other,) = self.chance.sample(records, 2)
            self._execute(
                "insert into identity.overrides (action, left_record, right_record, made_by, reason)"
                f" values ('{event}', '{one}', '{other}', 'a steward', 'a test')"
            )

    def _execute(self, text: str) -> None:
        with db.connect(self.settings) as connection:
            connection.execute(text.encode())

    def build(self, compares: bool = False) -> None:
        """Make and publish who is who; where it compares, a full refresh must hold the same rows."""
        build = builds.start_build(self.settings, AS_OF + timedelta(days=self.step))
        if self.step == 1:
            flow.run_layer(self.settings, build.build_id, "staging")
        self.full_refreshes += build.is_full_refresh
        self._run(build.is_full_refresh)
        if compares:
            found = contents(self.settings)
            self._run(is_full_refresh=True)
            wanted = contents(self.settings)
            differing = sorted(name for name in wanted if found[name] != wanted[name])
            assert differing == [], f"step {self.step}"
            assert wanted["int_record_customers"][0] > 10
        with db.connect(self.settings) as connection:
            publish_ids(connection, build.build_id)

    def _run(self, is_full_refresh: bool) -> None:
        full = ["--full-refresh"] if is_full_refresh else []
        dbt_runner.run_dbt(self.settings, "run", ["--select", MODELS, "customer_identifiers", *full])
        # An erasure looks there for whose an identifier is.
        self._execute(
            "create or replace view marts.customer_identifiers as table marts_build.customer_identifiers"
        )


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "seed",
    [pytest.param(1), pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)],
)
def test_increments_hold_what_a_full_refresh_gives(database: Settings, seed: int) -> None:
    with dbt_runner.warm_dbt(database):
        history = History(database, seed)
        history.arrive(20)
        history.build()
        events = history.chance.sample(EVENTS, len(EVENTS))
        for first, second in zip(events[::2], events[1::2], strict=True):
            history.arrive(4)
            history.happen(first)
            history.happen(second)
            history.build(compares=second == events[-1])
    assert history.full_refreshes <= 1, "most of these builds are to be increments"
