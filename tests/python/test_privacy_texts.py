"""Texts of others that quote an erased person: in which spellings it is found, what stays, and the proof."""

from __future__ import annotations

import psycopg
import pytest

from cercle.privacy.erasure import Order, erase
from cercle.privacy.erasure_person import Identifier, Person
from cercle.privacy.erasure_texts import quote_pattern
from cercle.privacy.verify import read_needles, search_database
from projects import World
from test_privacy_rights import REASON, clear_values, someone

PERSON = Person(
    "c_1",
    ("c_1",),
    (
        Identifier("email", "ana.martin@exemple.fr"),
        Identifier("email", "anamartin@gmail.com"),
        Identifier("tel", "+33639981234"),
        Identifier("ref", "store:C0001234"),
        Identifier("ref", "loyalty:store:2099001234567"),
        Identifier("ref", "web:4711"),
    ),
    0,
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to ana.martin@exemple.fr.", "Write to […]."),
        ("<Ana.Martin@Exemple.FR>", "<[…]>"),
        ("ana.martin+toys@gmail.com or ANAMARTIN@googlemail.com", "[…] or […]"),
        ("joana.martin@exemple.fr", "joana.martin@exemple.fr"),
        ("ana.martin@exemple.france", "ana.martin@exemple.france"),
        ("ana+martin@exemple.fr", "ana+martin@exemple.fr"),
        ("Call 06 39 98 12 34 now", "Call […] now"),
        ("+33 (0)6.39.98.12.34, 0033639981234, 06-39-98-12-34", "[…], […], […]"),
        ("06 39 98 12 35", "06 39 98 12 35"),
        ("customer C0001234, card 2099001234567", "customer […], card […]"),
        ("XC0001234 and 4711", "XC0001234 and 4711"),
        ("Nothing to see here, family@exemple.fr", "Nothing to see here, family@exemple.fr"),
    ],
)
def test_a_text_is_found_in_usual_spellings_and_no_other(
    connection: psycopg.Connection, text: str, left: str
) -> None:
    spellings = [
        ("email", " ANA.MARTIN@exemple.fr"),
        ("email", "family@exemple.fr"),
        ("tel", "06 39 98 12 34"),
    ]
    pattern = quote_pattern(PERSON, spellings)
    found = connection.execute("select regexp_replace(%s, %s, '[…]', 'gi')", (text, pattern)).fetchone()
    assert found == (left,)


def test_who_has_nothing_to_quote_has_no_pattern() -> None:
    assert quote_pattern(Person("c_1", ("c_1",), (Identifier("ref", "web:4711"),), 0), []) is None


def test_an_erasure_replaces_what_others_quote_and_proves_it(parsed_world: World) -> None:
    world, settings = parsed_world, parsed_world.settings
    customer_id = someone(world)
    values = clear_values(world, customer_id)
    [mailbox, number] = [
        next(value.partition(":")[2] for value in values if value.startswith(kind))
        for kind in ("email:", "tel:")
    ]
    quoted = f"Ask {mailbox.upper()} or 0033 (0){' '.join(number[3:])}."
    with psycopg.connect(settings.dsn or "") as connection:
        planted = connection.execute(
            """
            with others as (
                select interaction_id
                from marts.interactions
                where interaction_id like 'messages:%%' and customer_id <> %(person)s
                order by interaction_id
                limit 3
            ),

            published as (
                update marts.interactions set body = %(text)s
                where interaction_id in (select interaction_id from others)
            )

            update raw.email__messages
            set body = %(text)s, _extra = jsonb_build_object('note', %(text)s::text)
            where 'messages:' || _source || ':' || message_id in (select interaction_id from others)
            returning _load_id
            """,
            {"person": customer_id, "text": quoted},
        ).fetchall()
    assert len(planted) == 3
    needles = read_needles(values)
    erasure = erase(settings, Order(REASON, customer_id=customer_id))
    cleared = {count.relation: count.before for count in erasure.relations if count.action == "cleared"}
    assert (cleared["raw.email__messages"], cleared["marts.interactions"]) == (3, 3)
    assert search_database(settings, needles) == []
    assert world.rows("select distinct body from raw.email__messages where body like '%%[…]%%'") == [
        ("Ask […] or […].",)
    ]
    assert world.rows("select count(*) from marts.interactions where body = 'Ask […] or […].'") == [(3,)]
    held = {file.load_id for file in erasure.files if file.certainty == "held"}
    assert {load_id for (load_id,) in planted} <= held
