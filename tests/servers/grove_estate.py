"""The data of a Grove server: hosts, machines, templates and tasks, and the operations on them.

Like a vendor, Grove has its own terms: a machine is ``on off frozen saved``, sizes are in MiB, times are seconds
since 1970. A template is a machine with the property ``template``.
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

MAX_OBJECTS = 500
"""Maximum of objects in a page, and of identifiers in a request."""

FILTERS = ("uuid", "name", "state", "host", "template")

POWER: Mapping[str, tuple[frozenset[str], str]] = {
    "boot": (frozenset({"off"}), "on"),
    "cut": (frozenset({"on", "frozen", "saved"}), "off"),
    "save": (frozenset({"on"}), "saved"),
    "restore": (frozenset({"saved"}), "on"),
}
"""The power operations: the states in which each is allowed, and the state after it."""

MAX_ENDED_TASKS = 500
"""How many ended tasks are kept."""


class Refused(Exception):
    """A request is refused: a code for programs, a message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Estate:
    """The objects, by collection and identifier. Shared by threads. Due tasks end when a request comes, not before."""

    def __init__(self, uuid: str, vms: int, hosts: int, task_time: float) -> None:
        self.task_time = task_time
        self._lock = threading.RLock()
        self._numbers = count(1)
        self._new_uuid: Callable[[str], UUID] = lambda name: uuid5(UUID(uuid), name)
        self._all: dict[str, dict[str, Object]] = {"hosts": {}, "vms": {}, "tasks": {}}
        self._running: dict[str, tuple[float, Callable[[Object], None]]] = {}
        self._failing: Refused | None = None
        self._log: list[tuple[str, bool]] = []
        self._log_start = time.time_ns() // 1_000_000  # Later than before a restart, so no number repeats.
        for host in grove_inventory.hosts(hosts):
            self._add("hosts", host)
        for vm in grove_inventory.vms(vms, list(self._all["hosts"])):
            self._add("vms", vm)
        # The objects of the start have the same identifiers after a restart. Objects that are made later get new
        # identifiers, which no earlier run has given.
        self._numbers = count(time.time_ns() // 1_000_000)
        self._new_uuid = lambda _: uuid4()

    def listing(self, collection: str, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return a page of the objects that match. A repeated parameter matches any of its values."""
        with self._lock:
            objects = self.objects(collection)
            items = self._by_id(objects, query["id"]) if "id" in query else list(objects.values())
            for name in query.keys() & set(FILTERS):
                items = [item for item in items if _text(name, item.get(name)) in [_text(name, v) for v in query[name]]]
            total = len(items)
            if "after" in query:
                last = _number(collection, query["after"][0])
                items = [item for item in items if _number(collection, item["id"]) > last]
            limit = _limit(query)
            following = items[limit - 1]["id"] if len(items) > limit else None
            return {"items": [_part(item, query) for item in items[:limit]], "next": following, "total": total}

    def changes(self, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return the machines that changed after a number, in order, and the number for the next request."""
        with self._lock:
            self._settle()
            last = self._log_start + len(self._log)
            after = query.get("after", [str(last)])[0]
            if not after.isdecimal() or not self._log_start <= int(after) <= last:
                raise Refused("bad_page", f"the log of changes does not contain {after}")
            changes = self._log[int(after) - self._log_start :]
            return {"vms": [{"id": id, "made": made} for id, made in changes], "last": last}

    def forget_changes(self) -> None:
        """Begin a new log: numbers of the old log are no longer valid."""
        with self._lock:
            self._log_start += len(self._log) + 1
            self._log.clear()

    def objects(self, collection: str) -> dict[str, Object]:
        """Return the objects of a collection as they are now, in the order of their creation."""
        with self._lock:
            self._settle()
            computed: Callable[[Object], Object] = {"hosts": self._free, "tasks": self._templates}.get(collection, dict)
            return {id: {**item, **computed(item)} for id, item in self._all[collection].items()}

    def power(self, id: str, word: str) -> Object:
        """Begin to change a machine's state."""
        with self._lock:
            vm = self._idle_vm(id)
            allowed, ends_in = POWER.get(word, (None, ""))
            if allowed is None:
                raise Refused("bad_request", f"no operation is called {word!r}; the operations are {' '.join(POWER)}")
            _require_state(vm, allowed)
            return self._begin(word, id, lambda _: self.set_state(id, ends_in))

    def delete(self, id: str) -> Object:
        """Begin to delete a machine that does not run."""
        with self._lock:
            _require_state(self._idle_vm(id), frozenset({"off", "saved"}))
            return self._begin("delete", id, lambda _: self.remove(id))

    def create(self, body: Mapping[str, Any]) -> Object:
        """Begin to make a machine from a template."""
        with self._lock:
            known = {"name", "template", "cores", "memory_mib", "host", "note", "tags"}
            template = self._find("vms", str(body.get("template")))
            if body.keys() - known or not body.get("name") or not template["template"]:
                raise Refused("bad_request", f"needs a name and a template's id; allowed: {' '.join(sorted(known))}")
            if body.get("host") is not None:
                self._find("hosts", str(body["host"]))
            values = {name: value for name, value in body.items() if name != "template"}
            values |= {"os": template["os"], "from": template["id"], "state": "off"}

            def make(task: Object) -> None:
                task["made"] = self._add("vms", self._new_vm(**values))

            return self._begin("create", None, make)

    def rename(self, id: str, name: object) -> Object:
        """Give a machine another name, at once."""
        with self._lock:
            if not isinstance(name, str) or not name:
                raise Refused("bad_request", "the name must be a text that is not empty")
            vm = self._find("vms", id)
            vm["name"] = name
            self._log.append((id, False))
            return vm

    def cancel(self, id: str) -> Object:
        """Cancel a task, at once. It has had no effect."""
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
        for id in [id for id in tasks if id not in self._running][:-MAX_ENDED_TASKS]:
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
        item = self._all[collection].get(id)
        if item is None:
            raise Refused("not_found", f"{collection} has no {id!r}")
        return item

    def _by_id(self, objects: Mapping[str, Object], ids: Sequence[str]) -> list[Object]:
        if len(ids) > MAX_OBJECTS:
            raise Refused("bad_request", f"{len(ids)} identifiers; at most {MAX_OBJECTS}")
        return [objects[id] for id in dict.fromkeys(ids) if id in objects]

    def _add(self, collection: str, values: Object) -> str:
        id = f"{collection.removesuffix('s')}-{next(self._numbers)}"
        self._all[collection][id] = item = {"id": id, "uuid": str(self._new_uuid(id)), **values}
        if collection == "vms":
            item["addresses"] = grove_inventory.addresses(id, item["state"])
            self._log.append((id, True))
        return id

    def _new_vm(self, name: str, **values: Any) -> Object:
        vm: Object = {**grove_inventory.MACHINE, "name": name, "created": time.time()}
        return {**vm, "host": next(iter(self._all["hosts"])), **{key: v for key, v in values.items() if v is not None}}

    def _free(self, host: Object) -> Object:
        """Return the memory that is left on a host."""
        awake = [vm for vm in self._all["vms"].values() if vm["host"] == host["id"] and vm["state"] in ("on", "frozen")]
        return {"free_mib": int(host["memory_mib"]) - sum(int(vm["memory_mib"]) for vm in awake)}

    def _templates(self, task: Object) -> Object:
        """Return which of the machines that a task names are templates."""
        ids = (task["target"], task["made"])
        return {"templates": [id for id in ids if id in self._all["vms"] and self._all["vms"][id]["template"]]}


def _require_state(vm: Object, allowed: frozenset[str]) -> None:
    if vm["state"] not in allowed:
        raise Refused("wrong_state", f"{vm['id']} is {vm['state']}, not {' or '.join(sorted(allowed))}")


def _number(collection: str, id: str) -> int:
    """Return an object's place in its collection."""
    match = re.fullmatch(rf"{collection.removesuffix('s')}-([0-9]+)", id, re.ASCII)
    if match is None:
        raise Refused("bad_page", f"{id!r} is not an identifier in {collection}")
    return int(match[1])


def _limit(query: Mapping[str, Sequence[str]]) -> int:
    text = query.get("limit", [str(MAX_OBJECTS)])[0]
    if not text.isdecimal() or not int(text):
        raise Refused("bad_request", f"limit must be a number above 0, not {text!r}")
    return min(int(text), MAX_OBJECTS)


def _part(item: Object, query: Mapping[str, Sequence[str]]) -> Object:
    """Return the requested properties of an object, and its identifier."""
    if "fields" not in query:
        return item
    names = [name for name in query["fields"][0].split(",") if name]
    for name in names:
        if name not in item:
            raise Refused("bad_request", f"there is no property {name!r}")
    return {name: item[name] for name in ("id", *names)}


def _text(name: str, value: object) -> str:
    """Return a value as a text for comparison, in which the case of names does not matter."""
    if name == "name":
        return str(value).casefold()
    return str(value).lower() if isinstance(value, bool) else str(value)
