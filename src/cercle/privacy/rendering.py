"""Renders macros and staging models without dbt: the mart, the gate, `simulate` and the ledger run the same SQL text.

The macros in macros/consent, and those that staging models use, are plain Jinja, and call one another as
`cercle.<macro>`, which dbt and this module both resolve. tests/python/test_privacy_dbt.py holds the two renderings side
by side.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import jinja2

from cercle.errors import CercleError
from cercle.paths import package_root

__all__ = ["render", "render_model"]


def render(macro: str, /, *arguments: Any, **named: Any) -> str:
    """Return the SQL that a macro of macros/consent gives.

    Args:
        macro: its name, for example `decide_contacts`.
        arguments: relations by name, and other arguments of the macro.
        named: the same, by keyword.

    Raises:
        CercleError: there is no such macro, or it refuses its arguments.
    """
    try:
        function = getattr(_environment().globals["cercle"], macro)
    except AttributeError:
        raise CercleError(f"There is no macro {macro!r}", where=str(_folder())) from None
    return str(function(*arguments, **named))


def render_model(path: Path, **functions: Any) -> str:
    """Return the SQL of a model.

    Args:
        path: the model's file; it calls macros of this package, and the functions given here.
        functions: what stands for dbt's own: source, ref, var, …

    Raises:
        CercleError: the model asks for something else of dbt.
    """
    try:
        return _environment().from_string(path.read_text(encoding="utf-8")).render(functions)
    except (jinja2.TemplateError, AttributeError) as error:
        raise CercleError(
            f"The model cannot be rendered without dbt ({type(error).__name__}: {error})",
            where=str(path),
            remedy="Use source, ref, var and macros of cercle alone in a model that feeds the consent ledger",
        ) from None


@cache
def _environment() -> jinja2.Environment:
    # SQL, not HTML: nothing to escape. Its inputs are names of relations, never values.
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701
        extensions=["jinja2.ext.do"],
    )
    exceptions = SimpleNamespace(raise_compiler_error=_refuse)
    environment.globals.update(cercle=_Macros(environment), exceptions=exceptions)
    return environment


class _Macros:
    """The package's macros by name; each is read when it is first asked for."""

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment

    def __getattr__(self, name: str) -> Any:
        path = next(_folder().rglob(f"{name}.sql"), None)
        if path is None:
            raise AttributeError(name)
        macro = getattr(self._environment.from_string(path.read_text(encoding="utf-8")).module, name)
        setattr(self, name, macro)
        return macro


def _folder() -> Path:
    return package_root() / "macros"


def _refuse(sentence: str) -> NoReturn:
    raise CercleError(sentence, where="macros")
