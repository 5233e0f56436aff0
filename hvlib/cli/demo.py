"""``hv demo``: hvlib at work, on a simulated lab."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event as Signal
from threading import Thread
from typing import TYPE_CHECKING

from cliff.command import Command

import hvlib
from hvlib.api.provider import Provider
from hvlib.cli.app import HvApp
from hvlib.cli.columns import short, size
from hvlib.cli.operate import progress_bars
from hvlib.cli.vm_watch import event_line
from hvlib.model.event import EventType
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Host
from hvlib.runtime.watch.watch import Watch

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["SCRIPT", "Demo"]

LAB = "sim://?vms=24&hosts=4&seed=7&task_time=2&latency=0.1"
ROWS = 10
PATIENCE = 20.0

SCRIPT = f"""\
import hvlib
with hvlib.connect("{LAB}") as provider:
    halted = provider.compute.vms.get_all(power_state="halted")
    for vm in hvlib.wait_all([vm.start() for vm in halted], timeout=60):
        print(vm.name_label, vm.power_state, *vm.ip_addresses)
"""


class Demo(Command):
    """See hvlib at work, on a simulated lab.

    Lists a lab's hosts and virtual machines, starts some while a watch prints what happens, and finds others.
    """

    app: HvApp

    def take_action(self, parsed_args: argparse.Namespace) -> None:  # noqa: ARG002
        """Run the demo, in less than ten seconds."""
        from rich.console import Console

        console = Console(file=self.app.stdout, markup=False, highlight=False, emoji=False)
        provider = self.app.connect(LAB)
        with provider.count_requests() as requests:
            about = provider.about
            console.print(f"hvlib {hvlib.__version__} is logged in to {LAB}", style="bold")
            console.print(f"{about.product} {about.version}, {about.uuid}")
            hosts = show_hosts(console, provider)
            vms = show_vms(console, provider, hosts)
            start_halted(console, provider)
            find(console, provider, vms)
        console.print(f"\nIn all {_counted(requests)}", style="bold")
        show_script(console)


def show_hosts(console: Console, provider: Provider) -> dict[Ref, Host]:
    """List the hosts."""
    with step(console, provider, "hosts = provider.compute.hosts.get_all_records()"):
        hosts = provider.compute.hosts.get_all_records()
        rows = [
            (host.name_label, host.state, short(host.cpus), *map(_size, (host.memory_bytes, host.memory_free_bytes)))
            for host in hosts.values()
        ]
        console.print(table(("host", "state", "cpus", "memory", "free"), rows))
    return hosts


def show_vms(console: Console, provider: Provider, hosts: dict[Ref, Host]) -> list[VM]:
    """List the VMs, with only the fields that the table needs."""
    with step(console, provider, 'vms = provider.compute.vms.get_all(fields=["name_label", "power_state", ...]).all()'):
        fields = ["name_label", "uuid", "power_state", "vcpus", "memory_bytes", "ip_addresses", "host"]
        vms = provider.compute.vms.get_all(fields=fields).all()
        rows = [
            (
                vm.name_label,
                _state(vm),
                short(vm.vcpus),
                _size(vm.memory_bytes),
                _addresses(vm),
                _host(vm, hosts),
            )
            for vm in vms[:ROWS]
        ]
        console.print(table(("VM", "power state", "vcpus", "memory", "addresses", "host"), rows))
        console.print(f"... and {len(vms) - ROWS} more", style="dim")
    return vms


def start_halted(console: Console, provider: Provider) -> None:
    """Start the halted VMs, while another thread watches."""
    vms = provider.compute.vms
    with step(console, provider, 'hvlib.wait_all([vm.start() for vm in vms.get_all(power_state="halted")])'):
        halted = vms.get_all(power_state="halted").all()
        with vms.watch(fields=["name_label", "power_state", "ip_addresses"]) as watch:
            reporter = Reporter(console, watch, {vm.ref for vm in halted})
            reporter.start()
            reporter.synced.wait(PATIENCE)
            console.print(
                f"a watch in another thread knows {len(reporter.known)} VMs; {len(halted)} are halted", style="dim"
            )
            tasks = [vm.start() for vm in halted]
            with progress_bars(tasks, console) as moved:
                hvlib.wait_all(tasks, timeout=PATIENCE, on_progress=moved)
                reporter.seen.wait(PATIENCE)
        reporter.join()


def find(console: Console, provider: Provider, vms: Sequence[VM]) -> None:
    """Find VMs by name and by uuid."""
    last = vms[-1]
    with step(console, provider, f"vms.find({last.name_label!r})"):
        console.print(repr(provider.compute.vms.find(last.name_label)), soft_wrap=True)
    with step(console, provider, f"vms.get_by_uuid({last.uuid!r})"):
        console.print(repr(provider.compute.vms.get_by_uuid(last.uuid)), soft_wrap=True)
    twin = Counter(vm.name_label for vm in vms).most_common(1)[0][0]
    with step(console, provider, f"vms.get_by_name_label({twin!r})    # names repeat: a list"):
        for vm in provider.compute.vms.get_by_name_label(twin):
            console.print(repr(vm), soft_wrap=True)


def show_script(console: Console) -> None:
    """Print a script that does the same."""
    from rich.syntax import Syntax

    console.print("\nFive lines start all halted VMs. With another address, they do so on vSphere:\n", style="bold")
    if console.is_terminal:
        console.print(Syntax(SCRIPT, "python", background_color="default"))
    else:
        console.print(SCRIPT, soft_wrap=True)


class Reporter(Thread):
    """Prints the events of a watch once it is synced. ``seen`` is set when all of ``wanted`` were seen running."""

    def __init__(self, console: Console, watch: Watch[VM], wanted: set[Ref]) -> None:
        super().__init__(name="reporter", daemon=True)
        self.known: set[Ref | None] = set()
        self.synced = Signal()
        self.seen = Signal()
        self._console = console
        self._watch = watch
        self._wanted = wanted
        self._began = time.monotonic()

    def run(self) -> None:
        """Print events until the watch is closed."""
        for event in self._watch:
            if event.type is EventType.SYNCED:
                self.synced.set()
            elif not self.synced.is_set():
                self.known.add(event.ref)
            else:
                self._report(event)

    def _report(self, event: hvlib.Event[VM]) -> None:
        self._console.print(f"{time.monotonic() - self._began:5.2f} s  {event_line(event)}", style="cyan")
        if isinstance(event.resource, VM) and event.resource.power_state == "running":
            self._wanted.discard(event.resource.ref)
        if not self._wanted:
            self.seen.set()


@contextmanager
def step(console: Console, provider: Provider, code: str) -> Iterator[None]:
    """Print the code, then what the block prints, then the round trips that it took."""
    console.print(f"\n>>> {code}", style="bold green", soft_wrap=True)
    with provider.count_requests() as requests:
        yield
    console.print(_counted(requests), style="dim")


def table(headings: Iterable[str], rows: Iterable[Sequence[str | Text]]) -> object:
    """A table for the console."""
    from rich import box
    from rich.table import Table

    made = Table(*headings, box=box.SIMPLE_HEAD)
    for row in rows:
        made.add_row(*row)
    return made


def _counted(requests: hvlib.Requests) -> str:
    """Text like ``2 round trips: 1 Page, 1 Get``."""
    trips = "round trip" if requests.total == 1 else "round trips"
    return f"{requests.total} {trips}: " + ", ".join(f"{times} {call}" for call, times in requests.calls.items())


def _state(vm: VM) -> Text:
    from rich.text import Text

    return Text(vm.power_state, style="green" if vm.power_state == "running" else "yellow")


def _size(count: int | None) -> str:
    return "" if count is None else size(count)


def _host(vm: VM, hosts: dict[Ref, Host]) -> str:
    return hosts[vm.host].name_label.partition(".")[0] if vm.host in hosts else ""


def _addresses(vm: VM) -> str:
    more = f" +{len(vm.ip_addresses) - 1}" if len(vm.ip_addresses) > 1 else ""
    return "".join(vm.ip_addresses[:1]) + more
