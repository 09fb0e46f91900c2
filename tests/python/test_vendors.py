"""The plugins of vendors: their samples through the whole circle in one build."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import yaml

from cercle import vendors
from cercle.dbt_runner import read_manifest
from cercle.load import load_landing
from cercle.paths import package_root
from cercle.privacy.access import read_access
from cercle.privacy.erasure import Order, erase
from cercle.settings import Settings
from cercle.sources import installed_plugins
from projects import World, clone_world, land, make_project, query, run

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def warehouse(make_lasting_database: Callable[..., Settings]) -> Settings:
    """A published warehouse of which every vendor is a source, each with its samples. Read it; change nothing."""
    settings = make_lasting_database()
    options = {"region": "FR", "time_zone": "Europe/Paris"}
    make_project(settings, {name: {"plugin": name, **options} for name in vendors.__all__})
    project = settings.project_dir / "dbt_project.yml"
    document = yaml.safe_load(project.read_text(encoding="utf-8"))
    document["vars"]["cercle_sign_up_notices"] = {
        "mailchimp": {"notice_id": "loyalty", "notice_version": "2"}
    }
    document["vars"]["cercle_mailbox_domains"] = ["Boutique.exemple.fr"]
    document["vars"]["cercle_x_accounts"] = ["x:100"]
    document["vars"]["cercle_facebook_pages"] = ["facebook:100"]
    project.write_text(yaml.safe_dump(document), encoding="utf-8")
    land(settings, "privacy", "notices", [package_root() / "samples" / "privacy" / "notices.jsonl"])
    for name in vendors.__all__:
        samples = installed_plugins()[name].samples_dir
        assert samples is not None
        for path in samples.iterdir():
            land(settings, name, path.name.partition(".")[0], [path])
    run(settings, as_of=AS_OF)
    return settings


def test_a_project_without_vendors_has_nothing_of_them(world: World) -> None:
    """No node for dbt to parse or to build."""
    packages = {node["package_name"] for node in read_manifest(world.settings)["nodes"].values()}
    assert packages - {"cercle_project"} == {"cercle"}


def test_nothing_of_the_samples_is_lost(warehouse: Settings) -> None:
    counts = query(
        warehouse,
        """
        select sum(read_count - stored_count), sum(rejected_count), count(*) filter (where state <> 'checked')
        from ops.loads
        """,
    )
    assert counts == [(0, 0, 0)]


# --- the help desk ------------------------------------------------------------------------------------------


def test_a_ticket_is_a_conversation_in_its_channel(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select channel, direction, case_id, outcome
        from marts.interactions
        where source_name = 'zendesk'
        order by occurred_at
        """,
    )
    assert rows == [
        ("email", "inbound", "zendesk:501", None),
        ("email", "outbound", "zendesk:501", None),  # and not the internal note
        ("email", "inbound", "zendesk:501", None),
        ("web_form", "inbound", "zendesk:502", None),
        ("web_form", "outbound", "zendesk:502", None),
        ("chat", "inbound", "zendesk:503", None),
        ("chat", "outbound", "zendesk:503", None),
        ("phone", "inbound", "zendesk:504", "answered"),
    ]


def test_a_requester_is_one_customer_and_an_agent_none(warehouse: Settings) -> None:
    text = """
        select count(distinct customer_id), count(*) filter (where customer_id is null)
        from marts.interactions
        where source_name = 'zendesk'
    """
    assert query(warehouse, text) == [(2, 0)]
    text = (
        "select count(*) from marts.customer_identifiers where identifier_value like '%%@boutique.exemple.fr'"
    )
    assert query(warehouse, text) == [(0,)]


# --- mail ---------------------------------------------------------------------------------------------------


def test_mail_is_one_thread_with_its_sides(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select direction, is_bulk, is_automatic, count(*) over (partition by conversation_id), body
        from marts.interactions
        where source_name = 'mailbox'
        order by occurred_at
        """,
    )
    assert rows == [
        ("inbound", False, False, 3, "Bonjour, le couvercle de ma théière est cassé.\nFrom la boîte, déjà."),
        ("outbound", False, False, 3, "Nous vous envoyons un autre couvercle."),
        ("inbound", True, False, 1, "Des nouvelles."),
        ("inbound", False, True, 3, "Je suis absente."),
    ]


# --- calls and text messages --------------------------------------------------------------------------------


def test_legs_and_unfinished_calls_are_no_contacts(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select channel, direction, outcome, customer_id is not null
        from marts.interactions
        where source_name = 'twilio'
        order by occurred_at, interaction_id
        """,
    )
    assert rows == [
        ("phone", "inbound", "answered", True),
        ("phone", "outbound", "missed", True),
        ("phone", "inbound", "abandoned", True),
        ("sms", "inbound", None, True),
        ("sms", "outbound", None, True),
        ("sms", "inbound", None, True),
        ("sms", "outbound", None, True),
    ]


