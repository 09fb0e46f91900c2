"""Which staging models feed an input of the shared models. The dbt packages say it, once; Python reads it from them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from cercle.errors import CercleError
from cercle.project import project_variable
from cercle.settings import Settings
from cercle.sources import configured_sources

__all__ = ["feeding_models", "package_feeds"]


def feeding_models(settings: Settings, input_name: str) -> list[str]:
    """Return the staging models that feed an input in a project, as the macro union_inputs finds them.

    Args:
        settings: of the project, whose vars and sources are read.
        input_name: one of the var cercle_inputs.

    Raises:
        CercleError: a project file or a plugin's feeds cannot be read.
    """
    plugins = {source.plugin.name: source.plugin for source in configured_sources(settings).values()}
    found = list(_listed(settings, "cercle_inputs", input_name))
    for plugin in plugins.values():
        if plugin.dbt_package_dir is not None:
            found += package_feeds(plugin.dbt_package_dir).get(input_name, ())
    return [*found, *_listed(settings, "cercle_extra_inputs", input_name)]


def _listed(settings: Settings, variable: str, input_name: str) -> list[str]:
    return list((project_variable(settings, variable) or {}).get(input_name, ()))


@cache
def package_feeds(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Return what the macro feeds() of a plugin's dbt package says: input -> staging models.

    Args:
        folder: the dbt package; one without macros/feeds.sql feeds nothing.

    Raises:
        CercleError: the macro does not return a mapping of inputs to lists of models.
    """
    path = folder / "macros" / "feeds.sql"
    if not path.is_file():
        return {}
    returned: list[Any] = []
    # No HTML comes of it; the macro may use nothing of dbt but return().
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    environment.globals["return"] = returned.append
    try:
        module: Any = environment.from_string(path.read_text(encoding="utf-8")).module
        module.feeds()
        return {str(name): tuple(map(str, models)) for name, models in returned[0].items()}
    except (jinja2.TemplateError, AttributeError, IndexError, TypeError) as error:
        raise CercleError(
            f"The macro feeds() cannot be read ({type(error).__name__})",
            where=str(path),
            remedy="Let it return a mapping of inputs to lists of models, in literals; docs/plugins.md shows one",
        ) from None
