"""What a test server is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar, Self

from servers import go_toolchain

__all__ = ["Server"]


class Server(ABC):
    """A server for tests: a context manager that starts it and ends it.

    A new one is a module with a subclass, and one entry in `command_line.SERVERS`.
    """

    name: ClassVar[str]
    """What `run` calls it."""

    about: ClassVar[str]
    """One line about it for `run --help`."""

    source: ClassVar[Path | None] = None
    """The folder of the Go program that it is, if it is one."""

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
        """Compile or install the server, unless that was done. `start` does it too."""
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
        """Return when the server answers. After `stop` its address and identity are the same again, its data is new."""

    @abstractmethod
    def stop(self) -> None:
        """End the server at once, as a crash would. Does nothing if it does not run."""

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
