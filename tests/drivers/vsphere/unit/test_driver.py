from __future__ import annotations

from typing import Any

import pytest
from hvlib_vsphere.driver import from_environment

from hvlib.driver import Endpoint, Secret
from hvlib.errors import ConfigError


def test_the_environment_of_other_tools() -> None:
    completed = from_environment(
        Endpoint("vsphere"),
        {
            "GOVC_URL": "https://ann%40corp:p%2Fw@vc.example.org:8443/sdk",
            "GOVC_INSECURE": "1",
            "GOVC_TLS_CA_CERTS": "ca.pem",
        },
    )

    assert (completed.host, completed.port, completed.username) == ("vc.example.org", 8443, "ann@corp")
    assert completed.password is not None
    assert completed.password.reveal() == "p/w"
    assert (completed.verify, completed.cacert, completed.scheme) == (False, "ca.pem", "vsphere")


@pytest.mark.parametrize(
    ("url", "path"), [("https://vc/other/sdk", "/other/sdk"), ("vc", ""), ("https://vc/sdk/", "/sdk/")]
)
def test_the_path_of_another_tools_address(url: str, path: str) -> None:
    assert from_environment(Endpoint("vsphere"), {"GOVC_URL": url}).path == path
    assert from_environment(Endpoint("vsphere", path="/own"), {"GOVC_URL": url}).path == "/own"


def test_an_ipv6_address_with_a_zone() -> None:
    assert from_environment(Endpoint("vsphere"), {"GOVC_URL": "https://[fe80::1%25lo]/sdk"}).host == "fe80::1%lo"


def test_a_url_without_a_scheme_and_variables_that_override_it() -> None:
    completed = from_environment(
        Endpoint("vsphere"),
        {
            "GOVC_URL": "user:one@vc.example.org",
            "GOVC_USERNAME": "ann",
            "GOVC_PASSWORD": "two",
            "GOVC_INSECURE": "false",
        },
    )

    assert (completed.host, completed.username, completed.verify) == ("vc.example.org", "ann", None)
    assert completed.password is not None
    assert completed.password.reveal() == "two"


def test_the_endpoint_overrides_the_environment() -> None:
    endpoint = Endpoint("vsphere", username="bob", password=Secret("mine"), cacert="own.pem")
    completed = from_environment(endpoint, {"GOVC_URL": "vc", "GOVC_USERNAME": "ann", "GOVC_TLS_CA_CERTS": "ca.pem"})

    assert (completed.username, completed.password, completed.cacert) == ("bob", endpoint.password, "own.pem")


@pytest.mark.parametrize("options", [{"verify": True}, {"cacert": "own.pem"}])
def test_options_that_verify_certificates_override_the_environment(options: dict[str, Any]) -> None:
    completed = from_environment(Endpoint("vsphere", **options), {"GOVC_URL": "vc", "GOVC_INSECURE": "1"})

    assert completed.verify is not False


@pytest.mark.parametrize(
    "environment", [{}, {"GOVC_URL": "https://vc:port"}, {"GOVC_URL": "/sdk"}, {"GOVC_URL": "https://:443"}]
)
def test_an_environment_without_an_address(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        from_environment(Endpoint("vsphere"), environment)
