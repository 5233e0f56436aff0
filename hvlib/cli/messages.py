"""Messages: errors and warnings as lines on stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from hvlib.model.errors import HvlibError

__all__ = ["OneLine", "describe"]


class OneLine(logging.Formatter):
    """Writes ``hv: what happened (what to do next)``; for several errors, a line each."""

    def format(self, record: logging.LogRecord) -> str:
        """The lines of one log record."""
        if isinstance(record.msg, BaseException):
            lines = [f"hv: {line}" for line in describe(record.msg)]
        else:
            level = "" if record.levelno >= logging.ERROR else f"{record.levelname.lower()}: "
            lines = [f"hv: {level}{record.getMessage()}"]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return "\n".join(lines)


def describe(error: BaseException) -> Iterator[str]:
    """A line for the error; for a group, a line for each error in it."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from describe(each)
        return
    message = " ".join(str(error).split())
    if not isinstance(error, HvlibError):
        yield f"{type(error).__name__}: {message} (--debug shows where)"
    else:
        yield f"{message} ({error.hint})" if error.hint else message
