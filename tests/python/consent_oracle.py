"""The rules of docs/consent.md once more, question by question, in plain Python: an oracle for tests alone.

It shares no code with the product. Each rule is one branch of `decide`, in the order of R10.
"""

# ruff: noqa: C901, PLR0911, PLR0917

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
LAW = datetime(2026, 8, 10, 22, tzinfo=UTC)
NEVER = datetime(1, 1, 1, tzinfo=UTC)
ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
STOPS = {
    "objection": (3, "OBJECTED"),
    "consent_withdrawn": (2, "WITHDRAWN"),
    "consent_refused": (1, "REFUSED"),
}
SCOPES = {"objection": "person", "consent_withdrawn": "channel", "consent_refused": "contact_point"}
BITES = {
    *STOPS,
    "restriction_on",
    "erasure_executed",
    "hard_bounce",
    "contact_point_released",
    "call_refused",
}
TYPES = {
    *BITES, "consent_given", "doi_confirmed", "guardian_consent", "consent_not_given", "informed_optout_offered",
    "restriction_off", "contact_point_verified", "contact_point_replaced", "annulment",
}  # fmt: skip
CHANNELS = {"email", "sms", "phone_call", "phone_auto", "postal", "social_audience"}
MARKETING = {
    "direct_marketing", "marketing_profiling", "partner_prospecting", "audience_matching", "special_category_use",
}  # fmt: skip
PURPOSES = {*MARKETING, "service_transactional", "rights_response", "security_notice"}
ACTORS = {"subject", "guardian", "operator", "system", "authority"}
OBJECTED = {"direct_marketing", "marketing_profiling", "audience_matching", "partner_prospecting"}
BAD_METHODS = {"preticked", "tos_acceptance", "account_creation", "silence", "inferred"}
FILES = {"bulk_import", "file_reload", "crm_flag"}
ENGAGING = {
    "purchase", "click", "login", "inbound_call", "inbound_message", "form_submit", "store_visit_identified",
}  # fmt: skip
FAULTS = [
    "NOT_EXPLICIT", "RECIPIENT_NOT_NAMED", "MINOR_NO_GUARDIAN", "PENDING_DOI", "INVALIDATED", "INVALID_METHOD",
    "NO_PROOF", "NOT_COVERED_BY_NOTICE", "QUARANTINED", "EXPIRED", "NO_BASIS",
]  # fmt: skip


def _t(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _months(moment: datetime, months: int) -> datetime:
    count = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(count, 12)
    day = moment.day
    while True:
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            day -= 1


def _birthday(born: date, age: int) -> datetime:
    try:
        day = born.replace(year=born.year + age)
    except ValueError:
        day = date(born.year + age, 3, 1)
    return datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)


