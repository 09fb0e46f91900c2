"""What is compared of two descriptions of people, and which pairs are looked at: DuckDB's SQL, in Splink's form.

A description is a row of int_people_compared: a cluster under one of its names, with all that it has of dates of birth,
places and contact points. Whatever one side does not have says nothing.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LISTS", "comparisons", "prepare_sql"]

# Columns that come as values with a bar between them.
LISTS = ("formal_names", "birth_dates", "postcodes", "cities", "addresses", "emails", "phones", "cards")

Level = tuple[str, str]  # label, condition

_SWAPPED = "given_name_l = family_name_r and family_name_l = given_name_r"
_DAY_AND_MONTH_SWAPPED = "({x}[:4] = {y}[:4] and {x}[6:7] = {y}[9:10] and {x}[9:10] = {y}[6:7])"
_SWAPPED_ALIKE = (
    "jaro_winkler_similarity(given_name_l, family_name_r) >= 0.88 "
    "and jaro_winkler_similarity(family_name_l, given_name_r) >= 0.88"
)
_TWO_PARTS_SAME = "({x}[:4] = {y}[:4])::int + ({x}[6:7] = {y}[6:7])::int + ({x}[9:10] = {y}[9:10])::int = 2"
_SLIP = "damerau_levenshtein({x}, {y}) <= 1"


def _consonants(name: str) -> str:
    """What a name keeps when a vowel is wrong, or letters are doubled or swapped; null where hardly any are left."""
    letters = f"list_sort(list_distinct(regexp_extract_all({name}, '[^aeiouy ]')))"
    return f"(case when len({letters}) > 1 then array_to_string({letters}, '') end)"


# The keys under which pairs are found. None is one that a tenth of a town shares: a name is taken whole, or a part of
# it with the other part; a date of birth with the initials or a postcode; a place with a name and a part of the other;
# what several people may use is as good as its guard.
_KEYS = """
    list_filter(list_distinct(list_concat(
        ['n' || case when given_name < family_name then given_name || '|' || family_name
            else family_name || '|' || given_name end],
        ['f' || x || '|' || given_name[:3] for x in string_split(family_name, ' ') if length(x) > 2],
        ['f' || given_name || '|' || family_name[:3]],
        ['s' || {family} || '|' || given_name[:3]],
        ['r' || family_name || '|' || {given}],
        ['b' || x || '|' || least(given_name[:1], family_name[:1]) || greatest(given_name[:1], family_name[:1])
            for x in birth_dates],
        ['p' || x || '|' || family_name || '|' || given_name[:1] for x in postcodes],
        ['q' || x || '|' || given_name || '|' || family_name[:1] for x in postcodes],
        ['c' || x || '|' || family_name || '|' || given_name[:1] for x in cities],
        ['a' || x || '|' || given_name[:1] for x in addresses],
        flatten([['d' || x || '|' || y for y in postcodes] for x in birth_dates]),
        ['e' || x for x in mailboxes if length(x) > 5],
        ['t' || x for x in phones],
        ['k' || x for x in cards]
    )), x -> x is not null)
