"""Show the sources of this project, and the plugins that are installed."""

from __future__ import annotations

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.command(name="sources")
@pass_state
def command(state: State) -> None:
    """Show the sources of this project, and the plugins that are installed.

    A source is declared in the var cercle_sources of the project's dbt_project.yml; its files arrive in the
    landing folder, at <source>/<entity>/.
    """
    from cercle.sources import configured_sources, installed_plugins

    found = configured_sources(state.settings)
    used = {source.plugin.name for source in found.values()}
    payload = {
        "sources": [
            {
                "source": source.name,
                "plugin": source.plugin.name,
                "region": source.region,
                "time_zone": source.time_zone,
                "entities": [entity.name for entity in source.plugin.contract.entities],
                "landing": state.settings.landing_dir / source.name,
                "docs": source.plugin.docs,
            }
            for source in found.values()
        ],
        "unused_plugins": [name for name in installed_plugins() if name not in used],
    }
    rows = [
        (
            source.name,
            source.plugin.name,
            source.region,
            source.time_zone,
            _entities(source.plugin.contract.entities),
        )
        for source in found.values()
    ]
    state.show_table(payload, ("source", "plugin", "region", "time zone", "entities"), rows)


def _entities(entities: tuple[object, ...]) -> str:
    return ", ".join(str(getattr(entity, "name", "")) for entity in entities)
