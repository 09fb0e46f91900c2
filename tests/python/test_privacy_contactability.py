"""The mart asks for product families and recipients too; what it allows for one is what the gate lets out."""

from __future__ import annotations

import csv
from collections.abc import Callable

from cercle.privacy.export import ExportRequest, export
from cercle.settings import Settings
from projects import World, clone_world


def test_a_sale_allows_its_family_alone(world: World) -> None:
    rows = world.rows(
        """
        select
            count(*),
            count(*) filter (
                where not exists (
                    select 1
                    from intermediate.int_sales_evidenced as sales
                    where sales.identity = contactability.customer_id
                        and sales.product_family = contactability.product_family
                        and sales.controller = contactability.controller
                        and sales.is_optout_offered
                        and sales.is_collected_from_subject
                )
            )
        from marts.contactability
        where reason = 'SOFT_OPT_IN' and decision = 'ALLOW'
        """
    )
    [(allowed, without_sale)] = rows
    assert allowed > 20
    assert without_sale == 0


def test_whoever_said_no_has_no_family_that_says_yes(world: World) -> None:
    """R8, on the mart: a stop on the contact point for anything is a stop for each family."""
    found = world.rows(
        """
        select count(*), count(*) filter (where narrow.decision = 'ALLOW')
        from marts.contactability as narrow
        inner join marts.contactability as general
            using (customer_id, contact_point_key, channel, purpose)
        where narrow.product_family <> ''
            and general.product_family = ''
            and general.reason in ('OBJECTED', 'WITHDRAWN', 'REFUSED', 'UNREACHABLE')
        """
    )
    [(asked, allowed)] = found
    assert asked > 10
    assert allowed == 0


def test_passing_on_is_asked_and_allowed_for_named_recipients_alone(world: World) -> None:
    [(allowed, nameless, unnamed)] = world.rows(
        """
        select
            count(*) filter (where decision = 'ALLOW'),
            count(*) filter (where recipient = ''),
            count(*) filter (
                where decision = 'ALLOW' and recipient not in (select recipient from privacy.notice_recipients)
            )
        from marts.contactability
        where purpose = 'partner_prospecting'
        """
    )
    assert allowed > 3
    assert (nameless, unnamed) == (0, 0)


def test_a_sale_does_not_make_a_customer_contactable_for_anything(world: World) -> None:
    [(wrong,)] = world.rows(
        """
        select count(*)
        from marts.customer_360
        where can_email_marketing and customer_id not in (
            select customer_id from marts.contactability
            where channel = 'email' and purpose = 'direct_marketing' and product_family = '' and decision = 'ALLOW'
        )
        """
    )
    assert wrong == 0


def test_the_gate_lets_out_what_the_mart_allows_for_a_family(
    world: World, make_database: Callable[..., Settings]
) -> None:
    clone = clone_world(world, make_database)
    [(controller, family, _)] = clone.rows(
        """
        select controller, product_family, count(*)
        from marts.contactability
        where reason = 'SOFT_OPT_IN' and channel = 'email'
        group by 1, 2 order by 3 desc, 1, 2 limit 1
        """
    )
    out = clone.settings.home / "family.csv"
    request = ExportRequest("all", "email", "direct_marketing", out, all_contact_points=True)
    report = export(
        clone.settings,
        ExportRequest(**{**vars(request), "controller": controller, "product_family": family}),
        exported_at=clone.as_of,
    )
    decided = clone.rows(
        "select person_id, contact_point_key from privacy.decisions where reason = 'SOFT_OPT_IN' and export_id = %s",
        report.export_id,
    )
    built = clone.rows(
        """
        select customer_id, contact_point_key
        from marts.contactability
        where reason = 'SOFT_OPT_IN' and channel = 'email' and controller = %s and product_family = %s
        """,
        controller,
        family,
    )
    kept_back = clone.rows(
        "select person_id, contact_point_key from privacy.decisions where decision = 'DENY' and rule_id like 'HOUSE:%%'"
    )
    assert len(decided) > 3
    assert set(decided) <= set(built) <= set(decided) | set(kept_back)
    with out.open(encoding="utf-8", newline="") as file:
        assert {row["customer_id"] for row in csv.DictReader(file)} >= {customer for customer, _ in decided}