class World:
    """One scenario; `decide` answers one question."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.s = scenario
        self.events = [dict(event) for event in scenario.get("events", [])]
        for event in self.events:
            self._prepare(event)
        self._redeliveries()

    def _prepare(self, e: dict[str, Any]) -> None:
        occurred, recorded = _t(e.get("occurred_at")), _t(e.get("recorded_at"))
        e["rec"] = recorded or occurred or NEVER
        e["bad_clock"] = occurred is None or occurred > e["rec"] + timedelta(minutes=5)
        e["at"] = e["rec"] if e["bad_clock"] and e["type"] in BITES else (occurred or e["rec"])
        kinds = [e[k].split(":")[0] for k in ("contact_point", "from", "to") if e.get(k)]
        listed = e.get("purposes") or []
        e["quarantined"] = (
            e["type"] not in TYPES
            or (e.get("channel") is not None and e["channel"] not in CHANNELS)
            or any(p not in PURPOSES for p in [*listed, *([e["purpose"]] if e.get("purpose") else [])])
            or (e.get("actor") is not None and e["actor"] not in ACTORS)
            or (e.get("scope") is not None and e["scope"] not in ("contact_point", "channel", "person"))
            or any(kind not in ("email", "tel", "addr", "social") for kind in kinds)
            or (e["bad_clock"] and e["type"] not in BITES)
        )
        e["dead"] = False

    def _redeliveries(self) -> None:
        internal = {"id", "recorded_at", "rec", "bad_clock", "at", "quarantined", "dead"}
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for e in self.events:
            system = e.get("source_id", "").split(":")[0]
            groups.setdefault((system, e.get("source_event_id") or e["id"]), []).append(e)
        self.same: dict[str, str] = {}
        for group in groups.values():
            contents: dict[str, list[dict[str, Any]]] = {}
            for e in group:
                text = repr(sorted((k, v) for k, v in e.items() if k not in internal))
                contents.setdefault(text, []).append(e)
            firsts = []
            for same in contents.values():
                same.sort(key=lambda e: (e["rec"], e["id"]))
                firsts.append(same[0])
                for e in same:
                    self.same[e["id"]] = same[0]["id"]
                    e["dead"] = e is not same[0]
            earliest = min(e["rec"] for e in firsts)
            winners = [e for e in firsts if e["rec"] == earliest]
            self.is_tied = getattr(self, "is_tied", False) or len(winners) > 1
            for e in firsts:
                if e is not winners[0] and e["type"] not in STOPS:
                    e["quarantined"] = True

    # -- what is known, and what is linked

    def _counts(self, e: dict[str, Any], known: datetime) -> bool:
        """Known at `known`, and not annulled by then."""
        if e["dead"] or e["rec"] > known:
            return False
        return not any(
            a["type"] == "annulment"
            and not a["quarantined"]
            and self.same.get(a.get("annuls", "")) == e["id"]
            and self._counts(a, known)
            for a in self.events
        )

    def _links(self, known: datetime) -> list[tuple[str, str, datetime, datetime]]:
        return [
            (
                x["source_id"],
                x["person_id"],
                _t(x.get("valid_from")) or NEVER,
                _t(x.get("valid_to")) or ALWAYS,
            )
            for x in self.s.get("identity_links", [])
            if (_t(x.get("recorded_at")) or _t(x.get("valid_from")) or NEVER) <= known
        ]

    def _linked(self, a: str | None, b: str | None, at: datetime, known: datetime) -> bool:
        if a is None or b is None:
            return False
        if a == b:
            return True
        here = [(s, p) for s, p, start, end in self._links(known) if start <= at < end]
        return bool({p for s, p in here if s == a} & {p for s, p in here if s == b})

    def _identities(self, source: str, at: datetime, known: datetime) -> set[str]:
        every = {source, *(x["source_id"] for x in self.s.get("identity_links", []))}
        return {other for other in every if self._linked(source, other, at, known)}

    def _born(self, sources: set[str]) -> date | None:
        people = self.s.get("people", {})
        dates = [date.fromisoformat(people[s]["birth_date"]) for s in sources if s in people]
        return max(dates, default=None)

    def _points(
        self, point: str | None, at: datetime, known: datetime, ids: set[str]
    ) -> tuple[set[str], dict[str, datetime]]:
        """Contact points whose stops count, and those whose grants count, until when they were given."""
        hops = [
            e
            for e in self.events
            if e["type"] == "contact_point_replaced" and not e["quarantined"] and e["at"] <= at
            and self._counts(e, known) and e.get("from") != e.get("to")
        ]  # fmt: skip
        stops: set[str] = set()
        grants: dict[str, datetime] = {}
        if point is None:
            return stops, grants
        waiting: list[tuple[str, bool, datetime, tuple[str, ...]]] = [(point, True, ALWAYS, (point,))]
        while waiting:
            here, carries, until, seen = waiting.pop()
            stops.add(here)
            if carries:
                grants[here] = max(grants.get(here, NEVER), until)
            for e in hops:
                if e.get("to") == here and e.get("from") not in seen and e.get("from"):
                    own = carries and e.get("actor") == "subject" and e.get("source_id") in ids
                    waiting.append((e["from"], own, e["at"], (*seen, e["from"])))
        return stops, grants

    # -- the decision

    def decide(self, q: dict[str, Any]) -> tuple[str, str]:
        at, known = _t(q["valid_at"]), _t(q["known_at"])
        assert at
        assert known
        source, point, channel, purpose = q["source_id"], q.get("contact_point"), q["channel"], q["purpose"]
        ids = self._identities(source, at, known)
        live = [e for e in self.events if not e["quarantined"] and e["at"] <= at and self._counts(e, known)]
        once = [
            e for e in live
            if e.get("source_id") not in ids and any(self._linked(i, e.get("source_id"), e["at"], known) for i in ids)
        ]  # fmt: skip
        mine = [e for e in live if e.get("source_id") in ids]
        if any(e["type"] == "erasure_executed" for e in mine + once):
            return "DENY", "ERASED"
        if purpose in ("rights_response", "security_notice") and channel in CHANNELS:
            return "ALLOW", "LEGAL_OBLIGATION"
        on = [e["at"] for e in mine + once if e["type"] == "restriction_on"]
        off = [e["at"] for e in mine if e["type"] == "restriction_off"]
        if on and max(on) >= max(off, default=NEVER):
            return "DENY", "RESTRICTED"
        lost = [
            e["at"] for e in live
            if e["type"] in ("hard_bounce", "contact_point_released") and point and e.get("contact_point") == point
        ]  # fmt: skip
        seen = [
            e["at"] for e in mine
            if e["type"] == "contact_point_verified" and e.get("contact_point") == point
            and e.get("actor", "subject") == "subject"
        ]  # fmt: skip
        if lost and max(lost) >= max(seen, default=NEVER):
            return "DENY", "UNREACHABLE"
        if purpose == "service_transactional" and channel in CHANNELS:
            return "ALLOW", "CONTRACT"
        born = self._born(ids)
        if purpose == "audience_matching" and channel in CHANNELS and born and at < _birthday(born, 18):
            return "DENY", "MINOR_PROFILING"
        stop_points, grant_points = self._points(point, at, known, ids)
        grants = self._grants(q, ids, grant_points, at, known)
        standing = self._standing(live, ids, once, stop_points, grants, channel, purpose, known)
        if standing:
            return "DENY", max(standing)[1]
        law = self._telephone(q, ids, live, at, known)
        if law:
            return "DENY", law
        return self._basis(q, ids, live, grants, at, known)

    def _grants(
        self, q: dict[str, Any], ids: set[str], points: dict[str, datetime], at: datetime, known: datetime
    ) -> list[tuple[dict[str, Any], str | None]]:
        found = []
        for e in self.events:
            if e["type"] != "consent_given" or e["at"] > at or not self._counts(e, known):
                continue
            if e.get("source_id") not in ids or e.get("channel") != q["channel"]:
                continue
            if q["purpose"] != e.get("purpose") and q["purpose"] not in (e.get("purposes") or []):
                continue
            if e.get("contact_point") not in points or e["at"] > points[e["contact_point"]]:
                continue
            if q.get("controller") and e.get("controller") and q["controller"] != e["controller"]:
                continue
            found.append((e, self._fault(e, q, at, known)))
        return found

    def _fault(self, e: dict[str, Any], q: dict[str, Any], at: datetime, known: datetime) -> str | None:
        if e["quarantined"]:
            return "QUARANTINED"
        if e.get("actor") != "subject":
            return "NO_PROOF"
        if e.get("method") in BAD_METHODS:
            return "INVALID_METHOD"
        notice = next((n for n in self.s.get("notices", []) if n["id"] == e.get("notice")), None)
        if not e.get("evidence") or notice is None:
            return "NO_PROOF"
        if not (_t(notice["valid_from"]) or NEVER) <= e["at"] < (_t(notice.get("valid_to")) or ALWAYS):
            return "NO_PROOF"
        if notice.get("invalidated_recorded_at") and _t(notice["invalidated_recorded_at"]) <= known:  # type: ignore[operator]
            return "INVALIDATED"
        if [q["channel"], q["purpose"]] not in notice["covers"]:
            return "NOT_COVERED_BY_NOTICE"
        if q["purpose"] == "partner_prospecting" and q.get("recipient") not in notice.get("recipients", []):
            return "RECIPIENT_NOT_NAMED"
        if q["purpose"] == "special_category_use" and not e.get("explicit"):
            return "NOT_EXPLICIT"
        born = self._born({e["source_id"]})
        about = [
            c for c in self.events
            if c.get("for") and self.same.get(c["for"]) == e["id"] and not c["quarantined"] and c["at"] <= at
            and self._counts(c, known)
        ]  # fmt: skip
        guarded = any(
            c["type"] == "guardian_consent" and c.get("actor", "guardian") == "guardian" for c in about
        )
        if born and e["at"] < _birthday(born, 15) and not guarded:
            return "MINOR_NO_GUARDIAN"
        week = e["at"] + timedelta(days=7)
        confirmed = any(
            c["type"] == "doi_confirmed"
            and c.get("actor", "subject") == "subject"
            and e["at"] <= c["at"] < week
            for c in about
        )
        if e.get("double_opt_in") and not confirmed:
            return "PENDING_DOI"
        return None

    def _standing(
        self, live: list[dict[str, Any]], ids: set[str], once: list[dict[str, Any]], points: set[str],
        grants: list[tuple[dict[str, Any], str | None]], channel: str, purpose: str, known: datetime,
    ) -> list[tuple[int, str]]:  # fmt: skip
        standing = []
        for e in live:
            if e["type"] not in STOPS:
                continue
            listed = set(e.get("purposes") or [])
            if not listed and e["type"] == "objection":
                listed = OBJECTED | ({e["purpose"]} if e.get("purpose") else set())
            elif not listed and e.get("purpose"):
                listed = {e["purpose"]}
            if listed and purpose not in listed:
                continue
            scope = e.get("scope") or SCOPES[e["type"]]
            if scope == "contact_point" and not e.get("contact_point"):
                scope = "channel"
            same_point = bool(e.get("contact_point")) and e["contact_point"] in points
            same_person = e.get("source_id") in ids or e in once
            same_channel = scope == "person" or e.get("channel") in (None, channel)
            by_person = scope != "contact_point" and same_person
            reaches = (same_point and (scope == "contact_point" or same_channel)) or (
                by_person and same_channel
            )
            if not reaches:
                continue
            lifted = any(
                fault is None
                and g.get("method") not in FILES
                and g["at"] > e["at"]
                and (
                    same_point
                    or g["source_id"] == e.get("source_id")
                    or self._linked(g["source_id"], e.get("source_id"), g["at"], known)
                )
                for g, fault in grants
            )
            if not lifted:
                standing.append(STOPS[e["type"]])
        return standing

    def _contract(self, q: dict[str, Any], ids: set[str], at: datetime, known: datetime) -> bool:
        return any(
            c["source_id"] in ids
            and (_t(c.get("start")) or NEVER) <= min(at, known)
            and at < (_t(c.get("end")) or ALWAYS)
            and q.get("product_family") in c["related_families"]
            for c in self.s.get("contracts", [])
        )

    def _telephone(
        self, q: dict[str, Any], ids: set[str], live: list[dict[str, Any]], at: datetime, known: datetime
    ) -> str | None:
        if (q["channel"], q["purpose"]) != ("phone_call", "direct_marketing"):
            return None
        point = q.get("contact_point")
        if at < LAW and not self._contract(q, ids, at, known):
            scrubs = [s for s in self.s.get("bloctel_scrubs", []) if _t(s["scrubbed_at"]) <= min(at, known)]  # type: ignore[operator]
            last = max(scrubs, key=lambda s: s["scrubbed_at"], default=None)
            if last is None or at - _t(last["scrubbed_at"]) >= timedelta(days=30):  # type: ignore[operator]
                return "SCRUB_STALE"
            if point in last["listed"]:
                return "BLOCTEL"
        if any(
            e["type"] == "call_refused" and point and e.get("contact_point") == point
            and at < e["at"] + timedelta(days=60)
            for e in live
        ):  # fmt: skip
            return "CALL_REFUSED_60D"
        here = at.astimezone(PARIS)
        minutes = here.hour * 60 + here.minute
        open_now = 600 <= minutes < 780 or 840 <= minutes < 1200
        closed = (
            here.weekday() > 4 or not open_now or here.date().isoformat() in self.s.get("public_holidays", [])
        )
        if q.get("check_hours") and closed:
            return "OUTSIDE_HOURS"
        calls = [
            c for c in self.s.get("call_attempts", [])
            if c["contact_point"] == point and at - timedelta(days=30) < _t(c["at"]) <= min(at, known)  # type: ignore[operator]
        ]  # fmt: skip
        return "CALL_CAP" if len(calls) >= 4 else None

    def _term(self, start: datetime, ids: set[str], at: datetime, known: datetime) -> datetime:
        end = _months(start, 36)
        times = sorted(
            t
            for a in self.s.get("activity", [])
            if a["kind"] in ENGAGING
            and a["source_id"] in ids
            and (t := _t(a["occurred_at"]))
            and t <= min(at, known)
        )
        for t in times:
            if start <= t < end:
                end = max(end, _months(t, 36))
        return end

    def _basis(
        self, q: dict[str, Any], ids: set[str], live: list[dict[str, Any]],
        grants: list[tuple[dict[str, Any], str | None]], at: datetime, known: datetime,
    ) -> tuple[str, str]:  # fmt: skip
        channel, purpose, point = q["channel"], q["purpose"], q.get("contact_point")
        faults = {fault for _, fault in grants if fault}
        starts: dict[str, list[datetime]] = {"CONSENT": [], "SOFT_OPT_IN": [], "LEGITIMATE_INTEREST": []}
        if channel in CHANNELS and purpose in MARKETING:
            starts["CONSENT"] = [g["at"] for g, fault in grants if fault is None]
        if channel in ("email", "sms") and purpose == "direct_marketing":
            starts["SOFT_OPT_IN"] = [
                t
                for s in self.s.get("sales", [])
                if s["source_id"] in ids and s["status"] == "completed" and s["collected_from_subject"]
                and s["optout_offered"] and q.get("controller") and s["controller"] == q["controller"]
                and q.get("product_family") and s["product_family"] == q["product_family"]
                and point and s["contact_point"] == point and (t := _t(s["occurred_at"])) and t <= min(at, known)
            ]  # fmt: skip
        if purpose == "direct_marketing" and (channel == "postal" or (channel == "phone_call" and at < LAW)):
            starts["LEGITIMATE_INTEREST"] = [
                e["at"]
                for e in live
                if e["type"] == "informed_optout_offered" and e.get("source_id") in ids and e.get("channel") == channel
                and point and e.get("contact_point") == point and e.get("purpose") in (None, purpose)
                and (not q.get("controller") or not e.get("controller") or q["controller"] == e["controller"])
            ]  # fmt: skip
        expired = False
        for reason, moments in starts.items():
            for start in moments:
                if at < self._term(start, ids, at, known):
                    return "ALLOW", reason
                expired = True
        if (channel, purpose) == ("phone_call", "direct_marketing") and self._contract(q, ids, at, known):
            return "ALLOW", "CONTRACT_ONGOING"
        if expired:
            faults.add("EXPIRED")
        return "DENY", next((fault for fault in FAULTS if fault in faults), "NO_BASIS")
