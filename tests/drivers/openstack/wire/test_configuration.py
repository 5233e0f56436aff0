"""The cloud and the user by clouds.yaml, secure.yaml, variables and arguments, in the usual order."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hvlib_xapi_simulator.certificate import make_certificate
from servers.faulty_proxy import FaultyProxy
from servers.openstack.openstack import OpenStack
from servers.openstack_replay.replay import OpenStackReplay

import hvlib

from .conftest import SDK_WARNINGS, SERVERS, Connect, login

Write = Callable[..., None]


@pytest.fixture
def write(alone: Path) -> Write:
    """Writes clouds.yaml, or secure.yaml."""

    def write(*, file: str = "clouds", **clouds: Any) -> None:
        (alone / f"{file}.yaml").write_text(json.dumps({"clouds": clouds}))  # JSON is YAML too

    return write


def cloud(replay: OpenStackReplay, **settings: Any) -> dict[str, Any]:
    """The settings of a cloud in clouds.yaml."""
    auth = login(replay)
    return {"region_name": auth.pop("region_name"), "auth": auth, **settings}


def project(url: str, **options: Any) -> tuple[int, str]:
    """The number of servers that a login lists, and the name of its project."""
    with hvlib.connect(url, **options) as provider:
        servers = provider.compute.vms.get_all(fields=["name_label"]).count()
        return servers, str(provider.native.current_project.name)


EXPECTED = (SERVERS, "replay")

pytestmark = SDK_WARNINGS


def test_a_cloud_of_the_file(replay: OpenStackReplay, write: Write) -> None:
    write(prod=cloud(replay), other={"auth": {"auth_url": "http://127.0.0.1:1/v3"}})
    assert project("openstack://prod") == EXPECTED
    assert project("openstack://Prod") == EXPECTED


def test_a_name_with_capitals(replay: OpenStackReplay, write: Write) -> None:
    write(Prod=cloud(replay), other={"auth": {"auth_url": "http://127.0.0.1:1/v3"}})
    assert project("openstack://Prod") == EXPECTED
    assert project("openstack://prod") == EXPECTED


def test_a_name_with_other_characters(replay: OpenStackReplay, write: Write) -> None:
    write(**{"my_cloud.eu-1": cloud(replay)})
    assert project("openstack://my_cloud.eu-1") == EXPECTED


def test_secrets_have_a_file_of_their_own(replay: OpenStackReplay, write: Write) -> None:
    settings = cloud(replay)
    password = settings["auth"].pop("password")
    write(prod=settings)
    write(file="secure", prod={"auth": {"password": password}})
    assert project("openstack://prod") == EXPECTED


def test_os_cloud(replay: OpenStackReplay, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(prod=cloud(replay), other={"auth": {"auth_url": "http://127.0.0.1:1/v3"}})
    monkeypatch.setenv("OS_CLOUD", "prod")
    assert project("openstack://") == EXPECTED
    monkeypatch.setenv("OS_CLOUD", "other")
    assert project("openstack://prod") == EXPECTED


def test_the_only_cloud_of_the_file(replay: OpenStackReplay, write: Write) -> None:
    write(prod=cloud(replay))
    assert project("openstack://") == EXPECTED


def test_variables(replay: OpenStackReplay, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in replay.environment.items():
        monkeypatch.setenv(name, value)
    assert project("openstack://") == EXPECTED


def test_arguments_override_the_file(replay: OpenStackReplay, write: Write) -> None:
    settings = cloud(replay, regions=["Elsewhere", "RegionOne"])
    del settings["region_name"]
    write(prod=settings)
    assert project("openstack://prod", region_name="RegionOne") == EXPECTED
    with pytest.raises(hvlib.ConfigError, match="Nowhere"):
        project("openstack://prod", region_name="Nowhere")
    settings = cloud(replay)
    settings["auth"]["username"] = "somebody"
    write(prod=settings)
    assert project("openstack://replay@prod") == EXPECTED
    settings["auth"]["password"] = "wrong"
    write(prod=settings)
    known = replay.credentials
    assert project("openstack://prod", username=known["user"], password=known["password"]) == EXPECTED


def test_an_auth_url_stands_alone(replay: OpenStackReplay, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and variables do not count, not even for arguments that are missing."""
    write(prod=cloud(replay, region_name="Elsewhere"))
    for name in ("OS_USERNAME", "OS_PROJECT_NAME", "OS_REGION_NAME", "OS_TOKEN", "OS_PROJECT_ID"):
        monkeypatch.setenv(name, "wrong")
    assert project("openstack://", **login(replay)) == EXPECTED
    assert project(f"openstack://?auth_url={replay.auth_url}", **_without(login(replay), "auth_url")) == EXPECTED
    with pytest.raises(hvlib.ConfigError):
        project("openstack://", auth_url=replay.auth_url)


