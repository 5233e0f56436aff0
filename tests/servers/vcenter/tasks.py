"""Tasks: operations that take a while, with their records."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from servers.vcenter.inventory import Entity, Inventory, complete
from servers.vcenter.sdk import VmomiSupport, vim, vmodl

__all__ = ["Tasks"]

RECENT = 200
"""How many tasks the server keeps."""


class Tasks:
    """Runs operations, each ``seconds`` long."""

    def __init__(self, inventory: Inventory, seconds: float) -> None:
        self.seconds = seconds
        self._inventory = inventory
        self.manager = inventory.add(
            vim.TaskManager("TaskManager"), recentTask=vim.Task.Array([]), maxCollector=32, description=None
        )

    def begin(self, method: str, operation: str, entity: Entity, do: Callable[[], Any]) -> Any:
        """Begin the operation of a method on an object. Returns the task."""
        ref = vim.Task(self._inventory.new_id("task"))
        info = complete(
            vim.TaskInfo,
            key=ref._moId,
            task=ref,
            descriptionId=operation,
            name=VmomiSupport.GetWsdlMethod("urn:vim25", method),
            entity=entity.ref,
            entityName=entity.values.get("name"),
            state="running",
            cancelable=True,
            cancelled=False,
            queueTime=datetime.now(UTC),
            startTime=datetime.now(UTC),
            progress=0,
        )
        task = self._inventory.add(ref, info=info)
        self._keep(ref)
        self.later(self.seconds, lambda: self._end(task, do))
        return ref

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Do something after some ``seconds``, with the inventory's lock."""

        def locked() -> None:
            with self._inventory.lock:
                do()

        timer = threading.Timer(seconds, locked)
        timer.daemon = True
        timer.start()

    def cancel(self, ref: Any) -> None:
        """Task.CancelTask. Raises InvalidState if the task has ended."""
        task = self._inventory.find(ref)
        if task.read("info.state") not in ("queued", "running"):
            raise vim.fault.InvalidState(msg="the task has ended")
        self._inventory.change(task, "info.cancelled", True)
        self._fail(task, vmodl.fault.RequestCanceled(msg="the task was cancelled"))

    def _end(self, task: Entity, do: Callable[[], Any]) -> None:
        if task.read("info.state") != "running":
            return
        try:
            result = do()
        except vmodl.MethodFault as fault:
            self._fail(task, fault)
            return
        self._inventory.change(task, "info.result", result)
        self._inventory.change(task, "info.progress", None)
        self._complete(task, "success")

    def _fail(self, task: Entity, fault: Any) -> None:
        self._inventory.change(task, "info.error", fault)
        self._complete(task, "error")

    def _complete(self, task: Entity, state: str) -> None:
        self._inventory.change(task, "info.completeTime", datetime.now(UTC))
        self._inventory.change(task, "info.state", vim.TaskInfo.State(state))

    def _keep(self, ref: Any) -> None:
        """Keep a task's record among the recent ones, and forget the oldest."""
        recent = self.manager.values["recentTask"]
        kept = vim.Task.Array([*recent, ref][-RECENT:])
        self._inventory.change(self.manager, "recentTask", kept)
        for old in recent[: len(recent) + 1 - len(kept)]:
            self._inventory.remove(self._inventory.find(old))
