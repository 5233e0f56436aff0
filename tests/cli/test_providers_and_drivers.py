from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Hv = Callable[..., Any]


def show(hv: Hv, *arguments: str) -> Any:
    ran = hv(*arguments, "-f", "json")
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


def test_providers_are_listed_without_secrets(hv: Hv) -> None:
    file = Path("hvlib.yaml")
    file.write_text(
        "providers:\n"
        "  prod: {url: 'vsphere://admin:hidden@vc.example.org', timeout: 5}\n"
        "  lab: {url: 'sim://?password=hidden', password_command: 'no-such-command'}\n"
        "  bad: {url: nonsense}\n"
    )
    ran = hv("provider", "list")
    assert ran.status == 0
    assert "hidden" not in ran.out
    found = show(hv, "provider", "list")
    assert [row["name"] for row in found] == ["prod", "lab", "bad"]
    assert found[0] == {"name": "prod", "url": "vsphere://admin@vc.example.org", "file": "hvlib.yaml"}
    assert found[2]["url"].startswith("(not an address")


def test_a_missing_file_is_a_warning(hv: Hv) -> None:
    ran = hv("provider", "list", "-f", "json")
    assert (ran.status, json.loads(ran.out)) == (0, [])
    assert ran.err.startswith("hv: warning: no hvlib.yaml")


def test_check_shows_the_server(hv: Hv) -> None:
    Path("hvlib.yaml").write_text("providers: {lab: {url: 'sim://?vms=3'}}")
    found = show(hv, "provider", "check", "lab")
    assert found["name"] == "lab"
    assert found["product"] == "hvlib simulated lab"
    assert found["login_ms"] >= 0
    assert {"VM", "Host", "Task"} <= set(found["kinds"])
    assert {"start", "stop"} <= set(found["vm_actions"])
    assert show(hv, "-P", "lab", "provider", "check")["uuid"] == found["uuid"]
    assert hv("provider", "check", "sim://?password=x").status == 1


def test_drivers(hv: Hv) -> None:
    found = {row["name"]: row for row in show(hv, "driver", "list")}
    assert found["sim"]["distribution"] == "hvlib-sdk"
    assert all(row["description"] for row in found.values())
    one = show(hv, "driver", "show", "sim")
    assert "vms" in one["options"]
    assert one["usage"]