""".format(family=_consonants("family_name"), given=_consonants("given_name"))


def prepare_sql(relation: str) -> str:
    """Return the query that makes lists of the columns in LISTS, and adds the keys under which pairs are found.

    Args:
        relation: with the columns of int_people_compared.
    """
    lists = {name: f"coalesce(string_split({name}, '|'), []::varchar[])" for name in LISTS}
    return f"""
        with listed as (
            select
                * replace ({", ".join(f"{split} as {name}" for name, split in lists.items())}),
                [x[:instr(x, '@') - 1] for x in {lists["emails"]}] as mailboxes
            from {relation}
        )

        select
            *,
            pow(2, -given_name_rarity) as tf_given_name,
            pow(2, -family_name_rarity) as tf_family_name,
            {_KEYS} as keys
        from listed
    """


def comparisons() -> list[dict[str, Any]]:
    """Return the comparisons, each level with its label, without weights; the rarer a name, the more it says."""
    return [
        _of_names(
            "given_name",
            [
                (
                    "initial",
                    "least(length(given_name_l), length(given_name_r)) = 1 and given_name_l[:1] = given_name_r[:1]",
                ),
                ("same", "given_name_l = given_name_r"),
                ("swapped with the family name", _SWAPPED),
                ("nickname", "list_has_any(formal_names_l, formal_names_r)"),
                *_spelled_alike("given_name"),
                ("swapped and spelled alike", _SWAPPED_ALIKE),
            ],
        ),
        _of_names(
            "family_name",
            [
                ("same", "family_name_l = family_name_r"),
                ("swapped with the given name", _SWAPPED),
                *_spelled_alike("family_name"),
                ("swapped and spelled alike", _SWAPPED_ALIKE),
            ],
        ),
        _of_lists(
            "birth_date",
            ("birth_dates",),
            [
                ("same", _any_same("birth_dates")),
                ("a slip", _any_pair("birth_dates", f"{_SLIP} or {_DAY_AND_MONTH_SWAPPED}")),
                ("two parts same", _any_pair("birth_dates", _TWO_PARTS_SAME)),
            ],
        ),
        _of_lists(
            "place",
            ("postcodes", "cities"),
            [
                ("same address", _any_same("addresses")),
                (
                    "alike address",
                    _any_pair(
                        "addresses",
                        "jaro_winkler_similarity({x}, {y}) >= 0.92 and damerau_levenshtein({x}, {y}) <= 4",
                    ),
                ),
                ("same postcode", _any_same("postcodes")),
                ("same town", _any_same("cities")),
                (
                    "a slip in the postcode",
                    _any_pair("postcodes", f"length({{x}}) = length({{y}}) and {_SLIP}"),
                ),
            ],
        ),
        _of_lists(
            "email",
            ("emails",),
            [
                ("same", _any_same("emails")),
                ("same before the @", _any_same("mailboxes")),
                ("a slip", _any_pair("emails", _SLIP)),
            ],
        ),
        _of_lists(
            "phone", ("phones",), [("same", _any_same("phones")), ("a slip", _any_pair("phones", _SLIP))]
        ),
        _of_lists("card", ("cards",), [("same", _any_same("cards")), ("a slip", _any_pair("cards", _SLIP))]),
    ]


def _of_names(name: str, levels: list[Level]) -> dict[str, Any]:
    """A comparison of names: every level counts by how rare the name is, but for an initial."""
    found: list[dict[str, Any]] = [
        {"label_for_charts": label, "sql_condition": condition} for label, condition in levels
    ]
    for level in found:
        if level["label_for_charts"] != "initial":
            level["tf_adjustment_column"] = name
    return _comparison(name, f"{name}_l is null or {name}_r is null", found)


def _of_lists(name: str, columns: tuple[str, ...], levels: list[Level]) -> dict[str, Any]:
    """A comparison of lists of values; not known where one side has nothing in any of the columns."""
    unknown = " and ".join(f"(len({column}_l) = 0 or len({column}_r) = 0)" for column in columns)
    return _comparison(
        name,
        unknown,
        [{"label_for_charts": label, "sql_condition": condition} for label, condition in levels],
    )


def _comparison(name: str, unknown: str, levels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "output_column_name": name,
        "comparison_levels": [
            {"label_for_charts": "not known", "sql_condition": unknown, "is_null_level": True},
            *levels,
            {"label_for_charts": "different", "sql_condition": "ELSE"},
        ],
    }


def _spelled_alike(name: str) -> list[Level]:
    """One name stands whole in the other (Jean, Jean Pierre; Martin, Durand Martin), with or without blanks; a slip."""
    left, right = f"' ' || {name}_l || ' '", f"' ' || {name}_r || ' '"
    is_part = f"contains({left}, {right}) or contains({right}, {left})"
    is_joined = f"replace({name}_l, ' ', '') = replace({name}_r, ' ', '')"
    is_long = f"least(length({name}_l), length({name}_r)) > 3"
    return [
        ("part of the other", f"{is_part} or {is_joined}"),
        ("a slip", f"{is_long} and damerau_levenshtein({name}_l, {name}_r) <= 1"),
        ("alike", f"jaro_winkler_similarity({name}_l, {name}_r) >= 0.88"),
    ]


def _any_same(name: str) -> str:
    return f"list_has_any({name}_l, {name}_r)"


def _any_pair(name: str, condition: str) -> str:
    """Whether some value {x} of one side and some value {y} of the other meet a condition."""
    pairs = f"flatten(list_transform({name}_l, x -> list_transform({name}_r, y -> [x, y])))"
    return (
        f"list_max(list_transform({pairs}, pair -> ({condition.format(x='pair[1]', y='pair[2]')})::int)) = 1"
    )