@pytest.mark.parametrize("named", [False, True])
def test_application_credentials(replay: OpenStackReplay, write: Write, named: bool) -> None:
    known = replay.credentials
    auth = {"auth_url": replay.auth_url, "application_credential_secret": known["application_credential_secret"]}
    if named:
        auth |= {"application_credential_name": "replay", "username": known["user"], "user_domain_name": "Default"}
    else:
        auth |= {"application_credential_id": known["application_credential_id"]}
    given = {"auth_type": "v3applicationcredential", "region_name": "RegionOne"}
    assert project("openstack://", **given, **auth)[0] == SERVERS
    write(prod={**given, "auth": auth})
    assert project("openstack://prod")[0] == SERVERS


def test_a_wrong_token(replay: OpenStackReplay, reach: Connect) -> None:
    provider = reach(replay)
    assert provider.about
    settings = _without(login(replay), "username", "password", "user_domain_name")
    with (
        hvlib.connect("openstack://", auth_type="v3token", token="wrong", **settings) as other,
        pytest.raises(hvlib.AuthenticationFailed),
    ):
        other.compute.vms.get_all().all()


def test_a_valid_token(region: OpenStack, connect: Connect) -> None:
    token = connect("member").native.session.get_token()
    settings = {"auth_url": f"{region.addresses['keystone']}/v3", "auth_type": "v3token", "token": token}
    project = {"project_name": "member", "project_domain_name": "Default"}
    with hvlib.connect("openstack://", **settings, **project) as other:
        assert other.compute.vms.get_all().count() == 2


@pytest.mark.parametrize("interface", ["public", "internal", "admin"])
def test_interfaces(replay: OpenStackReplay, write: Write, interface: str) -> None:
    write(prod=cloud(replay, interface=interface))
    assert project("openstack://prod") == EXPECTED
    assert project("openstack://", **login(replay), interface=interface) == EXPECTED


def test_endpoints_of_the_file(replay: OpenStackReplay, write: Write) -> None:
    with FaultyProxy(("127.0.0.1", replay.port)) as proxy:
        write(prod=cloud(replay, compute_endpoint_override=f"http://127.0.0.1:{proxy.port}/compute/v2.1"))
        assert project("openstack://prod")[0] == SERVERS
        assert any("/servers/detail" in name for name in proxy.requests)


class TestTls:
    """Keystone behind TLS, with a certificate that no authority of this machine has signed."""

    @pytest.fixture
    def certificate(self, alone: Path) -> Path:
        make_certificate(alone / "keystone.pem", ["127.0.0.1"])
        return alone / "keystone.pem"

    @pytest.fixture
    def settings(self, replay: OpenStackReplay, certificate: Path) -> Iterator[dict[str, Any]]:
        present = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        present.load_cert_chain(certificate)
        with FaultyProxy(("127.0.0.1", replay.port), present=present) as proxy:
            settings = cloud(replay, compute_endpoint_override=f"http://127.0.0.1:{replay.port}/compute/v2.1")
            settings["auth"]["auth_url"] = f"https://127.0.0.1:{proxy.port}/identity/v3"
            yield settings

    def count(self, **options: Any) -> int:
        with hvlib.connect("openstack://prod", **options) as provider:
            return provider.compute.vms.get_all(fields=["name_label"]).count()

    def test_the_certificate_is_verified(self, settings: dict[str, Any], write: Write) -> None:
        write(prod=settings)
        with pytest.raises(hvlib.ConnectionFailed, match="certificate"):
            self.count()

    def test_the_file_names_a_certificate(self, settings: dict[str, Any], write: Write, certificate: Path) -> None:
        write(prod={**settings, "cacert": str(certificate)})
        assert self.count() == SERVERS

    def test_an_argument_names_a_certificate(self, settings: dict[str, Any], write: Write, certificate: Path) -> None:
        write(prod=settings)
        assert self.count(cacert=str(certificate)) == SERVERS
        with pytest.raises(hvlib.ConfigError, match="cacert"):
            self.count(cacert=str(certificate.with_name("none.pem")))

    def test_the_certificate_may_be_left_unverified(self, settings: dict[str, Any], write: Write) -> None:
        write(prod={**settings, "verify": False})
        assert self.count() == SERVERS
        with pytest.raises(hvlib.ConnectionFailed, match="certificate"):
            self.count(verify=True)
        write(prod=settings)
        assert self.count(verify=False) == SERVERS


