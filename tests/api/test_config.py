from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

import hvlib
from hvlib.api import connect as connecting
from hvlib.api import registry
from hvlib.api.address import parse_endpoint
from hvlib.api.config import config_file, load_config
from hvlib.model.endpoint import Secret


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a home where nothing is configured."""
    for variable in ("HVLIB_CONFIG_FILE", "HVLIB_PROVIDER", "HVLIB_PASSWORD", "HVLIB_CACERT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_first_file_that_exists_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_file() is None
    user = write(home / "home" / ".config" / "hvlib" / "hvlib.yaml", "providers: {}")
    assert config_file() == user
    write(home / "work" / "hvlib.yaml", "providers: {}")
    assert config_file() == Path("hvlib.yaml")
    named = write(home / "named.yaml", "providers: {lab: {url: 'sim://'}}")
    monkeypatch.setenv("HVLIB_CONFIG_FILE", str(named))
    assert list(load_config().entries) == ["lab"]
    monkeypatch.setenv("HVLIB_CONFIG_FILE", str(home / "nowhere.yaml"))
    with pytest.raises(hvlib.ConfigError, match=r"nowhere\.yaml"):
        hvlib.connect("lab")


def test_a_name_connects_with_its_settings(home: Path) -> None:
    write(home / "work" / "hvlib.yaml", "providers: {lab: {url: 'sim://?vms=7', options: {seed: 3}}}")
    with hvlib.connect("lab") as provider:
        assert (provider.name, provider.compute.vms.get_all().count()) == ("lab", 7)


def test_arguments_override_the_file_and_the_file_overrides_the_address(home: Path) -> None:
    entry = "url: 'vsphere://a@vc', username: b, verify: false, cacert: file.pem, timeout: 7"
    write(home / "work" / "hvlib.yaml", f"providers: {{lab: {{{entry}}}}}")
    given = dict.fromkeys(("username", "password", "verify", "cacert", "timeout"))
    endpoint = connecting.endpoint_of("lab", given, {}, ambient=False)
    assert (endpoint.username, endpoint.verify, endpoint.cacert, endpoint.timeout) == ("b", False, "file.pem", 7)
    given.update(username="c", verify=True, cacert="mine.pem", timeout=3.0)  # type: ignore[call-overload]
    endpoint = connecting.endpoint_of("lab", given, {}, ambient=False)
    assert (endpoint.username, endpoint.verify, endpoint.cacert, endpoint.timeout) == ("c", True, "mine.pem", 3)
    assert parse_endpoint("vsphere://vc").verify is None


def test_the_error_for_an_unknown_name_lists_the_known_ones(home: Path) -> None:
    write(home / "work" / "hvlib.yaml", "providers: {lab: {url: 'sim://'}, prod: {url: 'sim://'}}")
    with pytest.raises(hvlib.ConfigError, match="'prud'") as caught:
        hvlib.connect("prud")
    assert "lab prod" in (caught.value.hint or "")
    with pytest.raises(hvlib.ConfigError, match="no provider given"):
        hvlib.connect()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("providers:\n  lab: {url: 'sim://'\n  x: [", "line 3"),
        ("providers: [1]", "providers"),
        ("providers: {lab: {}}", "line 1: lab: Object missing required field `url`"),
        ("providers:\n  lab: {url: 'sim://'}\n  prod:\n    url: 'sim://'\n    pasword: x", "line 3: prod"),
        ("providers:\n  lab:\n    url: 3", "line 2: lab"),
        ("providers:\n  lab: {url: 'sim://', timeout: soon}", "line 2: lab"),
        ("provider: {}", "provider"),
        ("just text", "line 1"),
    ],
)
def test_a_wrong_configuration_is_an_error_with_the_place(home: Path, text: str, message: str) -> None:
    write(home / "work" / "hvlib.yaml", text)
    with pytest.raises(hvlib.ConfigError, match=r"hvlib\.yaml") as caught:
        load_config()
    assert message in str(caught.value)


def test_a_file_that_is_not_text_is_an_error_with_the_place(home: Path) -> None:
    (home / "work" / "hvlib.yaml").write_bytes(b"providers:\n  lab: \xff")
    with pytest.raises(hvlib.ConfigError, match="line 2: not UTF-8"):
        load_config()


def test_a_timeout_must_be_above_zero() -> None:
    for seconds in (0, -1):
        with pytest.raises(hvlib.ConfigError, match="timeout"):
            hvlib.connect("sim://", timeout=seconds)


def password(home: Path, setting: str) -> str | None:
    write(home / "work" / "hvlib.yaml", f"providers: {{lab: {{url: 'sim://', {setting}}}}}")
    secret = load_config().provider("lab")["password"]
    return secret and secret.reveal()


class OneKey(KeyringBackend):
    """A keyring with one password in it."""

    priority = 1.0  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        return "from keyring" if (service, username) == ("hvlib", "admin") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


def test_passwords_come_from_where_the_file_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    monkeypatch.setenv("LAB_PASSWORD", "from env")
    write(home / "secret", "from file\n")
    assert password(home, "timeout: 3") is None
    assert password(home, "password: plain") == "plain"
    assert password(home, "password_env: LAB_PASSWORD") == "from env"
    assert password(home, f"password_file: {home / 'secret'}") == "from file"
    assert password(home, f"password_command: {sys.executable} -c 'print(40+2)'") == "42"
    previous = keyring.get_keyring()
    keyring.set_keyring(OneKey())
    try:
        assert password(home, "keyring: {service: hvlib, username: admin}") == "from keyring"
        with pytest.raises(hvlib.ConfigError, match="no password for nobody"):
            password(home, "keyring: {service: hvlib, username: nobody}")
    finally:
        keyring.set_keyring(previous)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("password_env: NOT_THERE", "NOT_THERE is not set"),
        ("password_file: /does/not/exist", "password_file"),
        ("password_command: 'false'", "status 1"),
        ("password_command: /does/not/exist", "FileNotFoundError"),
        ('password_command: "pass \'show"', "No closing quotation"),
        ("password_command: ''", "is empty"),
        ("password: a, password_env: B", "password and password_env"),
    ],
)
def test_a_password_that_cannot_be_had_is_an_error(home: Path, setting: str, message: str) -> None:
    with pytest.raises(hvlib.ConfigError, match=message):
        password(home, setting)


def test_a_file_with_a_password_that_others_may_read_is_a_warning(home: Path) -> None:
    path = write(home / "work" / "hvlib.yaml", "providers: {lab: {url: 'sim://', password: x}}")
    path.chmod(0o644)
    with pytest.warns(UserWarning, match="chmod 600"):
        load_config()
    secret = write(home / "secret", "x")
    secret.chmod(0o640)
    with pytest.warns(UserWarning, match="secret holds a password"):
        password(home, f"password_file: {secret}")


def test_secrets_are_never_shown(home: Path) -> None:
    endpoint = parse_endpoint("vsphere://admin:hunter2@vc:8443/sdk?x=1")
    assert endpoint.password is not None
    assert endpoint.password.reveal() == "hunter2"
    assert endpoint.url == "vsphere://admin@vc:8443/sdk"
    assert "hunter2" not in repr(endpoint) + str(endpoint.password)
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hunter2"))
    with pytest.raises(hvlib.DriverNotFound) as caught:
        hvlib.connect("nosuch://admin:hunter2@vc")
    assert "hunter2" not in str(caught.value)
    wrong_ones = (
        "vsphere:admin:hunter2@vc vsphere://admin:hunter2@vc:port vsphere://admin:hunter2@[::1"
        " vsphere://admin:hunter2/x@vc vsphere://admin:12/hunter2@vc vsphere://admin:1#hunter2@vc"
    )
    for wrong in wrong_ones.split():
        with pytest.raises(hvlib.ConfigError) as refused:
            hvlib.connect(wrong)
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("text", ["*hunter2", "!hunter2", "hunter2"])
def test_a_password_in_the_file_is_never_shown(home: Path, text: str) -> None:
    write(home / "work" / "hvlib.yaml", f"providers: {{lab: {{url: 'sim://', password: {text}}}}}")
    try:
        shown = repr(load_config())
    except hvlib.ConfigError as error:
        shown = str(error)
        assert "line 1" in shown
    assert "hunter2" not in shown


def test_the_environment_gives_the_password_of_a_named_provider_too(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "work" / "hvlib.yaml", "providers: {lab: {url: 'sim://lab3?vms=3&password=secret'}}")
    monkeypatch.setenv("HVLIB_PROVIDER", "lab")
    monkeypatch.setenv("HVLIB_PASSWORD", "secret")
    with hvlib.connect() as provider:
        assert provider.compute.vms.get_all().count() == 3


def test_the_environment_names_the_provider(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVLIB_PROVIDER", "sim://lab?vms=3&password=secret")
    monkeypatch.setenv("HVLIB_PASSWORD", "secret")
    with hvlib.connect() as provider:
        assert provider.compute.vms.get_all().count() == 3
    with hvlib.connect("sim://lab2?vms=3&password=secret") as provider, pytest.raises(hvlib.AuthenticationFailed):
        provider.compute.vms.get_all()


@pytest.mark.parametrize(("name", "install"), [("openstack", r"hvlib-sdk\[openstack\]"), ("nosuch", "hvlib.drivers")])
def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch, name: str, install: str) -> None:
    found = {known: point for known, point in registry.installed().items() if known != name}
    monkeypatch.setattr(registry, "installed", lambda: found)
    registry.driver_type.cache_clear()
    with pytest.raises(hvlib.DriverNotFound, match=r"installed: .*sim vsphere") as caught:
        hvlib.connect(f"{name}://host")
    assert re.search(install, caught.value.hint or "")


def test_the_error_for_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(hvlib.ConfigError, match="'vm'") as caught:
        hvlib.connect("sim://?vm=3")
    assert "vms" in (caught.value.hint or "")


def test_an_endpoint_shows_no_value_of_an_option() -> None:
    """A driver may take secrets as options."""
    endpoint = parse_endpoint("openstack://me:pass-1@cloud?token=secret-2", options={"credential": "secret-3"})
    for shown in (repr(endpoint), str(endpoint), str(list(endpoint.__rich_repr__()))):
        assert "openstack://me@cloud" in shown
        assert not any(secret in shown for secret in ("pass-1", "secret-2", "secret-3"))
