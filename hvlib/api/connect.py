"""connect: from an address or a name of hvlib.yaml to a Provider."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, cast

from hvlib.api import registry
from hvlib.api.address import check_text, parse_endpoint
from hvlib.api.config import load_config
from hvlib.api.provider import MAX_STEPS, STEPS_TIMEOUT, Provider
from hvlib.model.arguments import FOREVER
from hvlib.model.endpoint import Endpoint, Secret
from hvlib.model.errors import ConfigError
from hvlib.runtime.retry import RetryPolicy
from hvlib.runtime.session_manager import SessionManager

__all__ = ["connect", "endpoint_of"]


def connect(
    target: str | None = None,
    *,
    username: str | None = None,
    password: str | None = None,
    verify: bool | None = None,
    cacert: str | None = None,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    steps: int = MAX_STEPS,
    steps_timeout: float = STEPS_TIMEOUT,
    **options: Any,
) -> Provider:
    """Return a provider, by address (``vsphere://admin@vc.example.org``) or by name (an entry of hvlib.yaml).

    Without ``target`` the environment variables HVLIB_PROVIDER, HVLIB_PASSWORD and HVLIB_CACERT apply. The other
    arguments override the file and the address.

    | verify, cacert: whether TLS certificates are verified, and a PEM file to verify them with
    | timeout: seconds that one request may take
    | retry: how failed calls are repeated
    | steps: how many actions that take several requests are carried out at a time
    | steps_timeout: seconds that the end of a ``with`` block waits for these actions, at most
    | options: the driver's own options (``hv driver show NAME`` lists them)

    Nothing is sent: the provider logs in when it is first used. Raises `DriverNotFound` (with the package to install),
    `ConfigError` (a name or file that can't be used, an option that the driver does not have).

    >>> import hvlib
    >>> with hvlib.connect("sim://?vms=3&seed=1") as provider:
    ...     provider.compute.vms.get_all().count()
    3
    """
    texts = {"target": target, "username": username, "password": password, "cacert": cacert}
    _check_arguments(texts, verify, timeout, retry)
    _check_steps(steps, steps_timeout)
    chosen = target or os.environ.get("HVLIB_PROVIDER")
    if not chosen:
        raise ConfigError("no provider given", hint="pass an address or a name, or set HVLIB_PROVIDER")
    given: dict[str, Any] = {"username": username, "verify": verify, "cacert": cacert, "timeout": timeout}
    given["password"] = None if password is None else Secret(password)
    endpoint = endpoint_of(chosen, given, options, ambient=target is None)
    driver = registry.load(endpoint.driver)
    driver.check(endpoint)
    name = chosen if "://" not in chosen else endpoint.url
    manager = SessionManager(driver, endpoint, retry or RetryPolicy())
    return Provider(manager, name, steps=steps, steps_timeout=steps_timeout)


def endpoint_of(chosen: str, given: dict[str, Any], options: dict[str, Any], *, ambient: bool) -> Endpoint:
    """The endpoint. Arguments override the file, the file the environment, and the environment the address."""
    settings: dict[str, Any] = {}
    url = chosen
    if "://" not in chosen and "@" not in chosen:
        settings = load_config().provider(chosen)
        url = settings.pop("url")
    if ambient:
        environment = _environment()
        settings.update({name: value for name, value in environment.items() if not settings.get(name)})
    settings["options"] = {**settings.get("options", {}), **options}
    explicit = {name: value for name, value in given.items() if value is not None}
    return parse_endpoint(url, **{**settings, **explicit})


def _check_arguments(texts: Mapping[str, object], verify: object, timeout: object, retry: object) -> None:
    """Raise `ConfigError` for an argument of a wrong type. The message repeats no value that may be a password."""
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise ConfigError(f"{name} must be text, not {type(value).__name__}")
        check_text(name, value)
    if verify is not None and not isinstance(verify, bool):
        raise ConfigError(f"verify must be True or False, not {verify!r}")
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise ConfigError(f"retry must be a RetryPolicy, not {retry!r}")
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, (int, float))):
        raise ConfigError(f"timeout must be a number of seconds above 0, not {timeout!r}")


def _check_steps(steps: object, steps_timeout: object) -> None:
    """Raise `ConfigError` unless these are a number of actions, and a number of seconds."""
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ConfigError(f"steps must be a whole number, 1 or more, not {steps!r}")
    number = isinstance(steps_timeout, (int, float)) and not isinstance(steps_timeout, bool)
    if not number or not 0 <= cast(float, steps_timeout) < FOREVER:
        raise ConfigError(f"steps_timeout must be a number of seconds, 0 or more, not {steps_timeout!r}")


def _environment() -> dict[str, Any]:
    password, cacert = os.environ.get("HVLIB_PASSWORD"), os.environ.get("HVLIB_CACERT")
    return {"password": None if password is None else Secret(password), "cacert": cacert}
