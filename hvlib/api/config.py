"""Config: hvlib.yaml, the providers by name.

::

    providers:
      prod:
        url: vsphere://admin@vc.example.org
        password_command: pass show vc      # or password_env, password_file, keyring
        cacert: /etc/ssl/vc.pem
        timeout: 20

The first of these files that exists is read: the one that HVLIB_CONFIG_FILE names; hvlib.yaml in the working directory,
in the user's configuration directory, in /etc/hvlib.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hvlib.model.endpoint import Secret
from hvlib.model.errors import ConfigError

__all__ = ["Config", "config_file", "load_config"]

COMMAND_TIMEOUT = 60.0
"""Seconds that a ``password_command`` may take."""


class Keyring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names under which the keyring keeps a password."""

    service: str
    username: str


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One provider in hvlib.yaml. One of five fields gives the password; the other fields are as in `hvlib.connect`."""

    url: str
    username: str | None = None
    password: Secret | None = None
    password_env: str | None = None
    password_file: str | None = None
    password_command: str | None = None
    keyring: Keyring | None = None
    cacert: str | None = None
    verify: bool | None = None
    timeout: float | None = None
    options: dict[str, Any] = {}


class Config(msgspec.Struct, frozen=True):
    """The content of hvlib.yaml. ``path`` is None where there is no file."""

    path: Path | None
    entries: Mapping[str, Entry]

    def provider(self, name: str) -> dict[str, Any]:
        """The settings of one entry, with its password. Raises `ConfigError`, with the known names, for other names."""
        if name not in self.entries:
            where = self.path or "no hvlib.yaml found"
            known = " ".join(self.entries) or "none"
            raise ConfigError(
                f"no provider {name!r} ({where})", hint=f"known: {known}; or give an address, DRIVER://..."
            )
        entry = self.entries[name]
        settings = {
            field: getattr(entry, field) for field in ("url", "username", "cacert", "verify", "timeout", "options")
        }
        return {**settings, "password": _password(name, entry, self.path)}


def config_file() -> Path | None:
    """The file to read; None if there is none. Raises `ConfigError` if HVLIB_CONFIG_FILE names a missing file."""
    named = os.environ.get("HVLIB_CONFIG_FILE")
    if named:
        if not Path(named).is_file():
            raise ConfigError(f"HVLIB_CONFIG_FILE: no such file: {named}")
        return Path(named)
    from platformdirs import user_config_dir

    places = (Path(), Path(user_config_dir("hvlib")), Path("/etc/hvlib"))
    return next((place / "hvlib.yaml" for place in places if (place / "hvlib.yaml").is_file()), None)


def load_config() -> Config:
    """Read hvlib.yaml. Raises `ConfigError`, with file and line, if it is no YAML or no configuration of hvlib."""
    path = config_file()
    if path is None:
        return Config(None, {})
    entries = _entries(path)
    if any(entry.password for entry in entries.values()):
        _warn_if_readable(path)
    return Config(path, entries)


def _entries(path: Path) -> dict[str, Entry]:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        lines = _entry_lines(yaml.compose(text, yaml.SafeLoader))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}, line {error.object.count(10, 0, error.start) + 1}: not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        # An alias or a tag may be a password that starts with * or !, so the message must not repeat it.
        safe = isinstance(error, (yaml.scanner.ScannerError, yaml.parser.ParserError))
        raise ConfigError(f"{path}, line {line}: {error.problem if safe else 'no such alias or tag'}") from None
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from None
    try:
        raw = msgspec.convert(document or {}, _File).providers
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}, line 1: {error}", hint="the file has one key, providers:, a mapping") from None
    return {name: _entry(f"{path}, line {lines.get(name, '?')}: {name}", value) for name, value in raw.items()}


def _entry(place: str, value: object) -> Entry:
    try:
        return msgspec.convert(value, Entry, dec_hook=_as_secret)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place}: {error}", hint="fields: " + " ".join(Entry.__struct_fields__)) from None


def _entry_lines(root: Any) -> dict[str, int]:
    """The line of each provider's entry, from YAML's parse tree."""
    pairs = root.value if getattr(root, "id", None) == "mapping" else []
    below = [value for key, value in pairs if key.value == "providers" and value.id == "mapping"]
    return {key.value: key.start_mark.line + 1 for node in below for key, _ in node.value}


def _as_secret(wanted: type, value: object) -> object:
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"expected {'text' if wanted is Secret else wanted.__name__}")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    providers: dict[str, Any] = {}


def _password(name: str, entry: Entry, path: Path | None) -> Secret | None:
    sources = [
        source
        for source in ("password", "password_env", "password_file", "password_command", "keyring")
        if getattr(entry, source) is not None
    ]
    if len(sources) > 1:
        raise ConfigError(f"{path}: {name} has {' and '.join(sources)}", hint="keep one of them")
    if not sources:
        return None
    value = getattr(entry, sources[0])
    return value if isinstance(value, Secret) else Secret(_READERS[sources[0]](value))


def _from_environment(variable: str) -> str:
    if variable not in os.environ:
        raise ConfigError(f"password_env: {variable} is not set")
    return os.environ[variable]


def _from_file(file: str) -> str:
    path = Path(file).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"password_file: {error}") from None
    _warn_if_readable(path)
    return text.removesuffix("\n")


def _from_command(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"password_command: {error}") from None
    if not words:
        raise ConfigError("password_command is empty")
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=COMMAND_TIMEOUT, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"password_command: {type(error).__name__} running {words[0]!r}") from None
    if done.returncode:
        raise ConfigError(f"password_command: {words[0]!r} ended with status {done.returncode}")
    return done.stdout.removesuffix("\n")


def _from_keyring(entry: Keyring) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        password = keyring.get_password(entry.service, entry.username)
    except KeyringError as error:
        raise ConfigError(f"keyring: {error}") from None
    if password is None:
        raise ConfigError(
            f"keyring: no password for {entry.username} in {entry.service}",
            hint=f"store it: keyring set {entry.service} {entry.username}",
        )
    return password


_READERS: dict[str, Any] = {
    "password_env": _from_environment,
    "password_file": _from_file,
    "password_command": _from_command,
    "keyring": _from_keyring,
}


def _warn_if_readable(path: Path) -> None:
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        warnings.warn(f"{path} holds a password and others may read it: chmod 600 {path}", UserWarning, stacklevel=3)
