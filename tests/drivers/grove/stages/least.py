"""A minimal driver: it logs in, and lists VMs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hvlib.driver import (
    About,
    Adapter,
    Context,
    Driver,
    Endpoint,
    Listing,
    Page,
    PageToken,
    Ref,
    Secret,
    Session,
    SessionLost,
    TokenListing,
    protocol_errors,
)
from hvlib.driver.http import Connections, chunks, status_error
from hvlib.driver.login_slot import LOGOUT_TIMEOUT, Authenticator, LoginSlot, refused_logins
from hvlib.model.errors import HvlibError, Unsupported
from hvlib.model.query import Query
from hvlib.model.resources import VM, Resource


class GroveDriver(Driver):
    description = "Grove, a small hypervisor"
    transports = frozenset({"http"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        return GroveSession(endpoint, context)


class Connection:
    """Sends requests, with or without a login."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.pools = Connections(endpoint)
        self.context = context

    def send(self, verb: str, path: str, body: object = None, token: Secret | None = None, limit: float = inf) -> Any:
        self.context.count_request(f"{verb} {path.partition('?')[0]}")
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        data = None if body is None else json.dumps(body).encode()
        limit = min(limit, self.context.timeout())
        with self.pools.own.exchange(verb, path, body=data, headers=headers, timeout=limit) as response:
            reply = b"".join(chunks(response))
        if response.status not in (200, 201, 202):
            raise status_error(response, {401: SessionLost})
        with protocol_errors():
            return json.loads(reply)


class Login(NamedTuple):
    """One login as data."""

    token: Secret
    about: About


class GroveAuthenticator(Authenticator[Login]):
    """Logs in, and out."""

    def __init__(self, endpoint: Endpoint, connection: Connection) -> None:
        self._endpoint = endpoint
        self._connection = connection

    def log_in(self) -> Login:
        password = self._endpoint.password
        body = {"user": self._endpoint.username, "password": password and password.reveal()}
        with refused_logins("the server refuses the login"):
            reply = self._connection.send("POST", "/sessions", body)
        with protocol_errors():
            token = Secret(reply["token"])
        try:
            about = self._connection.send("GET", "/about", token=token)
            with protocol_errors():
                return Login(token, About(about["product"], about["version"], about["api"], about["uuid"]))
        except HvlibError:
            self._end(token)
            raise

    def log_out(self, login: Login) -> None:
        self._end(login.token)

    def cut(self) -> None:
        self._connection.pools.cut()

    def close(self) -> None:
        self._connection.pools.close()

    def _end(self, token: Secret) -> None:
        with suppress(HvlibError):
            self._connection.send("DELETE", "/sessions/current", token=token, limit=LOGOUT_TIMEOUT)


class GroveSession(Session):
    """Composes the connection, the login and the adapter."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.connection = Connection(endpoint, context)
        self.slot = LoginSlot(GroveAuthenticator(endpoint, self.connection))

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        return {VM: VMs(self.connection, self.slot)}

    @property
    def native(self) -> Connection:
        return self.connection

    def login(self) -> None:
        self.slot.renew()

    def about(self) -> About:
        return self.slot.current.about

    def close(self) -> None:
        self.slot.close()


class VMs(Adapter[VM]):
    """Lists VMs, a hundred in a page."""

    kind = VM
    fields = frozenset({"uuid", "name_label", "vcpus", "memory_bytes"})

    def __init__(self, connection: Connection, slot: LoginSlot[Login]) -> None:
        self._connection = connection
        self._slot = slot

    def open(self, query: Query[VM], after: PageToken | None) -> Listing[VM]:
        return TokenListing(partial(self._page, query), after)

    def lookup(self, field: str, value: str, query: Query[VM]) -> Sequence[VM]:
        raise Unsupported("stage 2")

    def get(self, refs: Sequence[Ref], query: Query[VM]) -> Sequence[VM]:
        raise Unsupported("stage 2")

    def _page(self, query: Query[VM], after: PageToken | None) -> Page[VM]:
        params = {"template": "false", "limit": query.page_size or 100} | ({} if after is None else {"after": after})
        reply = self._connection.send("GET", f"/vms?{urlencode(params)}", token=self._slot.current.token)
        with protocol_errors():
            return Page([self._record(query, row) for row in reply["items"]], reply["next"], reply["total"])

    def _record(self, query: Query[VM], row: Mapping[str, Any]) -> VM:
        values = {
            "uuid": row["uuid"],
            "name_label": row["name"],
            "vcpus": row["cores"],
            "memory_bytes": row["memory_mib"] << 20,
            "native": query.pick_native(row),
        }
        return query.build(self._connection.context.ref(VM, row["id"]), values)
