"""A region of the real services, and a replayed region, which does what real services won't do on request."""

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
VERSIONS = "GET /compute/v2.1"

SDK_WARNINGS = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:openstack"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:openstack"),
]
"""The marks of tests in which the SDK's own code causes warnings."""
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
    """An administrator's provider."""
    return connect(poll_interval=0.2, sweep_interval=1.0)


@pytest.fixture(scope="session")
def replaying() -> Iterator[OpenStackReplay]:
    with OpenStackReplay(servers=SERVERS) as server:
        yield server


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with an empty clouds.yaml and secure.yaml; this machine's own configuration is not used."""
    for name in [name for name in os.environ if name.startswith(("OS_", "HVLIB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("clouds", "secure"):
        (tmp_path / f"{name}.yaml").write_text("{}")
    for files in ("CONFIG_FILES", "SECURE_FILES", "VENDOR_FILES"):
        monkeypatch.setattr(f"openstack.config.loader.{files}", [])  # the SDK's own paths, chosen when it is imported
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))
    return tmp_path


@pytest.fixture
def replay(replaying: OpenStackReplay, alone: Path) -> Iterator[OpenStackReplay]:
    """A replayed region that no test changes."""
    yield replaying
    replaying.set_token_life(3600)
    replaying.withdraw(None)


@pytest.fixture
def changing(alone: Path) -> Iterator[OpenStackReplay]:
    """A replayed region of the test's own, whose servers it may change."""
    with OpenStackReplay(servers=5) as server:
        yield server


@pytest.fixture
def reach() -> Iterator[Connect]:
    """Makes providers of a replayed region from arguments alone, and closes them; ``port``: a proxy's port."""
    made: list[hvlib.Provider] = []

    def reach(server: OpenStackReplay, port: int | None = None, **options: Any) -> hvlib.Provider:
        made.append(hvlib.connect("openstack://", **{**login(server, port), "retry": AT_ONCE, **options}))
        return made[-1]

    yield reach
    for provider in made:
        provider.close()


@pytest.fixture
def proxy(replay: OpenStackReplay) -> Iterator[FaultyProxy]:
    """A proxy between clients and the whole replayed region."""
    with FaultyProxy(("127.0.0.1", replay.port), named_by=request_name) as proxy:
        yield proxy


@pytest.fixture
def changing_proxy(changing: OpenStackReplay) -> Iterator[FaultyProxy]:
    """A proxy between clients and the region whose servers change."""
    with FaultyProxy(("127.0.0.1", changing.port), named_by=request_name) as proxy:
        yield proxy


def request_name(request: Request) -> str:
    """The replay's name of a request that has no identifier in its path."""
    return method_and_path(request).rstrip("/")


def login(server: OpenStackReplay, port: int | None = None) -> dict[str, str]:
    """The options of a login to a replayed region."""
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
def requests_to(server: OpenStackReplay | FaultyProxy) -> Iterator[Counter[str]]:
    """Count the requests to a server or a proxy during the block. The counter is filled when the block ends."""

    def requests() -> Counter[str]:
        return Counter(server.requests if isinstance(server, FaultyProxy) else server.requests())

    before, made = requests(), Counter[str]()
    yield made
    made.update(requests() - before)


def count(provider: hvlib.Provider) -> int:
    """The number of VMs, by a listing of their names."""
    return provider.compute.vms.get_all(fields=["name_label"]).count()
