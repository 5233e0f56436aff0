"""Identity of the OpenStack replay: tokens for one user, and the catalog."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from servers.openstack_replay.clock import Clock
from servers.openstack_replay.message import Refused, Reply, Request, json_reply
from servers.openstack_replay.region import PROJECT_ID, USER_ID

__all__ = ["Credentials", "Identity"]

DOMAIN = {"id": "default", "name": "Default"}
UNAUTHORIZED = "The request you have made requires authentication."
ENDPOINTS = {
    "identity": ("keystone", "/identity"),
    "compute": ("nova", "/compute/v2.1"),
    "image": ("glance", "/image"),
    "network": ("neutron", "/network"),
    "volumev3": ("cinderv3", f"/volume/v3/{PROJECT_ID}"),
}
"""By the type of the service: its name, and its path."""


@dataclass(frozen=True)
class Credentials:
    """The credentials that get a token."""

    user: str
    password: str
    project: str
    region: str
    application_credential_id: str
    application_credential_secret: str


class Identity:
    """The part of keystone that clients use. A token is valid for ``token_life`` seconds."""

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self.token_life = 3600.0
        self.issued = 0
        self._credentials = credentials
        self._clock = clock
        self._withdrawn: set[str] = set()
        self._ends: dict[str, datetime] = {}
        self._lock = threading.Lock()

    @property
    def valid(self) -> int:
        """How many tokens are valid."""
        return sum(self._clock.now() < end for end in list(self._ends.values()))

    def withdraw(self, service: str | None) -> None:
        """Leave the services of a type out of the catalog from now on. None: put all back."""
        self._withdrawn = set() if service is None else {*self._withdrawn, service}

    def expire(self) -> None:
        """Make every token invalid."""
        self._ends.clear()

    def revoke(self, token: str) -> None:
        """Make a token invalid."""
        self._ends.pop(token, None)

    def check(self, request: Request) -> None:
        """Check a request's token. Raises `Refused` if it is not valid."""
        end = self._ends.get(request.token)
        if end is None or end <= self._clock.now():
            raise self.unauthorized(request)

    def unauthorized(self, request: Request) -> Refused:
        """Return the error for a token that is not valid."""
        return Refused(401, UNAUTHORIZED, {"WWW-Authenticate": f'Keystone uri="{request.origin}/identity"'})

    def issue(self, request: Request) -> Reply:
        """POST /v3/auth/tokens. Raises `Refused`."""
        try:
            auth = json.loads(request.body)["auth"]
            method = self._method(auth["identity"])
            scoped = method == "application_credential" or self._scoped(auth.get("scope"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(400, f"Expecting to find valid JSON in request body: {error!r}") from error
        now, token = self._clock.now(), f"gAAAAA{secrets.token_urlsafe(132)}"
        end = now + timedelta(seconds=self.token_life)
        with self._lock:
            self.issued += 1
            self._ends[token] = end
        content = self._token(method, now, end) | (self._scope(request.origin) if scoped else {})
        return json_reply(201, {"token": content}, {"X-Subject-Token": token, "Vary": "X-Auth-Token"})

    def _method(self, identity: Any) -> str:
        """Return the login's method if its credentials are right. Raises `Refused`."""
        expected = self._credentials
        match identity["methods"]:
            case ["password"]:
                user = identity["password"]["user"]
                valid = user["password"] == expected.password and self._is_user(user)
            case ["application_credential"]:
                credential = identity["application_credential"]
                named = credential.get("name") == "replay" and self._is_user(credential.get("user", {}))
                valid = credential["secret"] == expected.application_credential_secret
                valid = valid and (named or credential.get("id") == expected.application_credential_id)
            case _:
                valid = False
        if not valid:
            raise Refused(401, UNAUTHORIZED)
        return str(identity["methods"][0])

    def _is_user(self, user: Any) -> bool:
        if "id" in user:
            return bool(user["id"] == USER_ID)
        return bool(user.get("name") == self._credentials.user) and _in_domain(user)

    def _scoped(self, scope: Any) -> bool:
        if not isinstance(scope, dict):
            return False
        project = scope["project"]
        if project.get("id") != PROJECT_ID and not (
            project.get("name") == self._credentials.project and _in_domain(project)
        ):
            raise Refused(401, UNAUTHORIZED)
        return True

    def _token(self, method: str, now: datetime, end: datetime) -> dict[str, Any]:
        return {
            "methods": [method],
            "user": {"domain": DOMAIN, "id": USER_ID, "name": self._credentials.user, "password_expires_at": None},
            "audit_ids": [secrets.token_urlsafe(16)],
            "expires_at": _stamp(end),
            "issued_at": _stamp(now),
        }

    def _scope(self, origin: str) -> dict[str, Any]:
        catalog = [
            {
                "id": uuid5(NAMESPACE_URL, type).hex,
                "type": type,
                "name": name,
                "endpoints": [
                    self._endpoint(interface, origin + path) for interface in ("public", "internal", "admin")
                ],
            }
            for type, (name, path) in ENDPOINTS.items()
            if type not in self._withdrawn
        ]
        return {
            "is_domain": False,
            "project": {"domain": DOMAIN, "id": PROJECT_ID, "name": self._credentials.project},
            "roles": [{"id": f"{role:0<32}", "name": role} for role in ("admin", "member", "reader")],
            "catalog": catalog,
        }

    def _endpoint(self, interface: str, url: str) -> dict[str, str]:
        region = self._credentials.region
        return {"id": secrets.token_hex(16), "interface": interface, "region_id": region, "region": region, "url": url}


def _in_domain(resource: Any) -> bool:
    domain = resource.get("domain", {})
    return bool(domain.get("id") == DOMAIN["id"] or domain.get("name") == DOMAIN["name"])


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
