from __future__ import annotations

from typing import Any

import pytest
from hvlib_vsphere.driver import from_environment

from hvlib.driver import Endpoint, Secret
from hvlib.errors import ConfigError


def test_the_environment_of_other_tools() -> None:
    found = from_environment(
        Endpoint("vsphere"),
        {
            "GOVC_URL": "https://ann%40corp:p%2Fw@vc.example.org:8443/sdk",
            "GOVC_INSECURE": "1",
            "GOVC_TLS_CA_CERTS": "ca.pem",
        },
    )

    assert (found.host, found.port, found.username) == ("vc.example.org", 8443, "ann@corp")
    assert found.password is not None
    assert found.password.reveal() == "p/w"
    assert (found.verify, found.cacert, found.scheme) == (False, "ca.pem", "vsphere")


def test_a_url_without_a_scheme_and_variables_that_go_before_it() -> None:
    found = from_environment(
        Endpoint("vsphere"),
        {
            "GOVC_URL": "user:one@vc.example.org",
            "GOVC_USERNAME": "ann",
            "GOVC_PASSWORD": "two",
            "GOVC_INSECURE": "false",
        },
    )

    assert (found.host, found.username, found.verify) == ("vc.example.org", "ann", None)
    assert found.password is not None
    assert found.password.reveal() == "two"


def test_the_endpoint_goes_before_the_environment() -> None:
    endpoint = Endpoint("vsphere", username="bob", password=Secret("mine"), cacert="own.pem")
    found = from_environment(endpoint, {"GOVC_URL": "vc", "GOVC_USERNAME": "ann", "GOVC_TLS_CA_CERTS": "ca.pem"})

    assert (found.username, found.password, found.cacert) == ("bob", endpoint.password, "own.pem")


@pytest.mark.parametrize("said", [{"verify": True}, {"cacert": "own.pem"}])
def test_whoever_wants_certificates_verified_gets_that_whatever_the_environment_says(said: dict[str, Any]) -> None:
    found = from_environment(Endpoint("vsphere", **said), {"GOVC_URL": "vc", "GOVC_INSECURE": "1"})

    assert found.verify is not False


@pytest.mark.parametrize(
    "environment", [{}, {"GOVC_URL": "https://vc:port"}, {"GOVC_URL": "/sdk"}, {"GOVC_URL": "https://:443"}]
)
def test_no_address(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        from_environment(Endpoint("vsphere"), environment)
