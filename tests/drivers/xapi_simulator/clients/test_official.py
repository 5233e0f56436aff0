"""The XenAPI project's own Python package on the simulator."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

from servers.xapi import Xapi

START_TIME = 10.0


def test_ten_thousand_machines(official: Callable[..., Any]) -> None:
    began = time.monotonic()
    with Xapi(vms=10_000) as server:
        assert time.monotonic() - began < START_TIME
        seen = official("list", f"http://127.0.0.1:{server.port}", server.user, server.password)
    assert (seen["count"], seen["fields"]) == (10_006, [92])
    assert seen["names"][0].startswith("Control domain on host: host-1")


def test_a_machine_is_started_by_a_task(xapi: Xapi, official: Callable[..., Any]) -> None:
    seen = official("operate", f"http://127.0.0.1:{xapi.port}", xapi.user, xapi.password)
    assert seen["status"] == "success"
    assert seen["result"] == "<value></value>"
    assert seen["seen"] == ["pending"]
    assert seen["refused"] == ["VM_BAD_POWER_STATE", "halted", "running"]
    assert seen["state"] == "Running"
    assert xapi.leftovers() == {"sessions": 0, "tasks": 0}


def test_a_change_is_followed(xapi: Xapi, official: Callable[..., Any]) -> None:
    seen = official("follow", f"http://127.0.0.1:{xapi.port}", xapi.user, xapi.password)
    assert seen["event"] == ["vm", "mod", '<renamed> & "quoted" é']
    assert seen["types"] == ["str", "bool", "DateTime", "list"]
    assert isinstance(seen["counts"], int)
    assert seen["version"] == "2.21"


def test_https(official: Callable[..., Any]) -> None:
    with Xapi(vms=5, tls=True) as server:
        url = f"https://127.0.0.1:{server.tls_port}"
        seen = official("list", url, server.user, server.password, SSL_CERT_FILE=str(server.cacert))
    assert seen["count"] == 11


def test_a_slave_refuses(xapi: Xapi, official: Callable[..., Any]) -> None:
    seen = official("list", f"http://127.0.0.2:{xapi.port}", xapi.user, xapi.password)
    assert seen == {"refused": ["HOST_IS_SLAVE", "127.0.0.1"]}


def test_a_wrong_password_is_refused(xapi: Xapi, official: Callable[..., Any]) -> None:
    seen = official("list", f"http://127.0.0.1:{xapi.port}", xapi.user, "wrong")
    assert seen == {"refused": ["SESSION_AUTHENTICATION_FAILED", xapi.user, "Authentication failure"]}


def test_the_unix_socket(xapi: Xapi, official: Callable[..., Any]) -> None:
    link = Path(gettempdir()) / f"hvlib-{uuid4()}"  # the client turns each _ of a path into /
    link.symlink_to(xapi.unix_socket)
    try:
        seen = official("list", f"http://{str(link).replace('/', '_')}/", "anyone", "")
    finally:
        link.unlink()
    assert seen["count"] == 26
