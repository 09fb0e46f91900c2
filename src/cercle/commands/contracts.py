"""List and check the contracts of the sources; write dbt's sources.yml from them."""

from __future__ import annotations

from pathlib import Path

import click

from cercle.commands import State, pass_state
from cercle.errors import EXIT_DIFFERENCE, CercleError

__all__ = ["command"]


@click.group(name="contracts")
def command() -> None:
    """List and check the contracts of the sources; write dbt's sources.yml from them."""


@command.command(name="list")
@pass_state
def list_contracts(state: State) -> None:
    """List the entities of every installed plugin."""
    from cercle.sources import all_contracts

    rows = [
        {
            "plugin": contract.name,
            "version": contract.version,
            "entity": entity.name,
            "delivery": entity.delivery,
            "key": [column.name for column in entity.key_columns],
            "column_count": len(entity.columns),
            "raw_relation": entity.raw_relation,
            "description": entity.description,
        }
        for contract in all_contracts()
        for entity in contract.entities
    ]
    shown = ("plugin", "version", "entity", "delivery", "column_count", "description")
    state.show_table(rows, shown, [[row[name] for name in shown] for row in rows])


@command.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@pass_state
def check(state: State, paths: tuple[Path, ...]) -> None:
    """Check contracts: the named files, else those of all installed plugins.

    The first fault ends it, with exit code 3.
    """
    from cercle.contracts import load_contract
    from cercle.sources import all_contracts

    contracts = [load_contract(path) for path in paths] if paths else all_contracts()
    payload = [{"name": contract.name, "version": contract.version, "ok": True} for contract in contracts]
    state.show(payload, "\n".join(f"{contract.name} {contract.version}: in order" for contract in contracts))


@command.command()
@click.option("--plugin", "names", multiple=True, help="Only this plugin; may be repeated.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit code 1 when a file differs.")
@click.pass_context
def sources(ctx: click.Context, names: tuple[str, ...], only_check: bool) -> None:
    """Write dbt's sources.yml of each plugin from its contract."""
    from cercle.load.dbt_sources import render_sources, sources_path
    from cercle.sources import installed_plugins

    state = ctx.ensure_object(State)
    plugins = installed_plugins()
    unknown = sorted(set(names) - set(plugins))
    if unknown:
        raise CercleError(f"There is no plugin {unknown[0]!r}", remedy=f"Use one of {', '.join(plugins)}")
    changed: list[Path] = []
    for name, plugin in plugins.items():
        path = sources_path(plugin)
        if path is None or (names and name not in names):
            continue
        text = render_sources(plugin.contract)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            changed.append(path)
            if not only_check:
                path.write_text(text, encoding="utf-8")
    verb = "Differs from its contract" if only_check else "Written"
    state.show(
        {"changed": changed}, "\n".join(f"{verb}: {path}" for path in changed) or "All are up to date."
    )
    if only_check and changed:
        ctx.exit(EXIT_DIFFERENCE)
