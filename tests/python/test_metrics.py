"""Every metric by MetricFlow's own SQL over rows that can be checked in the head; saved queries on the world."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from psycopg import sql

from cercle.dbt_runner import run_dbt
from cercle.settings import Settings
from projects import World, make_project

ROOT = Path(__file__).resolve().parents[2]
SEMANTIC = ROOT / "models" / "semantic"
CASES = yaml.safe_load((Path(__file__).parent / "fixtures" / "metric_cases.yml").read_text(encoding="utf-8"))
METRICS = {
    metric["name"]: metric
    for metric in yaml.safe_load((SEMANTIC / "_semantic__metrics.yml").read_text(encoding="utf-8"))["metrics"]
}
SAVED = [
    query["name"]
    for query in yaml.safe_load((SEMANTIC / "_semantic__saved_queries.yml").read_text(encoding="utf-8"))[
        "saved_queries"
    ]
]
# Numerators and denominators that mean nothing alone.
PARTS = {name for name, metric in METRICS.items() if metric["description"].startswith("Part of a ratio")}


class _Compiler:
    """What MetricFlow asks of a database when it only writes SQL."""

    sql_engine_type = SqlEngine.POSTGRES
    sql_plan_renderer = PostgresSQLSqlPlanRenderer()


def _engine(settings: Settings) -> MetricFlowEngine:
    run_dbt(settings, "parse", [])
    text = (settings.home / "dbt" / "target" / "semantic_manifest.json").read_text(encoding="utf-8")
    manifest = parse_manifest_from_dbt_generated_manifest(manifest_json_string=text)
    return MetricFlowEngine(SemanticManifestLookup(manifest), _Compiler())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def rows_in_marts(make_lasting_database: Callable[..., Settings]) -> tuple[MetricFlowEngine, Settings]:
    """A database whose built marts hold the rows of the cases, and MetricFlow on it."""
    settings = make_lasting_database()
    make_project(settings)
    engine = _engine(settings)
    nodes = json.loads((settings.home / "dbt" / "target" / "manifest.json").read_text(encoding="utf-8"))[
        "nodes"
    ]
    with psycopg.connect(settings.dsn or "") as connection:
        connection.execute("create schema if not exists marts_build")
        connection.execute("create schema if not exists intermediate")
        connection.execute(
            "create view intermediate.int_days_listed as select day::date as day_date"
            " from generate_series(timestamp '2026-01-01', timestamp '2026-12-31', interval '1 day') as day"
        )
        for mart, rows in CASES["rows"].items():
            columns = nodes[f"model.cercle.{mart}"]["columns"]
            connection.execute(
                sql.SQL("create table marts_build.{} ({})").format(
                    sql.Identifier(mart),
                    sql.SQL(", ").join(
                        sql.SQL("{} " + column["data_type"]).format(sql.Identifier(name))
                        for name, column in columns.items()
                    ),
                )
            )
            for row in rows:
                connection.execute(
                    sql.SQL("insert into marts_build.{} ({}) values ({})").format(
                        sql.Identifier(mart),
                        sql.SQL(", ").join(map(sql.Identifier, row)),
                        sql.SQL(", ").join(sql.Placeholder() * len(row)),
                    ),
                    list(row.values()),
                )
    return engine, settings


def _answer(
    engine: MetricFlowEngine, settings: Settings, request: MetricFlowQueryRequest
) -> list[tuple[Any, ...]]:
    statement = engine.explain(request).sql_statement.sql
    with psycopg.connect(settings.dsn or "") as connection:
        return connection.execute(statement.encode()).fetchall()


def test_every_metric_has_a_case_and_no_part_of_a_ratio_has_one() -> None:
    assert CASES["metrics"].keys() == METRICS.keys() - PARTS
    assert len(CASES["metrics"]) >= 25


@pytest.mark.parametrize("name", sorted(CASES["metrics"]))
def test_a_metric_over_rows_checked_in_the_head(
    rows_in_marts: tuple[MetricFlowEngine, Settings], name: str
) -> None:
    case = CASES["metrics"][name]
    where = [case["where"]] if "where" in case else None
    request = MetricFlowQueryRequest.create(metric_names=[name], where_constraints=where)
    ((found,),) = _answer(*rows_in_marts, request)
    assert float(found) == pytest.approx(case["expected"], abs=0.00005)


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_query_answers(world: World, name: str) -> None:
    engine = _engine(world.settings)
    assert _answer(engine, world.settings, MetricFlowQueryRequest.create(saved_query_name=name))


def test_the_page_of_metrics_says_each_metric_and_its_worked_number() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for name, case in CASES["metrics"].items():
        section = page.partition(f"### {name}\n")[2].partition("\n### ")[0]
        assert f"{case['worked']}: **{case['expected']}**" in section, name
