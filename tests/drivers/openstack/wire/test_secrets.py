"""Secrets: no printed text, error or log shows a password or a token."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from servers.faulty_fault import (
    DropMidway,
    Fault,
    Truncate,
    html_page,
    rate_limited,
    unauthorized,
    unavailable,
)
from servers.faulty_proxy import FaultyProxy, named
from servers.openstack_replay.replay import OpenStackReplay

import hvlib

from .conftest import DETAIL, SDK_WARNINGS, TOKENS, VERSIONS, Connect, count, login

pytestmark = SDK_WARNINGS


TOKEN = "gAAAAA"
"""The first characters of every token."""


class TestSecrets:
    """No printed text contains the password or a token."""

    def test_errors(self, replay: OpenStackReplay, reach: Connect, proxy: FaultyProxy) -> None:
        password = "correct-horse-battery"
        texts = [
            *self._error_texts(reach(replay, password=password)),
            *self._error_texts(reach(replay, proxy.port, password=password, region_name="Elsewhere")),
            *self._error_texts(reach(replay, 1, password=password)),
            *self._error_texts(reach(replay, auth_url="nonsense", password=password)),
            *self._error_texts(
                hvlib.connect(f"openstack://me:{password}@", **without(login(replay), "password", "username"))
            ),
        ]
        assert texts
        assert not [text for text in texts if password in text]

    def test_application_credentials(self, replay: OpenStackReplay) -> None:
        secret = "correct-horse-battery"
        given: dict[str, Any] = {
            "auth_url": replay.auth_url,
            "auth_type": "v3applicationcredential",
            "application_credential_id": "me",
            "application_credential_secret": secret,
        }
        with hvlib.connect("openstack://", **given) as provider:
            assert not [text for text in self._error_texts(provider) if secret in text]

    @pytest.mark.parametrize(
        "fault", [html_page(), DropMidway(), Truncate(), unauthorized(), unavailable(), rate_limited()]
    )
    @pytest.mark.parametrize("request_", [TOKENS, VERSIONS, DETAIL])
    def test_faults(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, fault: Fault, request_: str
    ) -> None:
        provider = reach(replay, proxy.port)
        proxy.next(fault, when=named(request_), times=None)
        texts = self._error_texts(provider)
        assert not [text for text in texts if TOKEN in text or replay.credentials["password"] in text]

    def test_objects_of_a_working_session(self, replay: OpenStackReplay, reach: Connect) -> None:
        provider = reach(replay)
        vm = provider.compute.vms.get_all().first()
        assert vm is not None
        session: Any = provider._manager.session
        client: Any = session.adapters[hvlib.VM].client
        parts = [
            provider,
            vm,
            session,
            session._authenticator._endpoint,
            provider.about,
            provider.native,
            session._authenticator.cloud,
        ]
        parts += [
            client,
            client.login,
            client.login.token,
            client.compute,
            session._authenticator.cloud.region,
            provider.native.compute,
        ]
        texts = [text for part in parts for text in (repr(part), str(part))]
        assert not [text for text in texts if TOKEN in text or replay.credentials["password"] in text]

    def _error_texts(self, provider: hvlib.Provider) -> list[str]:
        """All texts of a listing's error, and of the provider."""
        with pytest.raises(hvlib.HvlibError) as caught:
            count(provider)
        provider.close()
        texts: list[str] = [repr(provider), str(provider), "".join(traceback.format_exception(caught.value))]
        error: BaseException | None = caught.value
        while error is not None:
            texts += [repr(error), str(error), repr(vars(error)), repr(getattr(error, "hint", ""))]
            assert len(texts) < 100, "the errors' causes form a circle"
            error = error.__cause__ or error.__context__
        return texts


def without(options: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
