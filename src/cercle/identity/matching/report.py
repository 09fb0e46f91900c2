"""A page with Splink's charts: what each level of each comparison weighs, and how doubtful pairs were weighed."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import psycopg

from cercle.identity.matching.delivery import read_descriptions
from cercle.identity.matching.scoring import load_model, make_linker, model_version

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["doubtful_pairs", "report_html"]

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Scored matching</title>
<style>body {{ font-family: sans-serif; margin: 2em; }} iframe {{ border: 0; width: 100%; height: 46em; }}</style>
</head>
<body><h1>Scored matching, model {version}</h1>{charts}</body></html>
"""
# Half of them joined, half not: those nearest to the weight from which a pair is joined.
_DOUBTFUL = """
    select left_key, right_key
    from (
        select
            judged.left_key,
            judged.right_key,
            row_number() over (
                partition by matched.left_key is null
                order by case when matched.left_key is null then -judged.match_weight else judged.match_weight end
            ) as position
        from intermediate.int_pairs_judged as judged
        left join intermediate.int_pairs_matched as matched
            on judged.left_key = matched.left_key and judged.right_key = matched.right_key
    ) as ranked
    where position <= %s
"""


def doubtful_pairs(connection: psycopg.Connection[Any], count: int) -> pa.Table:
    """Return the descriptions of the pairs of clusters that are nearest to being joined, and to being left apart.

    Args:
        connection: to a warehouse that was built with scored matching.
        count: pairs of each kind.
    """
    pairs = connection.execute(_DOUBTFUL.encode(), (count,)).fetchall()
    return read_descriptions(connection, sorted({key for pair in pairs for key in pair}))


def report_html(descriptions: pa.Table) -> str:
    """Return the page. It holds weights and levels, and no value of any person.

    Args:
        descriptions: the columns of int_people_compared, of pairs to show.
    """
    import duckdb

    with duckdb.connect() as connection:
        connection.register("descriptions", descriptions)
        linker = make_linker(
            connection,
            "(select * exclude (description_key), row_number() over () as row_id from descriptions)",
            load_model(),
        )
        pages = {"What each level weighs": linker.visualisations.match_weights_chart().to_html(inline=True)}
        pairs = linker.inference.predict(warning_mode="never").as_record_list()
        if pairs:
            pairs.sort(key=lambda pair: float(pair["match_weight"]))
            chart = linker.visualisations.waterfall_chart(pairs, remove_sensitive_data=True)
            pages["How doubtful pairs were weighed"] = chart.to_html(inline=True)
    frames = [
        f'<h2>{escape(title)}</h2><iframe srcdoc="{escape(page, quote=True)}"></iframe>'
        for title, page in pages.items()
    ]
    return _PAGE.format(version=escape(model_version()), charts="".join(frames))
