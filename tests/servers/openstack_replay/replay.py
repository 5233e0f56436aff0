"""openstack-replay: a fake OpenStack region that replays pages, for benchmarks and faults.

It sends made-up records from memory, in pages like those of keystone, nova, glance, neutron and cinder, so that
benchmarks measure the client and not the server. A `FaultyProxy` before it adds faults that real services can't be made
to have. It refuses requests that it does not implement. It is no evidence of how OpenStack behaves: the tests of the
driver run on the real services.
"""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, ClassVar

from servers import door
from servers.process_server import ProcessServer, python_module

__all__ = ["OpenStackReplay"]

SERVERS = 10_000


class OpenStackReplay(ProcessServer):
    """A region with ``servers`` servers, each with a port and each fourth with a volume.

    Its user is an administrator, with one project. The methods below `command` are for tests, and need no token.
    """

    name: ClassVar[str] = "openstack-replay"
    about: ClassVar[str] = "a fake OpenStack region: made-up pages from memory"

    def __init__(self, servers: int = SERVERS) -> None:
        super().__init__()
        self.credentials = {
            "user": "replay",
            "password": self.password,
            "project": "replay",
            "region": "RegionOne",
            "application_credential_id": secrets.token_hex(16),
            "application_credential_secret": secrets.token_urlsafe(24),
        }
        self._servers = servers

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--servers", type=int, default=SERVERS, help="servers (%(default)s)")

    @property
    def url(self) -> str:
        return "openstack://"  # the variables have the address

    @property
    def auth_url(self) -> str:
        """The address of identity. With a proxy before it, the whole region is at the address that the client uses."""
        return f"http://127.0.0.1:{self.port}/identity/v3"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "OS_AUTH_URL": self.auth_url,
            "OS_USERNAME": self.credentials["user"],
            "OS_PASSWORD": self.credentials["password"],
            "OS_PROJECT_NAME": self.credentials["project"],
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": self.credentials["region"],
            "OS_IDENTITY_API_VERSION": "3",
        }

    def command(self) -> list[str]:
        options = {"servers": self._servers, "port": self.port, "credentials": self.credentials}
        return python_module("servers.openstack_replay.server", json.dumps(options))

    def requests(self) -> dict[str, int]:
        """Return how many requests there were since the start, by ``METHOD /path/{id}``."""
        return dict(self._administer("requests"))

    def tokens(self) -> dict[str, int]:
        """Return how many tokens were ``issued``, and how many are ``valid``."""
        return dict(self._administer("tokens"))

    def expire_tokens(self) -> None:
        """Make every token invalid."""
        self._administer("expire_tokens")

    def set_token_life(self, seconds: float) -> None:
        """Set how long tokens are valid that are issued from now on."""
        self._administer("set_token_life", seconds=seconds)

    def set_skew(self, seconds: float) -> None:
        """Set how far the region's clock is ahead: in Date, in tokens, and in the times of later changes."""
        self._administer("set_skew", seconds=seconds)

    def create_server(self, name: str) -> str:
        """Make a server, and return its identifier."""
        return str(self._administer("create_server", name=name))

    def rename_server(self, id: str, name: str) -> None:
        """Give a server another name."""
        self._administer("rename_server", id=id, name=name)

    def delete_server(self, id: str) -> None:
        """Delete a server. Listings with changes-since still have it."""
        self._administer("delete_server", id=id)

    def forget_deleted(self) -> None:
        """Drop deleted servers, also from changes-since, as when an administrator has purged the database."""
        self._administer("forget_deleted")

    def tag_server(self, id: str, tags: Sequence[str]) -> None:
        """Give a server other tags. Listings with changes-since do not have this change."""
        self._administer("tag_server", id=id, tags=tags)

    def withdraw(self, service: str | None) -> None:
        """Leave a service, such as ``network``, out of the catalog of later tokens. None: put all back."""
        self._administer("withdraw", service=service)

    def _administer(self, call: str, **arguments: Any) -> Any:
        return door.call(self.port, call, arguments)
