"""A region of the real services, and one that is replayed: what real services won't do on request."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from servers.faulty_message import Request
from servers.faulty_proxy import FaultyProxy, method_and_path
from servers.openstack.openstack import OpenStack
from servers.openstack_replay.replay import OpenStackReplay

import hvlib
from hvlib.runtime.retry import RetryPolicy

Connect = Callable[..., hvlib.Provider]

SERVERS = 30
DETAIL = "GET /compute/v2.1/servers/detail"
TOKENS = "POST /identity/v3/auth/tokens"
AT_ONCE = RetryPolicy(backoff=lambda attempt, error: 0.0)


@pytest.fixture(scope="session")
def region() -> Iterator[OpenStack]:
    with OpenStack(servers=12) as server:
        yield server


@pytest.fixture
def connect(region: OpenStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Makes providers of a cloud, ``admin`` or ``member``, and closes them."""
    for name, value in region.environment.items():
        monkeypatch.setenv(name, value)
    made: list[hvlib.Provider] = []

    def connect(cloud: str = "admin", **options: Any) -> hvlib.Provider:
        made.append(hvlib.connect(f"openstack://{cloud}", **options))
        return made[-1]

    yield connect
    for provider in made:
        provider.close()


@pytest.fixture
def provider(connect: Connect) -> hvlib.Provider:
    """An administrator's."""
    return connect(poll_interval=0.2, sweep_interval=1.0)


@pytest.fixture(scope="session")
def replaying() -> Iterator[OpenStackReplay]:
    with OpenStackReplay(servers=SERVERS) as server:
        yield server


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with an empty clouds.yaml and secure.yaml; nothing of this machine's configuration counts."""
    for name in [name for name in os.environ if name.startswith(("OS_", "HVLIB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("clouds", "secure"):
        (tmp_path / f"{name}.yaml").write_text("{}")
    for files in ("CONFIG_FILES", "SECURE_FILES", "VENDOR_FILES"):
        monkeypatch.setattr(f"openstack.config.loader.{files}", [])  # the SDK's own places, chosen when it is imported
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))
    return tmp_path


@pytest.fixture
def replay(replaying: OpenStackReplay, alone: Path) -> Iterator[OpenStackReplay]:
    """A region that nobody changes."""
    yield replaying
    replaying.set_token_life(3600)
    replaying.withdraw(None)


@pytest.fixture
def changing(alone: Path) -> Iterator[OpenStackReplay]:
    """A region of its own, to change servers in."""
    with OpenStackReplay(servers=5) as server:
        yield server


@pytest.fixture
def reach() -> Iterator[Connect]:
    """Makes providers of a replayed region, by arguments alone, and closes them; ``port``: where a proxy is."""
    made: list[hvlib.Provider] = []

    def reach(server: OpenStackReplay, port: int | None = None, **options: Any) -> hvlib.Provider:
        made.append(hvlib.connect("openstack://", **{**login(server, port), "retry": AT_ONCE, **options}))
        return made[-1]

    yield reach
    for provider in made:
        provider.close()


@pytest.fixture
def proxy(replay: OpenStackReplay) -> Iterator[FaultyProxy]:
    """Between clients and the whole replayed region."""
    with FaultyProxy(("127.0.0.1", replay.port), named_by=called) as proxy:
        yield proxy


@pytest.fixture
def changing_proxy(changing: OpenStackReplay) -> Iterator[FaultyProxy]:
    """Between clients and the region whose servers change."""
    with FaultyProxy(("127.0.0.1", changing.port), named_by=called) as proxy:
        yield proxy


def called(request: Request) -> str:
    """What the replay calls a request, of those without an identifier in their path."""
    return method_and_path(request).rstrip("/")


def login(server: OpenStackReplay, port: int | None = None) -> dict[str, str]:
    """What a replayed region is logged in to with."""
    known = server.credentials
    return {
        "auth_url": f"http://127.0.0.1:{port or server.port}/identity/v3",
        "username": known["user"],
        "password": known["password"],
        "project_name": known["project"],
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": known["region"],
    }


@contextmanager
def asked(of: OpenStackReplay | FaultyProxy) -> Iterator[Counter[str]]:
    """The requests that are made of a server or a proxy until the end of the block, there once it has ended."""

    def requests() -> Counter[str]:
        return Counter(of.requests if isinstance(of, FaultyProxy) else of.requests())

    before, made = requests(), Counter[str]()
    yield made
    made.update(requests() - before)
