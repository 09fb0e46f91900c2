"""Loading: bytes in, checked typed rows into raw, the rest into ops.rejected_rows."""

from cercle.load.landing import LandingFile, load_landing, new_landing_files
from cercle.load.loader import load_file
from cercle.load.opening import FileRefusedError
from cercle.load.raw_tables import ensure_raw_tables
from cercle.load.result import REASONS, LoadResult
from cercle.load.states import set_load_state

__all__ = [
    "REASONS",
    "FileRefusedError",
    "LandingFile",
    "LoadResult",
    "ensure_raw_tables",
    "load_file",
    "load_landing",
    "new_landing_files",
    "set_load_state",
]
