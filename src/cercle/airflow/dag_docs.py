"""What Airflow shows of each DAG."""

from __future__ import annotations

__all__ = ["BUILDING_DOC", "DAILY_DOCS", "LOADING_DOC"]

LOADING_DOC = """\
Loads the new files of **{source}**.

| | |
|---|---|
| reads | `<landing>/{source}/<entity>/…`, `ops.loads` (files seen before are skipped) |
| writes | `raw.*`, `ops.loads`, `ops.rejected_rows`, `ops.normalised_values` |
| then | the asset `raw/{source}`, which starts the building DAG |

Run it again at any time: a file or a row that was stored is not stored twice. A file that cannot be read is
refused in `ops.loads` with its reason, and the others go on.
"""

BUILDING_DOC = """\
Turns new deliveries into published marts.

| group | reads | writes |
|---|---|---|
| raw | new loads | `ops.quality_results`, states in `ops.loads`, `ops.builds` |
| staging | `raw` | `staging` (views) |
| intermediate | `staging`, `identity`, `privacy` | the ledger in `privacy`, `intermediate` |
| marts | `intermediate` | `marts_build`; after the check, in one transaction, `marts` and `identity` |

A failed check publishes nothing: readers go on seeing the last publication. A run that was killed is simply run
again.
"""

DAILY_DOCS = {
    "privacy": """\
The daily round of persons' requests.

| task | reads | writes |
|---|---|---|
| answer_stops | `privacy.requests` | answers and ledger events of objections and withdrawals of known customers |
| check_deadlines | `privacy.requests` | nothing: it fails while a request is late, or ends within five days |
| apply_retention | `privacy.policy_rules` (HOUSE), `ops.loads` | deletes old refused rows, landing files, run records |

What needs judgement waits for a person: `cercle privacy requests`.
""",
    "upkeep": """\
What the warehouse needs at night.

| task | reads | writes |
|---|---|---|
| purge | `privacy.erasure_relations`, `archive` | rewritten tables, `privacy.rewrites`; old accounting rows go |
| keep_up | the server's counters | nothing: dead rows are given back, statistics made anew, where enough has changed |
| keep_figures | `marts.contactability`, the ledger, requests | `privacy.consent_daily`, `privacy.requests_daily` |

A table is locked while it is rewritten, and only those are that an erasure touched.
""",
    "watch": """\
The night watch: every ten minutes it reads `ops`, and tells by e-mail or webhook what needs a person.

| told | over |
|---|---|
| a build failed, a critical rule broke | a later build is published |
| nothing was published for 26 hours | the next publication |
| a delivery is in quarantine, or was refused | released, withdrawn; delivered again |
| a source is silent for three times as long as usual, and a day | its next delivery |
| requests of persons are late, or end within five days | answered |
| alerts of the market (surge, backlash, recurring request) | – |

Each is told once, and once more when it is over; a channel that was away is told in the next round. It writes
`ops.watched_conditions`.
""",
}
