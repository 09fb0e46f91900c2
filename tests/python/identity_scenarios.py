"""The shapes of SCENARIOS.md as rows: what arrives in which step, and who must then be with whom.

Every scenario has its own people, so that all of them stand in one warehouse and none knows of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Row = dict[str, str]
Key = str

# entity -> columns that its contract requires, filled where a scenario does not say
_DEFAULTS: dict[str, Row] = {
    "store/customers": {
        "kind": "loyalty",
        "updated_at": "2025-01-01T00:00:00Z",
        "created_at": "2025-01-01T00:00:00Z",
    },
    "store/orders": {
        "updated_at": "2025-03-01T00:00:00Z",
        "ordered_at": "2025-03-01T00:00:00Z",
        "status": "completed",
        "sales_channel": "web",
        "currency_code": "EUR",
        "total_amount": "10",
    },
    "store/stores": {"name": "Store", "store_type": "store", "updated_at": "2025-01-01T00:00:00Z"},
    "social/accounts": {
        "platform": "x",
        "updated_at": "2025-02-01T00:00:00Z",
        "created_at": "2025-02-01T00:00:00Z",
    },
    "social/interactions": {"platform": "x", "kind": "post", "occurred_at": "2025-04-01T00:00:00Z"},
    "phone/calls": {"started_at": "2025-04-01T00:00:00Z", "direction": "inbound", "outcome": "answered"},
    "contact/contacts": {"occurred_at": "2025-04-01T00:00:00Z", "channel": "chat", "direction": "inbound"},
}
_KEYS = {
    "store/customers": "customer_ref",
    "store/orders": "order_id",
    "store/stores": "store_id",
    "social/accounts": "account_ref",
    "social/interactions": "interaction_id",
    "phone/calls": "call_id",
    "contact/contacts": "contact_id",
}


def key_of(entity: str, name: str) -> Key:
    """The record key that staging gives a row."""
    source, relation = entity.split("/")
    return f"{relation}:{source}:{name}"


@dataclass
class Scenario:
    """One shape.

    Attributes:
        name: its heading in SCENARIOS.md.
        rows: by step, (entity, row).
        together: by step, groups of records that are one customer each, and no two groups the same one.
        nobody: by step, records that have no customer.
        decisions: of stewards, at the third step: (action, what it is about). The fourth takes them back.
    """

    name: str
    rows: dict[int, list[tuple[str, Row]]] = field(default_factory=dict)
    together: dict[int, list[set[Key]]] = field(default_factory=dict)
    nobody: dict[int, set[Key]] = field(default_factory=dict)
    decisions: list[tuple[str, tuple[str, str]]] = field(default_factory=list)

    def add(self, entity: str, name: str, step: int = 1, **columns: str) -> Key:
        row = {**_DEFAULTS[entity], _KEYS[entity]: f"{self.name}-{name}", **columns}
        if entity.startswith("social/"):
            row[_KEYS[entity]] = f"x:{self.name}-{name}"
        self.rows.setdefault(step, []).append((entity, row))
        return key_of(entity, row[_KEYS[entity]])

    def person(self, name: str, given: str = "", family: str = "", step: int = 1, **columns: str) -> Key:
        """A register entry."""
        return self.add("store/customers", name, step, first_name=given, last_name=family, **columns)

    def order(self, name: str, step: int = 1, **columns: str) -> Key:
        return self.add("store/orders", name, step, **columns)

    def contact(self, name: str, step: int = 1, **columns: str) -> Key:
        return self.add("contact/contacts", name, step, **columns)

    def call(self, name: str, step: int = 1, **columns: str) -> Key:
        return self.add("phone/calls", name, step, **columns)

    def expect(self, *groups: Iterable[Key], step: int = 1, nobody: Iterable[Key] = ()) -> None:
        self.together[step] = [set(group) for group in groups]
        self.nobody[step] = set(nobody)

    def decide(self, action: str, one: str, other: str) -> None:
        """Link or unlink two records, or block an identifier (its type, its value)."""
        self.decisions.append((action, (one, other)))

    def ref(self, name: str) -> str:
        return f"{self.name}-{name}"


def mobile(number: int) -> str:
    return f"06 39 98 {number // 100:02} {number % 100:02}"


def fixed(number: int) -> str:
    return f"01 99 00 {number // 100:02} {number % 100:02}"


def scenarios() -> list[Scenario]:
    return [*_shapes(), *_guards(), *_names(), *_in_time()]


def _shapes() -> list[Scenario]:
    simple = Scenario("simple")
    simple.expect(
        {
            simple.person("a", "Lise", "Abadie", email="lise.abadie@ex1.fr"),
            simple.person("b", "Lise", "Abadie", email="Lise.Abadie@ex1.FR"),
        }
    )

    chain = Scenario("chain")
    chain.expect(
        {
            chain.person("a", "Luc", "Babin", email="luc@ex2.fr"),
            chain.person("b", "Luc", "Babin", email="luc@ex2.fr", phone=mobile(201)),
            chain.person("c", "Luc", "Babin", phone=mobile(201)),
        }
    )

    long_chain = Scenario("long-chain")
    long_chain.expect(
        {
            long_chain.person(f"{n:02}", "Rose", "Cadiou", phone=mobile(300 + n), phone_2=mobile(301 + n))
            for n in (7, 2, 11, 0, 5, 9, 1, 4, 8, 3, 10, 6)
        }
    )

    fan_in = Scenario("fan-in")
    hub = fan_in.person("a", "Noe", "Dabadie", email="noe@ex4.fr")
    fan_in.expect({hub, *(fan_in.order(str(n), customer_ref=fan_in.ref("a")) for n in range(6))})

    fan_out = Scenario("fan-out")
    fan_out.expect(
        {
            fan_out.person("a", "Ines", "Eyraud", email="ines@ex5.fr", phone=mobile(501)),
            fan_out.person("b", "Ines", "Eyraud", email="ines@ex5.fr", phone=mobile(502)),
            fan_out.person("c", "Ines", "Eyraud", email="ines.eyraud@ex5.fr", phone=mobile(502)),
            fan_out.add("social/accounts", "d", email="ines.eyraud@ex5.fr", handle="@ines_e"),
            fan_out.add("social/interactions", "e", author_ref="x:fan-out-d"),
        }
    )

    diamond = Scenario("diamond")
    diamond.expect(
        {
            diamond.person("a", "Theo", "Fabre", email="theo@ex6.fr", phone=mobile(601)),
            diamond.person("b", "Theo", "Fabre", email="theo@ex6.fr", phone=mobile(602)),
            diamond.person("c", "Theo", "Fabre", email="t.fabre@ex6.fr", phone=mobile(601)),
            diamond.person("d", "Theo", "Fabre", email="t.fabre@ex6.fr", phone=mobile(602)),
        }
    )

    disjoint = Scenario("disjoint")
    disjoint.expect(
        {disjoint.person("a", "Zoe", "Gachet", email="zoe@ex7.fr")},
        {disjoint.person("b", "Axel", "Gadbois", email="axel@ex7.fr")},
    )

    numbers = Scenario("same-number-two-systems")
    numbers.expect(
        {
            numbers.person(
                "a", "Jade", "Hacquard", loyalty_id="same-number-two-systems-b", email="jade@ex8.fr"
            )
        },
        {numbers.person("b", "Yanis", "Halgand", email="yanis@ex8.fr")},
    )

    cards = Scenario("two-cards-one-person")
    cards.expect(
        {
            cards.person("a", "Nina", "Iché", loyalty_id="901", phone=mobile(901)),
            cards.person("b", "Nina", "Iche", loyalty_id="902", phone=mobile(901)),
            cards.order("c", loyalty_id="902"),
        }
    )
    return [simple, chain, long_chain, fan_in, fan_out, diamond, disjoint, numbers, cards]


def _guards() -> list[Scenario]:
    family = Scenario("family-mailbox")
    marie = family.person("a", "Marie", "Jacob", email="jacob@ex10.fr")
    paul = family.person("b", "Paul", "Jacob", email="jacob@ex10.fr")
    family.expect(
        {marie, family.contact("c", first_name="Marie", last_name="Jacob", email="jacob@ex10.fr")},
        {paul, family.person("d", "Paul", "Jacob", email="jacob@ex10.fr")},
        nobody={family.order("e", email="jacob@ex10.fr")},
    )

    foyer = Scenario("mailbox-called-family")
    foyer.expect(
        {foyer.person("a", "Jeanne", "Kerbrat", email="famille.kerbrat@ex11.fr")},
        nobody={foyer.order("b", email="famille.kerbrat@ex11.fr")},
    )

    home = Scenario("fixed-line")
    home.expect(
        {
            home.person("a", "Alice", "Labat", phone=fixed(1201)),
            home.person("b", "Alice", "Labat", phone=fixed(1201)),
        },
        nobody={home.call("c", from_number=fixed(1201))},
    )

    desk = Scenario("desk-telephone")
    names = ("Adam", "Brune", "Cyril", "Diane", "Elie", "Flora", "Gael", "Helene")
    desk.expect(
        *(
            {desk.person(name, name, f"Macé{name}", phone=mobile(1301), email=f"{name}@ex13.fr")}
            for name in names
        ),
        nobody={desk.call("z", from_number=mobile(1301))},
    )

    store = Scenario("store-telephone")
    store.add("store/stores", "s", phone=mobile(1401))
    store.expect(
        {store.person("a", "Lina", "Nadal", phone=mobile(1401), email="lina@ex14.fr")},
        {store.person("b", "Lina", "Nadal", phone=mobile(1401), email="other@ex14.fr")},
    )

    placeholder = Scenario("placeholder")
    placeholder.expect(
        {placeholder.person("a", "Omar", "Oger", phone="0000000000", email="test@test.fr")},
        {placeholder.person("b", "Omar", "Oger", phone="0000000000", email="test@test.fr")},
    )

    role = Scenario("role-mailbox")
    role.expect(
        {
            role.person("a", "Hugo", "Pain", email="info@ex16.fr"),
            role.person("b", "Hugo", "Pain", email="info@ex16.fr"),
        },
        {role.person("c", "Emma", "Quere", email="info@ex16.fr")},
        nobody={role.order("d", email="info@ex16.fr")},
    )

    card = Scenario("one-card-two-people")
    card.expect(
        {card.person("a", "Leo", "Rabier", loyalty_id="1701")},
        {card.person("b", "Anna", "Rabier", loyalty_id="1701")},
        nobody={card.order("c", loyalty_id="1701")},
    )

    recycled = Scenario("recycled-number")
    recycled.expect(
        {recycled.person("a", "Sami", "Sabatier", phone=mobile(1801), email="sami@ex18.fr")},
        {recycled.person("b", "Eva", "Tabary", phone=mobile(1801), email="eva@ex18.fr")},
    )

    bridge = Scenario("bridge-without-name")
    bridge_to = bridge.order("c", email="ugo@ex19.fr", phone=mobile(1901))
    bridge.expect(
        {bridge.person("a", "Ugo", "Vacher", email="ugo@ex19.fr"), bridge_to},
        {bridge.person("b", "Lola", "Wagner", phone=mobile(1901))},
    )

    brand = Scenario("brand-account")
    brand.add("social/accounts", "a", is_brand_account="true", handle="@brand")
    brand.expect(
        {brand.person("c", "Max", "Yvon", email="max@ex20.fr")},
        nobody={brand.add("social/interactions", "b", author_ref="x:brand-account-a", is_from_brand="true")},
    )
    return [family, foyer, home, desk, store, placeholder, role, card, recycled, bridge, brand]


def _names() -> list[Scenario]:
    father = Scenario("father-and-son")
    address = {"address_line": "3 rue du Puits", "postcode": "21001"}
    father.expect(
        {father.person("a", "Jean", "Zabulon", birth_date="1950-02-03", email="z@ex21.fr", **address)},
        {father.person("b", "Jean", "Zabulon", birth_date="1981-07-30", email="z@ex21.fr", **address)},
    )

    sons_mail = Scenario("namesakes-of-other-mailboxes")
    address = {"address_line": "8 rue du Four", "postcode": "22001"}
    sons_mail.expect(
        {sons_mail.person("a", "Remi", "Baraton", email="remi.baraton@ex22.fr", **address)},
        {sons_mail.person("b", "Remi", "Baraton", email="rb1999@autre22.fr", **address)},
    )

    twins = Scenario("twins")
    address = {"address_line": "5 place du Lac", "postcode": "23001", "birth_date": "2001-05-05"}
    twins.expect(
        {twins.person("a", "Julie", "Cambon", **address)},
        {twins.person("b", "Julien", "Cambon", **address)},
    )

    one_day = Scenario("born-on-one-day")
    one_day.expect(
        {one_day.person("a", "Arthur", "François", birth_date="2001-10-20")},
        {one_day.person("b", "Arthur", "Fonberin", birth_date="2001-10-20")},
    )

    marriage = Scenario("marriage")
    marriage.expect(
        {
            marriage.person("a", "Sarah", "Dalmas", email="sarah@ex24.fr"),
            marriage.person("b", "Sarah", "Estrade", email="sarah@ex24.fr"),
        }
    )

    slip = Scenario("slip-of-the-pen")
    slip.expect(
        {
            slip.person("a", "Camille", "Ferrand", birth_date="1990-01-31", email="cam@ex25.fr"),
            slip.person("b", "Camile", "Ferrand", birth_date="1990-01-31"),
            slip.person("c", "Ferrand", "Camille", birth_date="1990-01-31"),
        }
    )

    street = Scenario("name-and-address")
    street.expect(
        {
            street.person("a", "Lucas", "Garros", address_line="12bis, av. Foch", postcode="26001"),
            street.person("b", "LUCAS", "GARROS", address_line="12 bis avenue foch", postcode="26 001"),
        },
        {street.person("c", "Lena", "Garros", address_line="12 bis avenue Foch", postcode="26001")},
    )

    order = Scenario("order-and-name")
    buyer = order.person("a", "Eliot", "Hamelin", email="eliot@ex27.fr")
    bought = order.order("o", customer_ref=order.ref("a"))
    order_id = order.ref("o")
    order.expect(
        {buyer, bought, order.contact("c", order_id=order_id, first_name="Eliot", last_name="Hamelin")},
        {order.contact("d", order_id=order_id, first_name="Louna", last_name="Vidal")},
        nobody={
            order.contact("e", order_id=order_id),
            order.contact("f", order_id="of-nobody-else", first_name="Eliot", last_name="Other"),
        },
    )

    corroborated = Scenario("family-mailbox-and-order")
    mailbox, order_id = "jumel@ex43.fr", corroborated.ref("o")
    corroborated.expect(
        {
            corroborated.person("a", "Odile", "Jumel", email=mailbox),
            corroborated.order("o", customer_ref=corroborated.ref("a"), email=mailbox),
            corroborated.contact("c", order_id=order_id, email=mailbox),
        },
        {corroborated.person("b", "Marc", "Jumel", email=mailbox)},
        nobody={corroborated.contact("d", email=mailbox)},
    )

    displayed = Scenario("display-name-with-a-number")
    mailbox = "kerbiriou@ex44.fr"
    displayed.expect(
        {
            displayed.person("a", "Gabriel", "Kerbiriou", email=mailbox),
            displayed.add("social/accounts", "c", display_name="gabriel58", email=mailbox),
            displayed.add("social/accounts", "d", display_name="gab kerbiriou", email=mailbox),
        },
        {displayed.person("b", "Louise", "Kerbiriou", email=mailbox)},
    )

    rare = Scenario("rare-name-in-a-session")
    rare.expect(
        {
            rare.person("a", "Ysaline", "Ibarrola", email="y@ex28.fr"),
            rare.contact("b", thread_id="t1", first_name="Ysaline", last_name="Ibarrola"),
            rare.contact("c", thread_id="t1"),
        }
    )

    common = Scenario("common-name-in-a-session")
    address = [{"email": f"lea{n}@ex29.fr", "phone": mobile(2900 + n)} for n in range(2)]
    common.expect(
        {common.person("a", "Lea", "Martin", **address[0])},
        {common.person("b", "Lea", "Martin", **address[1])},
        {
            common.contact("c", thread_id="t2", first_name="Lea", last_name="Martin"),
            common.contact("d", thread_id="t2"),
        },
    )
    return [
        father,
        sons_mail,
        twins,
        one_day,
        marriage,
        slip,
        street,
        order,
        corroborated,
        displayed,
        rare,
        common,
    ]


def _in_time() -> list[Scenario]:
    """Step 2 brings further rows; step 3 stewards' decisions; step 4 takes rows and decisions back."""
    changed = Scenario("changed-mailbox")
    one = changed.person("a", "Tom", "Jaffre", email="old@ex30.fr")
    changed.rows[2] = [
        (
            "store/customers",
            {**changed.rows[1][0][1], "email": "new@ex30.fr", "updated_at": "2025-06-01T00:00:00Z"},
        )
    ]
    ask_old = changed.contact("b", email="old@ex30.fr")
    ask_new = changed.contact("c", step=2, email="new@ex30.fr")
    changed.expect({one, ask_old})
    changed.expect({one, ask_old, ask_new}, step=2)

    late = Scenario("bridge-that-arrives-late")
    older = late.person("a", "Elsa", "Lacombe", email="elsa@ex31.fr", created_at="2024-01-01T00:00:00Z")
    younger = late.person("b", "Elsa", "Lacombe", phone=mobile(3101))
    late.expect({older}, {younger})
    between = late.person("c", "Elsa", "Lacombe", step=2, email="elsa@ex31.fr", phone=mobile(3101))
    late.expect({older, younger, between}, step=2)
    late.expect({older}, {younger}, step=4)

    shared = Scenario("value-that-becomes-shared")
    first = shared.person("a", "Ava", "Mabille", email="mabille@ex32.fr")
    nameless = shared.order("b", email="mabille@ex32.fr")
    shared.expect({first, nameless})
    second = shared.person("c", "Tino", "Mabille", step=2, email="mabille@ex32.fr")
    shared.expect({first}, {second}, step=2, nobody={nameless})

    unlinked = Scenario("unlinked-by-a-steward")
    left = unlinked.person("a", "Alix", "Naudin", email="alix@ex33.fr", created_at="2024-01-01T00:00:00Z")
    right = unlinked.person("b", "Alix", "Naudin", email="alix@ex33.fr")
    unlinked.expect({left, right})
    unlinked.decide("unlink", left, right)
    unlinked.expect({left}, {right}, step=3)
    unlinked.expect({left, right}, step=4)

    linked = Scenario("linked-by-a-steward")
    left = linked.person("a", "Ema", "Odier", email="ema@ex34.fr")
    right = linked.person("b", "Fred", "Pascual", email="fred@ex34.fr")
    linked.expect({left}, {right})
    linked.decide("link", left, right)
    linked.expect({left, right}, step=3)
    linked.expect({left}, {right}, step=4)

    blocked = Scenario("blocked-by-a-steward")
    left = blocked.person("a", "Gil", "Quillien", phone=mobile(3501))
    right = blocked.person("b", "Gil", "Quillien", phone=mobile(3501))
    blocked.expect({left, right})
    blocked.decide("block", "phone", mobile(3501))
    blocked.expect({left}, {right}, step=3)
    blocked.expect({left, right}, step=4)

    bridge = Scenario("unlink-of-a-bridge")
    left = bridge.person("a", "Yael", "Rabot", email="yael@ex36.fr", created_at="2024-01-01T00:00:00Z")
    right = bridge.person("b", "Yael", "Rabot", phone=mobile(3601))
    between = bridge.order("c", email="yael@ex36.fr", phone=mobile(3601))
    bridge.decide("unlink", left, right)
    bridge.expect({left, right, between})
    bridge.expect({left, between}, {right}, step=3)
    bridge.expect({left, right, between}, step=4)

    both = Scenario("link-after-block")
    left = both.person("a", "Nils", "Sicard", phone=mobile(3701))
    right = both.person("b", "Nils", "Sicard", phone=mobile(3701))
    caller = both.call("c", from_number=mobile(3701))
    both.decide("block", "phone", mobile(3701))
    both.decide("link", left, right)
    both.expect({left, right, caller})
    both.expect({left, right}, step=3, nobody={caller})
    both.expect({left, right, caller}, step=4)

    gone = Scenario("withdrawn-sharer")
    first = gone.person("a", "Iris", "Taupin", email="taupin@ex38.fr")
    nameless = gone.order("b", email="taupin@ex38.fr")
    gone.expect({first, nameless})
    second = gone.person("c", "Abel", "Taupin", step=2, email="taupin@ex38.fr")
    gone.expect({first}, {second}, step=2, nobody={nameless})
    gone.expect({first, nameless}, step=4, nobody={second})
    return [changed, late, shared, unlinked, linked, blocked, bridge, both, gone]
