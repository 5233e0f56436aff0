"""A simulated pool in this process, with a slave, and a client that is logged in."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hvlib_xenapi.simulator import Settings, Simulator
from xenapi_clients.plain import Client


@pytest.fixture
def settings() -> Settings:
    return Settings(vms=20, hosts=3, task_time=0.02, login_penalty=0.0, event_delay=0.01)


@pytest.fixture
def simulator(settings: Settings, tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(settings, members=2, unix_socket=tmp_path / "xapi") as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator).login()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "xapi")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("certificate") / "xapi.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path