def test_the_legs_of_a_call_are_one_and_extensions_are_nobody(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select direction, outcome, venue, customer_id is not null, to_char(ended_at at time zone 'UTC', 'HH24:MI:SS')
        from marts.interactions
        where source_name = 'asterisk'
        order by occurred_at
        """,
    )
    assert rows == [
        ("inbound", "answered", None, True, "08:03:26"),
        ("inbound", "abandoned", "service", True, "09:02:00"),
        ("outbound", "answered", None, True, "10:01:09"),
        ("inbound", "voicemail", None, True, "19:00:45"),
    ]


def test_one_number_is_one_customer_whoever_reports_it(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select count(distinct customer_id), count(distinct source_name)
        from marts.interactions
        where channel = 'phone'
            and direction = 'inbound'
            and outcome = 'answered'
            and source_name in ('zendesk', 'twilio')
        """,
    )
    assert rows == [(1, 2)]


# --- the shop -------------------------------------------------------------------------------------------------


def test_lines_and_refunds_add_up_to_the_order(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select order_number, status, sales_channel, total_amount, net_amount, customer_id is not null
        from marts.orders
        where source_name = 'shopify'
        order by order_number
        """,
    )
    assert [(*row[:3], float(row[3]), float(row[4]), row[5]) for row in rows] == [
        ("1001", "completed", "web", 57, 57, True),  # 60 - 3, and two cups that came back
        ("1002", "completed", "store", 36, 36, True),  # prices without taxes; and not 1003, which is a trial
    ]
    lines = query(
        warehouse,
        "select line_number, quantity, line_amount, is_return from marts.order_lines order by order_id, line_number",
    )
    assert [(line, float(count), float(amount), back) for line, count, amount, back in lines] == [
        (11, 1, 57, False),
        (12, 2, 38, False),
        (9011, -2, -38, True),
        (21, 3, 36, False),
    ]


# --- networks -------------------------------------------------------------------------------------------------


def test_posts_and_direct_messages_have_their_sides(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select kind, direction, customer_id is not null, parent_interaction_id, count(*) over (partition by customer_id)
        from marts.interactions
        where source_name = 'x'
        order by occurred_at
        """,
    )
    assert rows == [
        ("mention", "inbound", True, None, 4),
        ("reply", "outbound", True, "interactions:x:x:7001", 4),
        ("direct_message", "inbound", True, None, 4),
        ("direct_message", "outbound", True, None, 4),
        ("reaction", "inbound", True, None, 1),
        ("post", "outbound", False, None, 1),
    ]
    [(handles,)] = query(
        warehouse,
        """
        select array_agg(identifier_value order by identifier_value)
        from marts.customer_identifiers
        where identifier_type = 'handle'
        """,
    )
    assert handles == ["x:elo_exemple", "x:tim_exemple"]  # and not the company's


def test_a_page_and_its_visitors_have_their_sides(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select kind, direction, customer_id is not null, parent_interaction_id
        from marts.interactions
        where source_name = 'facebook'
        order by occurred_at
        """,
    )
    post = "interactions:facebook:facebook:100_9001"
    assert rows == [
        ("post", "outbound", False, None),
        ("comment", "inbound", True, post),
        ("reply", "outbound", True, "interactions:facebook:facebook:9001_1"),
        ("comment", "inbound", False, post),  # nobody may see who wrote it
        ("mention", "inbound", True, None),
        ("direct_message", "inbound", True, None),
        ("direct_message", "outbound", True, None),
    ]


# --- e-mail platforms ---------------------------------------------------------------------------------------


def test_delivery_events_are_touches_of_their_campaign(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select source_name, kind, campaign_number, count(*)
        from marts.campaign_touches
        where source_name in ('sendgrid', 'mailchimp', 'brevo')
        group by source_name, kind, campaign_number
        order by source_name, kind
        """,
    )
    assert rows == [
        ("brevo", "bounce", None, 1),
        ("brevo", "click", "soldes", 1),
        ("brevo", "delivered", "soldes", 1),
        ("brevo", "sent", "soldes", 1),  # what opens by itself is no opening
        ("brevo", "unsubscribe", "17", 1),
        ("mailchimp", "bounce", "c0ffee", 1),
        ("mailchimp", "click", "c0ffee", 1),
        ("mailchimp", "open", "c0ffee", 1),
        ("sendgrid", "bounce", "soldes", 2),
        ("sendgrid", "click", "12345", 1),
        ("sendgrid", "complaint", "12345", 1),
        ("sendgrid", "delivered", "12345", 1),
        ("sendgrid", "open", "12345", 1),
        ("sendgrid", "sent", "12345", 1),
        ("sendgrid", "unsubscribe", "12345", 1),
    ]


