"""The contract with drivers: all that a driver imports besides `hvlib.model`.

A driver is a class registered under the entry point group ``hvlib.drivers``; its entry point's name is the URL scheme.
Importing it must not import a vendor's SDK. `Driver.open` makes a `Session`, which has an `Adapter` for each kind.

Who does what: core logs in when needed and once for all threads, retries, waits and sleeps, compares changes, checks
filters again, follows tasks. A driver owns the transport and its time-outs, turns native records into hvlib's, makes
tokens and cursors, and says what an error means. It never retries, sleeps or caches.

The contract is in `adapter`, `context`, `failures`, `feed`, `listing`, `outcome`, `performer`, `session`, `stepping`.
Everything else is code that drivers share and may do without: listings by token or position, the login slot, polling
and long polls, cursors, tables, HTTP.
"""

from __future__ import annotations

from hvlib.driver.adapter import REFS_PER_CALL, Adapter, in_calls
from hvlib.driver.context import Context
from hvlib.driver.failures import NotSent, SessionLost, Unavailable
from hvlib.driver.feed import Batch, Change, Feed, Gone, Upsert
from hvlib.driver.listing import Listing, ServerPage
from hvlib.driver.outcome import Done, Outcome, Reached, Started
from hvlib.driver.performer import action, steps
from hvlib.driver.position_listing import PositionListing, Slice
from hvlib.driver.reply_errors import error_codes, protocol_errors
from hvlib.driver.session import Driver, Session
from hvlib.driver.stepping import Steps
from hvlib.driver.token_listing import TokenListing
from hvlib.model.about import About
from hvlib.model.endpoint import Endpoint, Secret
from hvlib.model.event import WatchCursor
from hvlib.model.page import Page, PageToken
from hvlib.model.ref import Ref

__all__ = [
    "REFS_PER_CALL",
    "About",
    "Adapter",
    "Batch",
    "Change",
    "Context",
    "Done",
    "Driver",
    "Endpoint",
    "Feed",
    "Gone",
    "Listing",
    "NotSent",
    "Outcome",
    "Page",
    "PageToken",
    "PositionListing",
    "Reached",
    "Ref",
    "Secret",
    "ServerPage",
    "Session",
    "SessionLost",
    "Slice",
    "Started",
    "Steps",
    "TokenListing",
    "Unavailable",
    "Upsert",
    "WatchCursor",
    "action",
    "error_codes",
    "in_calls",
    "protocol_errors",
    "steps",
]
