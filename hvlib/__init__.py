"""hvlib: one Python API for many hypervisors.

>>> import hvlib
>>> with hvlib.connect("sim://?vms=5&seed=1") as provider:
...     vm = provider.compute.vms.get_all(power_state="halted").first()
...     vm = vm.start().wait(timeout=60)
>>> vm.power_state
'running'
"""

from __future__ import annotations

from hvlib import actions
from hvlib import errors as errors
from hvlib.api.collection import Collection
from hvlib.api.connect import connect
from hvlib.api.provider import Provider
from hvlib.driver import About
from hvlib.model.errors import (
    AmbiguousName,
    AuthenticationFailed,
    Closed,
    ConcurrentWatch,
    ConfigError,
    Conflict,
    ConnectionFailed,
    ConnectionTimeout,
    CursorLost,
    DriverBug,
    DriverNotFound,
    FieldNotLoaded,
    HvlibError,
    InvalidQuery,
    InvalidState,
    NotFound,
    PartialResult,
    PermissionDenied,
    ProtocolError,
    QuotaExceeded,
    RateLimited,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    Unsupported,
    WaitTimeout,
)
from hvlib.model.event import Event, EventType, WatchCursor
from hvlib.model.page import Page, PageToken
from hvlib.model.query import glob
from hvlib.model.ref import Ref
from hvlib.model.resources import (
    VM,
    Cluster,
    Flavor,
    Host,
    Image,
    Network,
    Resource,
    Snapshot,
    StoragePool,
    TaskRecord,
    Volume,
)
from hvlib.model.task import Task
from hvlib.runtime.pager import Pager
from hvlib.runtime.requests import Requests
from hvlib.runtime.retry import RetryPolicy
from hvlib.runtime.wait_all import wait_all
from hvlib.runtime.watch.watch import Watch

__version__ = "0.1.0"

__all__ = [
    "VM",
    "About",
    "AmbiguousName",
    "AuthenticationFailed",
    "Closed",
    "Cluster",
    "Collection",
    "ConcurrentWatch",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "ConnectionTimeout",
    "CursorLost",
    "DriverBug",
    "DriverNotFound",
    "Event",
    "EventType",
    "FieldNotLoaded",
    "Flavor",
    "Host",
    "HvlibError",
    "Image",
    "InvalidQuery",
    "InvalidState",
    "Network",
    "NotFound",
    "Page",
    "PageToken",
    "Pager",
    "PartialResult",
    "PermissionDenied",
    "ProtocolError",
    "Provider",
    "QuotaExceeded",
    "RateLimited",
    "Ref",
    "Requests",
    "Resource",
    "RetryPolicy",
    "Snapshot",
    "StoragePool",
    "Task",
    "TaskCancelled",
    "TaskFailed",
    "TaskRecord",
    "TaskTimeout",
    "Unsupported",
    "Volume",
    "WaitTimeout",
    "Watch",
    "WatchCursor",
    "actions",
    "connect",
    "glob",
    "wait_all",
]
