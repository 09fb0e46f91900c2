"""Source plugins and source instances: which kinds of source there are, and which of them a project uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from cercle.contracts import Contract, Entity, load_contract
from cercle.errors import CercleError
from cercle.paths import package_root
from cercle.settings import Settings
from cercle.yaml_files import load_yaml

if TYPE_CHECKING:
    import pandas
    import psycopg

__all__ = [
    "ENTRY_POINT_GROUP",
    "BadRow",
    "ParseContext",
    "ParsedRows",
    "Parser",
    "Source",
    "SourcePlugin",
    "all_contracts",
    "configured_sources",
    "entities_with_tables",
    "get_source",
    "installed_plugins",
    "plugins_in_use",
]

ENTRY_POINT_GROUP = "cercle.sources"
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class BadRow:
    """A row that a parser could not read; it is kept in ops.rejected_rows.

    Attributes:
        line: where it begins in the file, from 1.
        reason: a sentence without a personal value.
        payload: the row as it stood in the file.
        code: a short name of the reason.
    """

    line: int
    reason: str
    payload: str | None = None
    code: str = "not_parsed"


@dataclass(frozen=True)
class ParseContext:
    """What a parser may want to know beside the bytes.

    Attributes:
        file_name: the name of the file that is read.
        region: ISO 3166 region of telephone numbers without a country, None when there is no default.
        time_zone: IANA zone of times that carry none.
    """

    file_name: str
    region: str | None
    time_zone: str


# A parser takes the decompressed bytes of a file and yields what is handiest: a row as (line, column -> value), a
# chunk of rows as a pandas data frame (lines from its column `_line`, else counted), or a row that it could not read.
ParsedRows = Iterator["tuple[int, Mapping[str, Any]] | pandas.DataFrame | BadRow"]
Parser = Callable[[BinaryIO, ParseContext], ParsedRows]


@dataclass(frozen=True)
class SourcePlugin:
    """A kind of source. docs/plugins.md tells how to write one.

    Attributes:
        name: of the plugin, its contract, and the prefix of its raw tables.
        contract_path: the contract, YAML in ODCS.
        dbt_package_dir: dbt package `cercle_<name>` with the staging models, and the macro feeds() that says which
            inputs of the shared models they feed; None when they are in the cercle package.
        suites_dir: folder with the expectation suite of its raw tables.
        samples_dir: folder with a small made-up file per entity.
        parsers: entity -> parser, for formats other than CSV, JSON lines and Parquet.
        docs: a sentence, or the address of a page, that tells how to get the files.
    """

    name: str
    contract_path: Path
    dbt_package_dir: Path | None = None
    suites_dir: Path | None = None
    samples_dir: Path | None = None
    parsers: Mapping[str, Parser] = field(default_factory=dict)
    docs: str = ""

    @cached_property
    def contract(self) -> Contract:
        """The contract, read and checked when first asked for.

        Raises:
            CercleError: the contract is wrong, is another plugin's, or lacks an entity that has a parser.
        """
        contract = load_contract(self.contract_path)
        if contract.name != self.name:
            raise CercleError(
                f"The contract of plugin {self.name!r} calls itself {contract.name!r}",
                where=str(self.contract_path),
                remedy="Give both the same name",
            )
        for entity in self.parsers:
            contract.entity(entity)
        return contract


@dataclass(frozen=True)
class Source:
    """A source instance: one till system, one mail box, one telephone exchange.

    Attributes:
        name: as in the landing folder and in `_source`.
        plugin: its kind.
        region: default region of its telephone numbers, None when all are international.
        time_zone: of times that carry none.
    """

    name: str
    plugin: SourcePlugin
    region: str | None = None
    time_zone: str = "UTC"


@cache
def installed_plugins() -> Mapping[str, SourcePlugin]:
    """Return the plugins of all installed packages by name, those of cercle itself included.

    Raises:
        CercleError: two packages bring the same name, or a plugin cannot be imported.
    """
    plugins: dict[str, SourcePlugin] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        if point.name in plugins:
            raise CercleError(
                f"Two installed packages bring a source plugin called {point.name!r}",
                where=_package_of(point),
                remedy="Uninstall one of them",
            )
        plugins[point.name] = _import_plugin(point)
    return plugins


def _import_plugin(point: EntryPoint) -> SourcePlugin:
    remedy = f"Mend the entry point {point.value}, or uninstall the package"
    try:
        found = point.load()
        plugin = found if isinstance(found, SourcePlugin) else found()
    except CercleError:
        raise
    except Exception as error:
        what = f"The source plugin {point.name!r} cannot be imported ({type(error).__name__}: {error})"
        raise CercleError(what, where=_package_of(point), remedy=remedy) from error
    if not isinstance(plugin, SourcePlugin) or plugin.name != point.name:
        what = f"The entry point {point.name!r} does not give a SourcePlugin of that name"
        raise CercleError(what, where=_package_of(point), remedy=remedy)
    return plugin


def _package_of(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def all_contracts() -> list[Contract]:
    """Return the contracts of all installed plugins, by name."""
    return [plugin.contract for plugin in installed_plugins().values()]


def plugins_in_use(settings: Settings) -> dict[str, SourcePlugin]:
    """Return the plugins of the project's sources, and those of the house, whose models are built in every project.

    Raises:
        CercleError: as `configured_sources`.
    """
    house = {name: plugin for name, plugin in installed_plugins().items() if plugin.dbt_package_dir is None}
    return house | {source.plugin.name: source.plugin for source in configured_sources(settings).values()}


def entities_with_tables(connection: psycopg.Connection) -> list[Entity]:
    """Return the entities of installed plugins whose raw tables were made, whether a source still uses them or not."""
    standing = {row[0] for row in connection.execute("select raw_relation from ops.raw_relations").fetchall()}
    return [
        entity
        for contract in all_contracts()
        for entity in contract.entities
        if entity.raw_relation in standing
    ]


def configured_sources(settings: Settings) -> dict[str, Source]:
    """Return the source instances of the project, in its order.

    They are the var `cercle_sources` of the project's dbt_project.yml; without it the house plugins, once each.

    Raises:
        CercleError: the project's file cannot be read, or an instance names what does not exist.
    """
    own = settings.project_dir / "dbt_project.yml"
    shipped = package_root() / "dbt_project.yml"
    path, declared = own, _declared(own) if own.is_file() else None
    if declared is None:
        path, declared = shipped, _declared(shipped)
    if not isinstance(declared, Mapping) or not declared:
        raise CercleError("cercle_sources must map names to plugins", where=str(path), remedy=_EXAMPLE)
    return {str(name): _source(str(name), options, path) for name, options in declared.items()}


_EXAMPLE = "Write it as store: {plugin: store, region: FR, time_zone: Europe/Paris}"


def get_source(settings: Settings, name: str) -> Source:
    """Return a source instance of the project.

    Raises:
        CercleError: the project has none of that name.
    """
    sources = configured_sources(settings)
    if name not in sources:
        raise CercleError(
            f"There is no source {name!r}",
            where=str(settings.project_dir / "dbt_project.yml"),
            remedy=f"Use one of {', '.join(sources)}, or add it to the var cercle_sources",
        )
    return sources[name]


def _declared(path: Path) -> object:
    """The var as dbt would find it for the package: scoped to it, else for all."""
    try:
        document = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        raise CercleError(
            "The dbt project file cannot be read", where=str(path), remedy="Mend its YAML"
        ) from None
    variables = document.get("vars") if isinstance(document, Mapping) else None
    if not isinstance(variables, Mapping):
        return None
    scoped = variables.get("cercle")
    if isinstance(scoped, Mapping) and "cercle_sources" in scoped:
        return scoped["cercle_sources"]
    return variables.get("cercle_sources")


def _source(name: str, options: object, path: Path) -> Source:
    where = f"{path} cercle_sources.{name}"
    if not _SOURCE_NAME.fullmatch(name):
        raise CercleError(
            f"A source's name is lower case letters, digits, _ and -; got {name!r}", where=where
        )
    if not isinstance(options, Mapping) or set(options) - {"plugin", "region", "time_zone"}:
        raise CercleError("A source has plugin, region and time_zone", where=where, remedy=_EXAMPLE)
    plugins = installed_plugins()
    plugin_name = str(options.get("plugin", name))
    if plugin_name not in plugins:
        raise CercleError(
            f"No installed package brings a source plugin called {plugin_name!r}",
            where=where,
            remedy=f"Install it, or use one of {', '.join(plugins)}",
        )
    region = options.get("region")
    if region is not None and not re.fullmatch(r"[A-Z]{2}", str(region)):
        raise CercleError(f"region is two capital letters, as FR; got {region!r}", where=where)
    time_zone = str(options.get("time_zone", "UTC"))
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CercleError(
            f"time_zone is an IANA name, as Europe/Paris; got {time_zone!r}", where=where
        ) from None
    return Source(name, plugins[plugin_name], str(region) if region is not None else None, time_zone)
