"""``hv sim serve --xapi``: a pool for any client of XenAPI."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import hvlib

HV = [sys.executable, "-W", "error", "-c", "import sys; from hvlib.cli.app import main; sys.exit(main())"]


def test_a_pool_is_served_until_interrupted(tmp_path: Path) -> None:
    options = ["--vms", "7", "--password", "other", "--certificate", "pool.pem", "--unix-socket", "xapi"]
    with subprocess.Popen(
        [*HV, "sim", "serve", "--xapi", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    ) as served:
        assert served.stdout is not None
        assert served.stderr is not None
        assert "7 VMs on 4 hosts; its password: other" in served.stdout.readline()
        plain, tls, local = (served.stdout.readline().split()[0] for _ in range(3))
        assert re.match(r"xenapi\+unix:///", local)
        for url in (plain, tls, local):
            with hvlib.connect(url, password="other", verify=False if url == tls else None) as provider:
                assert provider.compute.vms.get_all().count() == 7
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=10) == 130
        assert served.stderr.read() == ""


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*HV, "sim", "serve", "--xapi", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "in use" in done.stderr
    assert done.stderr.count("\n") == 1
