"""The version documents of the OpenStack replay, and the choice of a microversion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from servers.openstack_replay.message import Refused, Reply, Request, json_reply

__all__ = ["Microversion", "document", "negotiate"]

Microversion = tuple[int, int]

RANGES: dict[str, tuple[Microversion, Microversion]] = {"compute": ((2, 1), (2, 104)), "volume": ((3, 0), (3, 71))}
HEADER = re.compile(r"(\w+) (\d+\.\d+|latest)")
IMAGE_VERSIONS = [f"v2.{minor}" for minor in (17, 16, 15, 9, 7, 6, 5, 4, 3, 2, 1, 0)]


def document(path: str, origin: str) -> Reply | None:
    """Return the version document at this path, or None. These need no token."""
    match path.rstrip("/"):
        case "/identity":
            values = [_version("v3.14", f"{origin}/identity/v3/", "stable")]
            return json_reply(300, {"versions": {"values": values}}, {"Location": f"{origin}/identity/v3/"})
        case "/identity/v3":
            return json_reply(200, {"version": _version("v3.14", f"{origin}/identity/v3/", "stable")})
        case "/compute":
            return json_reply(200, {"versions": [_ranged("compute", "v2.1", f"{origin}/compute/v2.1/")]})
        case "/compute/v2.1":
            return json_reply(200, {"version": _ranged("compute", "v2.1", f"{origin}/compute/v2.1/")})
        case "/image":
            href = f"{origin}/image/v2/"
            versions = [_version(id, href, "SUPPORTED" if at else "CURRENT") for at, id in enumerate(IMAGE_VERSIONS)]
            return json_reply(300, {"versions": versions})
        case "/network":
            return json_reply(200, {"versions": [_version("v2.0", f"{origin}/network/v2.0/", "CURRENT")]})
        case "/volume" | "/volume/v3" as volume_path:
            versions = [_ranged("volume", "v3.0", f"{origin}/volume/v3/")]
            return json_reply(300 if volume_path == "/volume" else 200, {"versions": versions})
    return None


def negotiate(request: Request) -> tuple[Microversion, Mapping[str, str]]:
    """Return the microversion for the reply, and the headers that name it. Raises `Refused`."""
    service = request.service
    if service not in RANGES:
        return (0, 0), {}
    least, most = RANGES[service]
    requested = dict(HEADER.findall(request.headers.get("OpenStack-API-Version", "")))
    wanted = requested.get(service) or (service == "compute" and request.headers.get("X-OpenStack-Nova-API-Version"))
    version = _parsed(wanted, most) if wanted else least
    if not least <= version <= most:
        raise Refused(406, f"Version {wanted} is not supported by the API. Minimum is {least} and maximum is {most}.")
    text = f"{version[0]}.{version[1]}"
    headers = {"OpenStack-API-Version": f"{service} {text}", "Vary": "OpenStack-API-Version"}
    if service == "compute":
        headers |= {"X-OpenStack-Nova-API-Version": text}
    return version, headers


def _parsed(text: str, most: Microversion) -> Microversion:
    if text == "latest":
        return most
    try:
        major, minor = map(int, text.split("."))
    except ValueError as error:
        raise Refused(400, f"API Version String {text} is of invalid format.") from error
    return major, minor


def _version(id: str, href: str, status: str) -> dict[str, Any]:
    return {"id": id, "status": status, "links": [{"rel": "self", "href": href}]}


def _ranged(service: str, id: str, href: str) -> dict[str, Any]:
    least, most = ("{}.{}".format(*version) for version in RANGES[service])
    versions = {"version": most, "min_version": least, "updated": "2013-07-23T11:33:21Z"}
    return {**_version(id, href, "CURRENT"), **versions}