def test_a_stop_binds_and_only_a_proof_allows(warehouse: Settings) -> None:
    """What each platform says of permissions, as it comes out of the decisions for e-mail and text messages."""
    rows = query(
        warehouse,
        """
        select distinct known.normalised, contactability.channel, contactability.decision, contactability.reason
        from marts.contactability
        inner join ops.normalised_values as known
            on contactability.contact_point_key = known.value_key and known.value_type in ('email', 'phone')
        where contactability.purpose = 'direct_marketing' and contactability.channel in ('email', 'sms')
        """,
    )
    decided = {(point, channel): (decision, reason) for point, channel, decision, reason in rows}
    expected = {
        # Mailchimp: form and click, each with its time and address, under a notice that the project names
        ("anne.sample@exemple.fr", "email"): ("ALLOW", "CONSENT"),
        # an import has a CONFIRM_TIME and no CONFIRM_IP; a form alone is not confirmed
        ("ines.importee@exemple.fr", "email"): ("DENY", "NO_PROOF"),
        ("luc.inacheve@exemple.fr", "email"): ("DENY", "NO_PROOF"),
        ("rita.remise@exemple.fr", "email"): ("DENY", "NO_PROOF"),
        ("paul.parti@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("rose.rejetee@exemple.fr", "email"): ("DENY", "UNREACHABLE"),
        # Brevo: BLACKLISTED Yes is a refusal, by channel
        ("bruno.modele@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("+33639980002", "sms"): ("DENY", "WITHDRAWN"),
        ("emma.perdue@exemple.fr", "email"): ("DENY", "UNREACHABLE"),
        ("fred.parti@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        # SendGrid: a complaint and an unsubscription stop, a group_resubscribe lifts nothing; blocked is not for good
        ("noe.fictif@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("zoe.fictive@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("mia.modele@exemple.fr", "email"): ("DENY", "NO_BASIS"),
        # Shopify: unsubscribed stops; subscribed, even as confirmed_opt_in, is no proof (anne is proven by Mailchimp)
        ("theo.invente@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("+33639980021", "sms"): ("DENY", "WITHDRAWN"),
        # mail servers: failed for good, failed for now, late, complained of
        ("hugo.perdu@exemple.fr", "email"): ("DENY", "UNREACHABLE"),
        ("lea.pleine@exemple.fr", "email"): ("DENY", "NO_BASIS"),
        ("nina.plainte@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        # Twilio: STOP
        ("+33639980014", "sms"): ("DENY", "WITHDRAWN"),
        ("+33639980011", "sms"): ("DENY", "NO_BASIS"),
    }
    assert {key: decided.get(key) for key in expected} == expected
    assert [key for key, (decision, _) in decided.items() if decision == "ALLOW"] == [
        ("anne.sample@exemple.fr", "email")
    ]


def test_the_ledger_holds_no_address_of_a_platform(warehouse: Settings) -> None:
    rows = query(warehouse, "select row_to_json(events)::text from privacy.consent_events as events")
    assert len(rows) == 20
    assert not [text for (text,) in rows if "exemple.fr" in text or "3998" in text]


# --- rights ---------------------------------------------------------------------------------------------------

HELD = {
    "mailbox__messages",
    "mailchimp__activities",
    "mailchimp__subscribed_members",
    "sendgrid__events",
    "shopify__customers",
    "shopify__order_lines",
    "shopify__orders",
    "shopify__refund_lines",
    "twilio__calls",
    "zendesk__satisfaction_ratings",
    "zendesk__ticket_comments",
    "zendesk__users",
}


def rows_naming(settings: Settings, relation: str) -> int:
    """Rows of a raw table in which the person's mailbox or number stands."""
    text = f"select count(*) from raw.{relation} as rows where rows::text ~ 'anne.sample|39984827|39980021'"
    [(count,)] = query(settings, text)
    return int(count)


def test_a_person_known_to_many_vendors_is_shown_erased_and_stays_out(
    warehouse: Settings, make_database: Callable[..., Settings]
) -> None:
    settings = clone_world(World(warehouse, warehouse.home, AS_OF), make_database).settings
    [(customer_id,)] = query(
        settings,
        "select customer_id from marts.customer_identifiers where identifier_value = 'anne.sample@exemple.fr'",
    )
    held = read_access(settings, customer_id).delivered
    assert {holding.relation for holding in held} == {f"raw.{name}" for name in HELD}
    assert sum(rows_naming(settings, name) for name in HELD) > 10

    erasure = erase(settings, Order("Asked for by letter.", customer_id))
    assert {count.relation for count in erasure.relations} >= {f"raw.{name}" for name in HELD}
    relations = [name for (name,) in query(settings, "select raw_relation from ops.raw_relations")]
    assert sum(rows_naming(settings, name.removeprefix("raw.")) for name in relations) == 0

    # The same rows in other files: what is hers is kept out, what is others' is known.
    for name in vendors.__all__:
        samples = installed_plugins()[name].samples_dir
        assert samples is not None
        for path in samples.iterdir():
            entity, _, ending = path.name.partition(".")
            again = settings.landing_dir / name / entity / f"again.{ending}"
            again.write_bytes(path.read_bytes() + b"\n")
    results = load_landing(settings)
    assert {result.state for result in results} == {"loaded"}
    assert sum(result.stored_count for result in results) == 0
    assert sum(result.suppressed_count for result in results) > 10
    assert sum(rows_naming(settings, name.removeprefix("raw.")) for name in relations) == 0
