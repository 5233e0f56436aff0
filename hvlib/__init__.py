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
from hvlib.collection import Collection
from hvlib.connection import Requests
from hvlib.connector import connect
from hvlib.driver import About
from hvlib.errors import (
    AmbiguousName,
    AuthenticationFailed,
    Closed,
    ConcurrentWatch,
    ConfigError,
    Conflict,
    ConnectionFailed,
    ConnectionTimeout,
    CursorLost,
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
from hvlib.pager import Page, Pager, PageToken
from hvlib.provider import Provider
from hvlib.query import glob
from hvlib.ref import Ref
from hvlib.resources import (
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
from hvlib.retry import RetryPolicy
from hvlib.task import Task, wait_all
from hvlib.watch import Event, EventType, Watch, WatchCursor

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
