"""What a Grove server keeps, hosts, machines, templates, and tasks, and what can be done to them.

Its words are its own, as a vendor's are: a machine is ``on off frozen saved``, sizes are in MiB, times are seconds
since 1970. A template is a machine that is marked as one.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any
from uuid import UUID, uuid4, uuid5

from servers import grove_inventory

__all__ = ["Estate", "Refused"]

Object = dict[str, Any]

MOST = 500
"""Objects a page, and identifiers a request, at most."""

FILTERS = ("uuid", "name", "state", "host", "template")

POWER: Mapping[str, tuple[frozenset[str], str]] = {
    "boot": (frozenset({"off"}), "on"),
    "cut": (frozenset({"on", "frozen", "saved"}), "off"),
    "save": (frozenset({"on"}), "saved"),
    "restore": (frozenset({"saved"}), "on"),
}
"""What can be done to a machine: the states that allow it, and the one that it ends in."""

REMEMBERED = 500
"""Tasks that have ended and are still known."""


class Refused(Exception):
    """What the server answers instead: a code for programs, a message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Estate:
    """The objects, by collection and identifier. Shared by threads; nothing happens but when somebody asks."""

    def __init__(self, uuid: str, vms: int, hosts: int, task_time: float) -> None:
        self.task_time = task_time
        self._lock = threading.RLock()
        self._numbers = count(1)
        self._new_uuid: Callable[[str], UUID] = lambda name: uuid5(UUID(uuid), name)
        self._all: dict[str, dict[str, Object]] = {"hosts": {}, "vms": {}, "tasks": {}}
        self._running: dict[str, tuple[float, Callable[[Object], None]]] = {}
        self._failing: Refused | None = None
        self._log: list[tuple[str, bool]] = []
        self._log_start = time.time_ns() // 1_000_000  # No number comes again after a restart.
        for host in grove_inventory.hosts(hosts):
            self._add("hosts", host)
        for vm in grove_inventory.vms(vms, list(self._all["hosts"])):
            self._add("vms", vm)
        # What was there from the start is the same after a restart; what is made from now on is never taken for that.
        self._numbers = count(time.time_ns() // 1_000_000)
        self._new_uuid = lambda _: uuid4()

    def listing(self, collection: str, asked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """A page of what fits: a parameter that repeats means any of its values."""
        with self._lock:
            objects = self.objects(collection)
            found = self._by_id(objects, asked["id"]) if "id" in asked else list(objects.values())
            for name in asked.keys() & set(FILTERS):
                found = [one for one in found if _text(name, one.get(name)) in [_text(name, v) for v in asked[name]]]
            total = len(found)
            if "after" in asked:
                last = _number(collection, asked["after"][0])
                found = [one for one in found if _number(collection, one["id"]) > last]
            limit = _limit(asked)
            following = found[limit - 1]["id"] if len(found) > limit else None
            return {"items": [_part(one, asked) for one in found[:limit]], "next": following, "total": total}

    def changes(self, asked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The machines that changed after a number, in their order, and the number to go on from."""
        with self._lock:
            self._settle()
            last = self._log_start + len(self._log)
            after = asked.get("after", [str(last)])[0]
            if not after.isdecimal() or not self._log_start <= int(after) <= last:
                raise Refused("bad_page", f"no log of changes goes on from {after}")
            found = self._log[int(after) - self._log_start :]
            return {"vms": [{"id": id, "made": made} for id, made in found], "last": last}

    def forget_changes(self) -> None:
        """Begin another log: there is nothing to go on from."""
        with self._lock:
            self._log_start += len(self._log) + 1
            self._log.clear()

    def objects(self, collection: str) -> dict[str, Object]:
        """All of a collection as they are now, in the order in which they were made."""
        with self._lock:
            self._settle()
            also: Callable[[Object], Object] = {"hosts": self._free, "tasks": self._templates}.get(collection, dict)
            return {id: {**one, **also(one)} for id, one in self._all[collection].items()}

    def power(self, id: str, word: str) -> Object:
        """Begin to change a machine's state."""
        with self._lock:
            vm = self._idle_vm(id)
            allowed, ends_in = POWER.get(word, (None, ""))
            if allowed is None:
                raise Refused("bad_request", f"nothing is called {word!r}; there are {' '.join(POWER)}")
            _require_state(vm, allowed)
            return self._begin(word, id, lambda _: self.set_state(id, ends_in))

    def delete(self, id: str) -> Object:
        """Begin to delete a machine that does not run."""
        with self._lock:
            _require_state(self._idle_vm(id), frozenset({"off", "saved"}))
            return self._begin("delete", id, lambda _: self.remove(id))

    def create(self, asked: Mapping[str, Any]) -> Object:
        """Begin to make a machine from a template."""
        with self._lock:
            known = {"name", "template", "cores", "memory_mib", "host", "note", "tags"}
            template = self._find("vms", str(asked.get("template")))
            if asked.keys() - known or not asked.get("name") or not template["template"]:
                raise Refused("bad_request", f"a name and a template's id, and of {' '.join(sorted(known))}")
            if asked.get("host") is not None:
                self._find("hosts", str(asked["host"]))
            values = {name: value for name, value in asked.items() if name != "template"}
            values |= {"os": template["os"], "from": template["id"], "state": "off"}

            def make(task: Object) -> None:
                task["made"] = self._add("vms", self._new_vm(**values))

            return self._begin("create", None, make)

    def rename(self, id: str, name: object) -> Object:
        """Give a machine another name, at once."""
        with self._lock:
            if not isinstance(name, str) or not name:
                raise Refused("bad_request", "a name is a text, and not empty")
            vm = self._find("vms", id)
            vm["name"] = name
            self._log.append((id, False))
            return vm

    def cancel(self, id: str) -> Object:
        """End a task, at once; nothing of it was done."""
        with self._lock:
            self._settle()
            task = self._find("tasks", id)
            if id not in self._running:
                raise Refused("wrong_state", f"{id} has ended")
            del self._running[id]
            task["state"] = "cancelled"
            return task

    def add_vm(self, name: str) -> str:
        """Make a machine that is off, at once."""
        with self._lock:
            return self._add("vms", self._new_vm(name))

    def remove(self, id: str) -> None:
        """Delete a machine, at once and in any state."""
        with self._lock:
            self._find("vms", id)
            del self._all["vms"][id]
            self._log.append((id, False))

    def set_state(self, id: str, state: str) -> None:
        """Put a machine into a state, at once. It has an address while it is on."""
        with self._lock:
            vm = self._find("vms", id)
            vm.update(state=state, addresses=grove_inventory.addresses(id, state))
            self._log.append((id, False))

    def set_template(self, id: str, template: bool) -> None:
        """Turn a machine into a template, or back."""
        with self._lock:
            self._find("vms", id)["template"] = template
            self._log.append((id, not template))

    def fail_next(self, code: str, message: str) -> None:
        """Let the next task that ends fail."""
        self._failing = Refused(code, message)

    def _begin(self, operation: str, target: str | None, effect: Callable[[Object], None]) -> Object:
        now = time.time()
        task = {"kind": operation, "state": "running", "percent": 0, "target": target, "made": None, "error": None}
        id = self._add("tasks", {**task, "created": now, "started": now})
        self._running[id] = (time.monotonic() + self.task_time, effect)
        return self._all["tasks"][id]

    def _settle(self) -> None:
        """End the tasks whose time has come."""
        now = time.monotonic()
        for id, (ends, effect) in list(self._running.items()):
            if now >= ends:
                del self._running[id]
                self._end(self._all["tasks"][id], effect)
        tasks = self._all["tasks"]
        for id in [id for id in tasks if id not in self._running][:-REMEMBERED]:
            del tasks[id]

    def _end(self, task: Object, effect: Callable[[Object], None]) -> None:
        failing, self._failing = self._failing, None
        try:
            if failing is not None:
                raise failing
            effect(task)
        except Refused as refused:
            task.update(state="failed", error={"code": refused.code, "message": str(refused)})
        else:
            task.update(state="done", percent=100)

    def _idle_vm(self, id: str) -> Object:
        self._settle()
        vm = self._find("vms", id)
        if any(self._all["tasks"][task]["target"] == id for task in self._running):
            raise Refused("busy", f"a task works on {id}")
        if vm["template"]:
            raise Refused("wrong_state", f"{id} is a template")
        return vm

    def _find(self, collection: str, id: str) -> Object:
        found = self._all[collection].get(id)
        if found is None:
            raise Refused("not_found", f"{collection} has no {id!r}")
        return found

    def _by_id(self, objects: Mapping[str, Object], ids: Sequence[str]) -> list[Object]:
        if len(ids) > MOST:
            raise Refused("bad_request", f"{len(ids)} identifiers; at most {MOST}")
        return [objects[id] for id in dict.fromkeys(ids) if id in objects]

    def _add(self, collection: str, values: Object) -> str:
        id = f"{collection.removesuffix('s')}-{next(self._numbers)}"
        self._all[collection][id] = one = {"id": id, "uuid": str(self._new_uuid(id)), **values}
        if collection == "vms":
            one["addresses"] = grove_inventory.addresses(id, one["state"])
            self._log.append((id, True))
        return id

    def _new_vm(self, name: str, **given: Any) -> Object:
        vm: Object = {**grove_inventory.MACHINE, "name": name, "created": time.time()}
        return {**vm, "host": next(iter(self._all["hosts"])), **{key: v for key, v in given.items() if v is not None}}

    def _free(self, host: Object) -> Object:
        """The memory that is left."""
        awake = [vm for vm in self._all["vms"].values() if vm["host"] == host["id"] and vm["state"] in ("on", "frozen")]
        return {"free_mib": int(host["memory_mib"]) - sum(int(vm["memory_mib"]) for vm in awake)}

    def _templates(self, task: Object) -> Object:
        """The machines that a task names and that are templates."""
        named = (task["target"], task["made"])
        return {"templates": [id for id in named if id in self._all["vms"] and self._all["vms"][id]["template"]]}


def _require_state(vm: Object, allowed: frozenset[str]) -> None:
    if vm["state"] not in allowed:
        raise Refused("wrong_state", f"{vm['id']} is {vm['state']}, not {' or '.join(sorted(allowed))}")


def _number(collection: str, id: str) -> int:
    """Where an object stands in its collection."""
    found = re.fullmatch(rf"{collection.removesuffix('s')}-([0-9]+)", id, re.ASCII)
    if found is None:
        raise Refused("bad_page", f"{id!r} is where no page of {collection} ends")
    return int(found[1])


def _limit(asked: Mapping[str, Sequence[str]]) -> int:
    text = asked.get("limit", [str(MOST)])[0]
    if not text.isdecimal() or not int(text):
        raise Refused("bad_request", f"limit={text}")
    return min(int(text), MOST)


def _part(one: Object, asked: Mapping[str, Sequence[str]]) -> Object:
    """The properties that are asked for, and the identifier."""
    if "fields" not in asked:
        return one
    names = [name for name in asked["fields"][0].split(",") if name]
    for name in names:
        if name not in one:
            raise Refused("bad_request", f"there is no property {name!r}")
    return {name: one[name] for name in ("id", *names)}


def _text(name: str, value: object) -> str:
    """A value as it is compared: of names, case does not matter."""
    if name == "name":
        return str(value).casefold()
    return str(value).lower() if isinstance(value, bool) else str(value)
