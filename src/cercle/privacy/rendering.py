"""Renders the consent macros of the dbt package without dbt: the mart, the gate and `simulate` run the same SQL text.

The macros in macros/consent use plain Jinja alone, and call one another as `cercle.<macro>`, which dbt and this module
both resolve. tests/python/test_privacy_rendering.py holds the two renderings side by side.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NoReturn

import jinja2

from cercle.errors import CercleError
from cercle.paths import package_root

__all__ = ["render"]


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
        function = getattr(_macros(), macro)
    except AttributeError:
        raise CercleError(f"There is no macro {macro!r}", where=str(_folder())) from None
    return str(function(*arguments, **named))


@lru_cache(maxsize=1)
def _macros() -> SimpleNamespace:
    # SQL, not HTML: nothing to escape. Its inputs are names of relations, never values.
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701
        extensions=["jinja2.ext.do"],
    )
    macros = SimpleNamespace()
    environment.globals.update(cercle=macros, exceptions=SimpleNamespace(raise_compiler_error=_refuse))
    for path in sorted(_folder().glob("*.sql")):
        module = environment.from_string(path.read_text(encoding="utf-8")).module
        setattr(macros, path.stem, getattr(module, path.stem))
    return macros


def _folder() -> Any:
    return package_root() / "macros" / "consent"


def _refuse(sentence: str) -> NoReturn:
    raise CercleError(sentence, where="macros/consent")
