"""The one exception that people see, and the exit codes of the command `cercle`."""

from __future__ import annotations

__all__ = [
    "EXIT_DATABASE",
    "EXIT_DIFFERENCE",
    "EXIT_INTERNAL",
    "EXIT_INTERRUPTED",
    "EXIT_LOCKED",
    "EXIT_OK",
    "EXIT_REFUSED",
    "EXIT_USAGE",
    "CercleError",
]

EXIT_OK = 0
EXIT_DIFFERENCE = 1  # a check failed, or two things that should be the same differ
EXIT_USAGE = 2  # the command line is wrong
EXIT_REFUSED = 3  # the configuration or the state of things does not allow it
EXIT_DATABASE = 4  # the database cannot be reached, or has no room
EXIT_LOCKED = 5  # someone else holds the lock
EXIT_INTERNAL = 70  # a defect of cercle (EX_SOFTWARE of sysexits.h)
EXIT_INTERRUPTED = 130  # Ctrl-C, as shells count it, or another signal that ended a program we run


class CercleError(Exception):
    """An error that is a sentence: what happened, where, and what to do about it.

    Args:
        what: the sentence, without a personal value and without a secret.
        where: the file, line, relation or setting that it is about.
        remedy: what the reader can do, as an imperative.
        exit_code: one of the constants of this module.
    """

    def __init__(
        self, what: str, where: str | None = None, remedy: str | None = None, exit_code: int = EXIT_REFUSED
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.exit_code = exit_code

    def __str__(self) -> str:
        """Return the error as one or two sentences."""
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        sentence = _with_full_stop(sentence)
        return f"{sentence} {_with_full_stop(self.remedy)}" if self.remedy else sentence

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the parts of the error, for `--json`."""
        return {"what": self.what, "where": self.where, "remedy": self.remedy, "exit_code": self.exit_code}


def _with_full_stop(sentence: str) -> str:
    return sentence if sentence.rstrip().endswith((".", "!", "?")) else f"{sentence.rstrip()}."