class TestOptions:
    @pytest.mark.parametrize("value", [True, "true", "yes", "1", False, "false", "no", "0"])
    def test_all_projects(self, replay: OpenStackReplay, reach: Connect, value: object) -> None:
        with FaultyProxy(("127.0.0.1", replay.port), named_by=lambda request: request.path) as proxy:
            provider = reach(replay, proxy.port, all_projects=value)
            assert provider.compute.vms.get_all(fields=[]).count() == SERVERS
            listed = [address for address in proxy.requests if "/servers/detail" in address]
            assert listed
            wanted = value in (True, "true", "yes", "1")
            assert all(("all_tenants=1" in address) == wanted for address in listed)

    @pytest.mark.parametrize("value", ["maybe", "", 2, None, "TRUE?"])
    def test_invalid_values_of_all_projects(self, replay: OpenStackReplay, reach: Connect, value: object) -> None:
        with pytest.raises(hvlib.ConfigError, match="all_projects"):
            reach(replay, all_projects=value)

    @pytest.mark.parametrize("name", ["poll_interval", "sweep_interval"])
    @pytest.mark.parametrize("value", ["soon", 0, -1, "nan"])
    def test_invalid_intervals(self, replay: OpenStackReplay, reach: Connect, name: str, value: object) -> None:
        with pytest.raises(hvlib.ConfigError, match=name):
            reach(replay, **{name: value})

    def test_an_option_that_does_not_exist(self, replay: OpenStackReplay, reach: Connect) -> None:
        with pytest.raises(hvlib.ConfigError, match="every_project"):
            reach(replay, every_project=True)


class TestMissing:
    def test_a_cloud(self, replay: OpenStackReplay, write: Write) -> None:
        write(prod=cloud(replay))
        with pytest.raises(hvlib.ConfigError, match="other") as caught:
            project("openstack://other")
        assert "clouds.yaml" in str(caught.value.hint)

    def test_every_setting(self, alone: Path) -> None:
        with pytest.raises(hvlib.ConfigError) as caught:
            project("openstack://")
        assert "auth_url" in str(caught.value.hint)

    @pytest.mark.parametrize("text", ["clouds: [", "clouds: 3", "- a"])
    def test_a_readable_file(self, alone: Path, text: str) -> None:
        (alone / "clouds.yaml").write_text(text)
        with pytest.raises(hvlib.ConfigError):
            project("openstack://prod")

    @pytest.mark.parametrize("auth_url", ["", "nonsense", "http://", "ftp://127.0.0.1/v3"])
    def test_a_valid_address(self, replay: OpenStackReplay, reach: Connect, auth_url: str) -> None:
        with pytest.raises((hvlib.ConfigError, hvlib.ConnectionFailed)):
            assert reach(replay, auth_url=auth_url).about

    @pytest.mark.parametrize("name", ["username", "password", "project_name", "user_domain_name"])
    def test_a_part_of_the_login(self, replay: OpenStackReplay, name: str) -> None:
        with pytest.raises((hvlib.ConfigError, hvlib.AuthenticationFailed)):
            project("openstack://", **_without(login(replay), name))

    def test_a_known_authentication_type(self, replay: OpenStackReplay, reach: Connect) -> None:
        with pytest.raises(hvlib.ConfigError, match="v9password"):
            assert reach(replay, auth_type="v9password").about

    def test_a_cloud_in_another_process(self, alone: Path) -> None:
        script = "import hvlib\nwith hvlib.connect('openstack://prod') as p:\n    p.about"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        process = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            cwd=alone / "..",
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert process.returncode == 1
        assert "errors.ConfigError" in process.stderr.splitlines()[-1]
        assert "prod" in process.stderr.splitlines()[-1]


def _without(options: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
