"""A program that begins random actions in a lab until it is killed. It prints a line for each action."""

from __future__ import annotations

import sys
from contextlib import suppress
from random import Random

import hvlib


def main(address: str, seed: int) -> None:
    random = Random(seed)
    with hvlib.connect(address) as provider:
        vms = provider.compute.vms
        while True:
            vm = random.choice(vms.get_all().all())
            with suppress(hvlib.InvalidState, hvlib.NotFound, hvlib.Conflict, hvlib.TaskFailed):
                act(provider, vm, random)
            print(vm.name_label, flush=True)


def act(provider: hvlib.Provider, vm: hvlib.VM, random: Random) -> None:
    """Begin an action that changes several objects at once; wait for half of the actions."""
    match random.randrange(8):
        case 0:
            task = vm.clone("clone")
        case 1 if len(provider.compute.vms.get_all().all()) > 10:
            task = vm.delete()
        case 2:
            task = provider.storage.volumes.create("extra", 2**30)
        case 3:
            task = vm.snapshot("snapshot")
        case 4:
            task = vm.migrate()
        case 5:
            task = vm.stop()
        case _:
            task = vm.start()
    if random.random() < 0.5:
        task.wait(timeout=10)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
