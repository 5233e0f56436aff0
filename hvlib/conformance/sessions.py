"""Sessions: one login for all threads, always a logout; no session is left on the server, and no secret is shown."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

import hvlib
from hvlib.conformance.fixtures import Administrator, Conformance, counted
from hvlib.conformance.following import InThread
from hvlib.conformance.site import Site
from hvlib.conformance.wire import Rubbish, Silent
from hvlib.model.errors import DriverBug
from hvlib.model.resources import VM

__all__ = ["SessionsConformance"]

CLOSING_SECONDS = 5.0
"""The seconds within which the threads of a closed provider must end."""

ABANDONING_SCRIPT = """
import sys
import hvlib
provider = hvlib.connect()
watch = provider.compute.vms.watch()
pages = provider.compute.vms.get_all(page_size=3).pages()
next(watch), next(pages)
print("ready", flush=True)
"""

WRONG_PASSWORD = "conformance-wrong-secret"
"""A password that no server accepts."""

ONE_RETRY = hvlib.RetryPolicy(max_retries=1, backoff=lambda *_: 0.0)

ENDINGS = {
    "normally": ("", None, 0),
    "by sys.exit": ("sys.exit(3)", None, 3),
    "by an exception": ("raise RuntimeError", None, 1),
    "by Ctrl-C in a wait": ("for event in watch: pass", signal.SIGINT, None),
}

UNEXPECTED_REPLIES = (
    b"",
    b"\x00\xff\x00\xff\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><body>Welcome</body></html>",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
)


class SessionsConformance(Conformance):
    """Tests of logins, logouts, threads and secrets."""

    def test_nothing_is_sent_before_it_is_needed(self, site: Site) -> None:
        wire = site.wire()
        try:
            with counted(wire) as turns, site.connect(wire) as provider:
                assert repr(provider)
                assert turns() == 0
            assert turns() == 0
        finally:
            wire.close()

    def test_threads_share_one_login(self, site: Site, admin: Administrator, provider: hvlib.Provider) -> None:
        """At first use, and after the session is lost."""
        before = admin.leftovers()["sessions"]
        uuid = str(next(iter(site.truth(VM).values()))["uuid"])
        vms = provider.compute.vms
        with ThreadPoolExecutor(16) as pool:
            for _ in range(2):
                found = pool.map(lambda _: vms.get_by_uuid(uuid).uuid, range(32))
                assert list(found) == [uuid] * 32
                assert admin.leftovers()["sessions"] == before + 1
                admin.expire_sessions()
                before = admin.leftovers()["sessions"]
            assert list(pool.map(lambda _: len(vms.get_all(fields=[]).all()), range(8))) == [len(site.truth(VM))] * 8

    def test_closing_leaves_nothing(self, site: Site, admin: Administrator) -> None:
        """No session, watch or listing is left on the server, even if they were not read to the end."""
        before = dict(admin.leftovers())
        provider = site.connect()
        watch = provider.compute.vms.watch()
        next(watch)
        next(provider.compute.vms.get_all(page_size=3).pages())
        assert admin.leftovers() != before
        provider.close()
        assert admin.leftovers() == before

    def test_closing_leaves_no_thread(self, site: Site) -> None:
        """All threads in the caller's process end soon."""
        before = set(threading.enumerate())
        for _ in range(2):
            with site.connect() as provider, provider.compute.vms.watch() as watch:
                next(watch)
                provider.compute.vms.get_all().all()
        until = time.monotonic() + CLOSING_SECONDS
        while (remaining := set(threading.enumerate()) - before) and time.monotonic() < until:
            next(iter(remaining)).join(until - time.monotonic())
        assert not remaining

    def test_an_exception_leaves_nothing(self, site: Site, admin: Administrator) -> None:
        before = dict(admin.leftovers())
        with suppress(RuntimeError), site.connect() as provider, provider.compute.vms.watch() as watch:
            next(watch)
            raise RuntimeError
        assert admin.leftovers() == before

    def test_abandoned_iterations_are_freed_with_the_next_call(
        self, admin: Administrator, provider: hvlib.Provider
    ) -> None:
        """A Pager, its iteration and a Watch to which no reference is left."""
        vms = provider.compute.vms
        assert vms.get_all().all()
        before = dict(admin.leftovers())
        for _ in range(3):
            iteration = iter(vms.get_all(page_size=3))
            next(iteration)
            watch = vms.watch()
            next(watch)
            with vms.get_all(page_size=3) as pager:
                next(pager.pages())
            del iteration, watch
            gc.collect()
            assert vms.get_all(fields=[]).first() is not None
            assert admin.leftovers() == before

    def test_a_forgotten_provider_logs_out(self, site: Site, admin: Administrator) -> None:
        before = dict(admin.leftovers())
        provider = site.connect()
        assert provider.compute.vms.get_all().first() is not None
        del provider
        gc.collect()
        assert admin.leftovers() == before

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_process_that_ends_leaves_nothing(self, admin: Administrator, ending: str) -> None:
        before = dict(admin.leftovers())
        code, number, status = ENDINGS[ending]
        with running(ABANDONING_SCRIPT + code, admin.environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            if number is not None:
                process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert status in (None, process.returncode), errors
        assert "Exception ignored" not in errors
        assert admin.leftovers() == before

    def test_calls_after_closing(self, site: Site) -> None:
        provider = site.connect()
        vm = provider.compute.vms.get_all().first()
        assert vm is not None
        provider.close()
        provider.close()
        vms = provider.compute.vms
        for call in (vm.refresh, vms.watch, vms.get_all, lambda: vms.find("any"), lambda: provider.about):
            with pytest.raises(hvlib.Closed):
                call()

    def test_a_server_that_is_not_there(self, site: Site) -> None:
        """The call raises ConnectionFailed, without a long wait."""
        need_network(site)
        gone = Rubbish(b"")
        with site.connect(gone, retry=ONE_RETRY) as provider:
            gone.close()
            with pytest.raises(hvlib.ConnectionFailed):
                provider.compute.vms.get_all().all()

    @pytest.mark.parametrize("reply", UNEXPECTED_REPLIES, ids=range(len(UNEXPECTED_REPLIES)))
    def test_a_server_that_speaks_something_else(self, site: Site, reply: bytes) -> None:
        """Its replies never look like an inventory, and no native exception escapes."""
        need_network(site)
        wire = Rubbish(reply)
        try:
            with site.connect(wire, retry=ONE_RETRY, timeout=5.0) as provider:
                call = InThread(lambda: provider.compute.vms.get_all().all())
                with pytest.raises(hvlib.HvlibError) as caught:
                    call.result(20)
        finally:
            wire.close()
        assert not isinstance(caught.value, DriverBug)

    def test_a_server_that_does_not_answer(self, site: Site) -> None:
        """A call ends after the time-out of a request."""
        need_network(site)
        wire = Silent()
        try:
            with site.connect(wire, retry=ONE_RETRY, timeout=1.0) as provider:
                call = InThread(lambda: provider.compute.vms.get_all().all())
                with pytest.raises(hvlib.ConnectionTimeout):
                    call.result(20)
        finally:
            wire.close()

    def test_certificates_are_verified(self, site: Site) -> None:
        """By default, on loopback too: without the site's ``cacert`` its server is not trusted."""
        if "cacert" not in site.options:
            pytest.skip("not verified here: the site has no cacert of its own")
        with site.connect(cacert=None, retry=ONE_RETRY) as provider, pytest.raises(hvlib.ConnectionFailed):
            provider.compute.vms.get_all().all()

    def test_a_wrong_password_is_authentication_failed(self, site: Site, admin: Administrator) -> None:
        """Also where the server answers a lost session alike. The login leaves nothing on the server."""
        if not site.options.get("password"):
            pytest.skip("not verified here: the server needs no password")
        before = dict(admin.leftovers())
        with site.connect(password=WRONG_PASSWORD) as stranger:
            for _ in range(2):
                with pytest.raises(hvlib.AuthenticationFailed):
                    stranger.compute.vms.get_all().all()
        assert admin.leftovers() == before

    def test_secrets_stay_secret(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        """No repr, log, error, traceback or exported record has a password."""
        secrets = [str(site.options[name]) for name in ("password",) if site.options.get(name)]
        texts = []
        with caplog.at_level(logging.DEBUG):
            with site.connect() as provider:
                vm = provider.compute.vms.get_all().first()
                assert vm is not None
                texts += [repr(provider), str(provider), repr(vars(provider)), repr(vm), str(vm.to_dict())]
            if secrets:
                with site.connect(password=WRONG_PASSWORD) as stranger:
                    with pytest.raises(hvlib.AuthenticationFailed) as caught:
                        stranger.compute.vms.get_all().all()
                    texts += traceback.format_exception(caught.value)
                    texts += [repr(caught.value), repr(stranger)]
        texts.append(caplog.text)
        assert not any(secret in text for secret in (*secrets, WRONG_PASSWORD) for text in texts)


def need_network(site: Site) -> None:
    """Skip the test if the server is not reached by network."""
    if site.address is None:
        pytest.skip("not verified here: the server is inside this process")


@contextmanager
def running(code: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A Python process, which is killed at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
