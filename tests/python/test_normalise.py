"""Normalisers: one spelling for each value; what cannot be one is None; made-up and shared ones are flagged."""

from __future__ import annotations

import csv
import hashlib
import hmac
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercle.load.normalise import VALUE_TYPES, normalise, value_key

REAL_DATA = Path(
    os.environ.get("CERCLE_REAL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data"
)
TRUTH = REAL_DATA / "phone_truth" / "phone_truth.csv"

EMAILS = [
    (" Ana@Exemple.FR ", "ana@exemple.fr", ()),
    ("ＡＮＡ@exemple.fr", "ana@exemple.fr", ()),
    ("ana\u200b@exemple.fr", "ana@exemple.fr", ()),
    ("J.Du.Pont+promo@GoogleMail.com", "jdupont@gmail.com", ("free",)),
    ("j.du.pont+promo@exemple.fr", "j.du.pont+promo@exemple.fr", ()),
    ("jean@société.fr", "jean@xn--socit-esab.fr", ()),
    ("jean@xn--socit-esab.fr", "jean@xn--socit-esab.fr", ()),
    ("Jean Dupont <jean@exemple.fr>", "jean@exemple.fr", ()),
    ("mailto:jean@exemple.fr?subject=x", "jean@exemple.fr", ()),
    ("jean@exemple.fr.", "jean@exemple.fr", ()),
    ("zoé@exemple.fr", "zoé@exemple.fr", ()),
    ("sav@exemple.fr", "sav@exemple.fr", ("role",)),
    ("service.client@exemple.fr", "service.client@exemple.fr", ("role",)),
    ("contact+fr@exemple.fr", "contact+fr@exemple.fr", ("role",)),
    ("rgpd@exemple.fr", "rgpd@exemple.fr", ("role",)),
    ("x@yopmail.com", "x@yopmail.com", ("disposable",)),
    ("paul@sfr.fr", "paul@sfr.fr", ("free",)),
    ("test@test.fr", "test@test.fr", ("bad",)),
    ("noreply@exemple.fr", "noreply@exemple.fr", ("bad",)),
    ("pasdemail@exemple.fr", "pasdemail@exemple.fr", ("bad",)),
    ("nc@nc.invalid", "nc@nc.invalid", ("bad",)),
    ("xxx@xxx.com", "xxx@xxx.com", ("bad",)),
    ("a@b.fr", "a@b.fr", ()),
    *(
        (text, None, ("not_valid",))
        for text in ("", "jean", "jean@", "@exemple.fr", "jean@exemple", "a b@exemple.fr")
    ),
    *(
        (text, None, ("not_valid",))
        for text in ("a..b@exemple.fr", ".a@exemple.fr", "a@-exemple.fr", "+x@gmail.com")
    ),
    ("x" * 65 + "@exemple.fr", None, ("not_valid",)),
    ("x@" + "a." * 130 + "fr", None, ("not_valid",)),
]


@pytest.mark.parametrize(("original", "value", "flags"), EMAILS)
def test_emails(original: str, value: str | None, flags: tuple[str, ...]) -> None:
    found = normalise("email", original)
    assert (found.value, found.flags, found.kind, found.key_text) == (value, flags, "email", value)


PHONES = [
    ("06 12 34 56 78", "+33612345678", ("mobile",)),
    ("+33 (0)6.12.34.56.78", "+33612345678", ("mobile",)),
    ("0033 (0)6 12 34 56 78", "+33612345678", ("mobile",)),
    ("33612345678", "+33612345678", ("mobile",)),
    ("tel:+33-6-12-34-56-78", "+33612345678", ("mobile",)),
    ("０６１２３４５６７８", "+33612345678", ("mobile",)),
    ("Portable : 06 12 34 56 78 (Marie)", "+33612345678", ("mobile",)),
    ("04 65 71 20 20", "+33465712020", ("fixed",)),
    ("08 92 12 34 56", "+33892123456", ("premium",)),
    ("0 800 12 34 56", "+33800123456", ("toll_free",)),
    ("+44 20 7946 0958", "+442079460958", ("fixed",)),
    # Letters become digits for libphonenumber: +331990012347678312.
    ("0199001234 poste 12", "+33199001234", ("extension", "fixed")),
    ("0199001234 ext. 12", "+33199001234", ("extension", "fixed")),
    ("tel:+33-1-99-00-12-34;ext=12", "+33199001234", ("extension", "fixed")),
    # The range for made-up people has the right length, and is not given out.
    ("06 39 98 12 34", "+33639981234", ("not_valid", "mobile")),
    ("0000000000", "+33000000000", ("bad", "not_valid")),
    ("06 00 00 00 00", "+33600000000", ("bad", "mobile")),
    ("1111111111", None, ("not_valid", "bad")),
    ("0123456789", "+33123456789", ("bad", "fixed")),
    *(
        (text, None, ("not_valid",))
        for text in ("", "+", "12", "abc", "06 12 34 56 78 / 01 23 45 67 89", "1-800-FLOWERS")
    ),
]


@pytest.mark.parametrize(("original", "value", "flags"), PHONES)
def test_phones(original: str, value: str | None, flags: tuple[str, ...]) -> None:
    found = normalise("phone", original, "FR")
    assert (found.value, set(found.flags), found.kind, found.key_text) == (value, set(flags), "tel", value)
    assert found.library_version.startswith("phonenumbers ")


def test_a_number_without_a_country_needs_a_region() -> None:
    assert normalise("phone", "06 12 34 56 78").value is None
    assert normalise("phone", "00 33 6 12 34 56 78").value == "+33612345678"
    assert normalise("phone", "0612345678", "BE").value != "+33612345678"


def test_known_spellings_of_phone_numbers() -> None:
    if not TRUTH.is_file():
        pytest.skip(f"{TRUTH} is absent; CERCLE_REAL_DATA names the folder of real data")
    rows = list(csv.DictReader(TRUTH.open(encoding="utf-8")))
    wrong = []
    for row in rows:
        found = normalise("phone", row["raw"], row["default_region"])
        is_valid = found.value is not None and "not_valid" not in found.flags
        if (found.value, str(is_valid)) != (row["e164"], row["is_valid"]):
            wrong.append((row["raw"], found.value))
    # In these two the file itself holds the library's mistake about extensions.
    assert wrong == [("0261911234 poste 12", "+33261911234"), ("0353011234 poste 12", "+33353011234")]
    assert len(rows) == 1220


@pytest.mark.parametrize(
    ("value_type", "original", "value"),
    [
        ("given_name", "Jean-François", "jean francois"),
        ("given_name", "JEAN FRANCOIS ", "jean francois"),
        ("family_name", "D’Œuvre", "d oeuvre"),
        ("family_name", "Strauß", "strauss"),
        ("family_name", "Ångström", "angstrom"),
        ("family_name", "Łukasz", "lukasz"),
        ("full_name", "Dupont,  Zoé", "dupont zoe"),
        ("full_name", "李雷", "李雷"),
        ("full_name", "--", None),
        ("full_name", "123", None),
        ("city", "St Étienne", "saint etienne"),
        ("city", "SAINT-ETIENNE", "saint etienne"),
        ("city", "Paris 15e", "paris"),
        ("city", "Lyon Cedex 03", "lyon"),
        ("city", "Villeneuve s/ Lot", "villeneuve sur lot"),
        ("postal_address", "12bis, av. de la République", "12 bis avenue de la republique"),
        ("postal_address", "12 bis avenue de la Republique", "12 bis avenue de la republique"),
        ("postal_address", "3 Bd St-Michel", "3 boulevard saint michel"),
        ("postal_address", " ", None),
        ("postcode", "75 001", "75001"),
        ("postcode", "F-75001", "75001"),
        ("postcode", "01000", "01000"),
        ("postcode", "sw1a 1aa", "SW1A1AA"),
        ("postcode", "abc", None),
        ("handle", "@Elo_Garnier", "elo_garnier"),
        ("handle", "https://x.com/Elo_Garnier?lang=fr", "elo_garnier"),
        ("handle", "https://www.linkedin.com/in/elo-g/", "elo-g"),
        ("handle", "two words", None),
        ("account_ref", " x:501 ", "x:501"),
        ("contact_point", "Email: Ana@Exemple.fr", "email:ana@exemple.fr"),
        ("contact_point", "tel:06 12 34 56 78", "tel:+33612345678"),
        ("contact_point", "addr:12 av Foch, 75016 Paris", "addr:12 avenue foch 75016 paris"),
        ("contact_point", "social:x:501", "social:x:501"),
        ("contact_point", "fax:0199001234", None),
        ("contact_point", "ana@exemple.fr", None),
        ("contact_point", "email:nobody", None),
    ],
)
def test_other_values(value_type: str, original: str, value: str | None) -> None:
    assert normalise(value_type, original, "FR").value == value


@pytest.mark.parametrize("name", ["test", "Inconnu", "N/A", "xxx", "NULL"])
def test_stand_in_names_are_flagged(name: str) -> None:
    assert normalise("family_name", name).flags == ("bad",)


def test_a_contact_point_has_the_pseudonym_of_its_value() -> None:
    point, mailbox = normalise("contact_point", "email:ANA@exemple.fr"), normalise("email", "ana@exemple.fr ")
    assert (point.kind, point.key_text) == (mailbox.kind, mailbox.key_text) == ("email", "ana@exemple.fr")
    number = normalise("contact_point", "tel:0612345678", "FR")
    assert (number.kind, number.key_text) == ("tel", "+33612345678")


def test_a_pseudonym_is_an_hmac_of_kind_and_value() -> None:
    expected = hmac.new(b"secret", b"email\x1fana@exemple.fr", hashlib.sha256).hexdigest()
    assert value_key(b"secret", "email", "ana@exemple.fr") == expected
    assert value_key(b"other", "email", "ana@exemple.fr") != expected


@pytest.mark.parametrize("value_type", VALUE_TYPES)
@given(original=st.text(max_size=40))
def test_no_text_breaks_a_normaliser(value_type: str, original: str) -> None:
    found = normalise(value_type, original, "FR")
    assert found.value is None or found.value.strip() == found.value != ""
    assert (found.key_text is None) or found.kind is not None


ODD = (
    "J.Dupont+x@gmail.com",
    "06 12 34 56 78",
    "12bis av. Foch",
    "St-Étienne",
    "F-75001",
    "@Zoé",
    "email:A@b.fr",
)


@pytest.mark.parametrize("value_type", VALUE_TYPES)
@pytest.mark.parametrize("original", ODD)
def test_a_normalised_value_normalises_to_itself(value_type: str, original: str) -> None:
    once = normalise(value_type, original, "FR").value
    if once is not None:
        assert normalise(value_type, once, "FR").value == once
