"""Options: read an address's options as the types that a driver needs, and refuse a path that it does not use."""

from __future__ import annotations

import math

from hvlib.model.endpoint import Endpoint
from hvlib.model.errors import ConfigError

__all__ = ["bool_option", "refuse_path", "seconds_option"]


def bool_option(endpoint: Endpoint, name: str) -> bool:
    """The value of an option that is true or false; False if it is not given. Raises `ConfigError` for other values."""
    value = endpoint.options.get(name, False)
    if isinstance(value, bool) or value in ("true", "false", "1", "0", "yes", "no"):
        return value in (True, "true", "1", "yes")
    raise ConfigError(f"{name}= can't be {value!r}", hint="use true or false")


def seconds_option(endpoint: Endpoint, name: str, default: float) -> float:
    """The value of an option in seconds. Raises `ConfigError` if it is not a number greater than 0."""
    value = endpoint.options.get(name, default)
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ConfigError(f"{name}= can't be {value!r}", hint="use a number of seconds greater than 0")
    return seconds


def refuse_path(endpoint: Endpoint, form: str) -> None:
    """Raise `ConfigError` for an address with a path, which the driver would ignore.

    ``form`` is the hint: how such an address is written.
    """
    if endpoint.path.strip("/"):
        raise ConfigError(f"{endpoint.url}: {endpoint.driver}:// takes no path", hint=form)
