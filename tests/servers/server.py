"""The base class of the test servers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar, Self

from servers import go_toolchain

__all__ = ["Server"]


class Server(ABC):
    """A server for tests: a context manager that starts it and ends it.

    To add a server, add a module with a subclass, and an entry in `command_line.SERVERS`.
    """

    name: ClassVar[str]
    """The server's name for `run`."""

    about: ClassVar[str]
    """One line about the server for `run --help`."""

    source: ClassVar[Path | None] = None
    """The folder of the server's source, if it is a Go program."""

    @classmethod
    @abstractmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        """Add the options of `run`, one for each argument of the class."""

    @classmethod
    def from_options(cls, options: Namespace) -> Self:
        """Make a server as the options ask."""
        return cls(**vars(options))

    @classmethod
    def build(cls) -> None:
        """Compile or install the server, unless it is up to date. `start` does this too."""
        if cls.source:
            go_toolchain.build(cls.source)

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for hvlib.connect."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which hvlib.connect() and `hv` reach the server."""
        return {"HVLIB_PROVIDER": self.url}

    @abstractmethod
    def start(self) -> None:
        """Start the server; return when it answers. After `stop` it has the same address and identity, but new data."""

    @abstractmethod
    def stop(self) -> None:
        """End the server at once, like a crash. Does nothing if it does not run."""

    def close(self) -> None:
        """End the server for good."""
        self.stop()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
