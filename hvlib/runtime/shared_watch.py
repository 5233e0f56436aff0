"""SharedWatch: one watch for each provider, which serves all waits for the provider's objects."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from hvlib.model.errors import Closed, ConnectionFailed
from hvlib.model.event import Event, EventType
from hvlib.model.query import Query, make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib.runtime.session_manager import SessionManager
from hvlib.runtime.translation import closed_error, copied
from hvlib.runtime.watch.outage import Outage
from hvlib.runtime.watch.watch import Watch

__all__ = ["Inbox", "News", "Read", "SharedWatch", "Subscription", "first_match"]

R = TypeVar("R", bound=Resource)

News = Event[Any] | Exception
"""A change of an object, or the error that ends a subscription."""

Read = Callable[[Any], Any]
"""Handles one piece of news."""

Inbox = SimpleQueue[tuple[Read, Any]]
"""The news for one waiter. Each comes with the function that handles it, in the waiter's own thread."""


class Subscription:
    """The objects that one waiter follows.

    The first event of each object is ADDED, or DELETED if the object does not exist.
    """

    def __init__(self, shared: SharedWatch, queries: Sequence[Query[Any]], inbox: Inbox, read: Read) -> None:
        self.queries = queries
        self.refs = frozenset(ref for query in queries for ref in query.refs or ())
        self._shared = shared
        self.reported = False
        """Whether the first event of each object has been delivered."""
        self._inbox = inbox
        self._read = read

    def put(self, news: News) -> None:
        """Put news into the waiter's inbox."""
        self._inbox.put((self._read, news))

    def abort(self) -> None:
        """End the wait: the provider is closed."""
        self.put(closed_error(self._shared.manager.context.provider))

    def close(self) -> None:
        """End the subscription."""
        self._shared.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SharedWatch:
    """Follows the objects of all subscriptions in one thread, which runs while there are subscriptions.

    A new subscription waits until the present watch has delivered the first event of each of its objects. Then one new
    watch is opened, with the objects of all subscriptions, old and new.

    A subscription is new until the first event of each of its objects is delivered. If a watch fails, its new
    subscriptions end with the error. If several are new, they are first tried one by one, so that an object that can't
    be read ends only the waits for it; not after `ConnectionFailed` or `Closed`, which concern no single object.
    """

    def __init__(self, manager: SessionManager) -> None:
        self.manager = manager
        self._subscriptions: list[Subscription] = []
        self._watch: Watch[Any] | None = None
        self._stoppable: Watch[Any] | None = None
        """The watch, once it has delivered the first event of each object: then a new subscription may stop it."""
        self._thread: threading.Thread | None = None
        self._one_by_one = False
        """Whether new subscriptions are tried one by one."""
        self._set_process()

    def subscribe(self, queries: Sequence[Query[Any]], inbox: Inbox, read: Read) -> Subscription:
        """Follow the objects of the queries' refs, with the queries' fields. ``read`` handles the `News`."""
        self._check_process()
        subscription = Subscription(self, queries, inbox, read)
        self.manager.add_waiter(subscription)
        self.manager.check_open()
        with self._lock:
            self._subscriptions.append(subscription)
            watch, self._stoppable = self._stoppable, None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="hvlib-shared-watch")
                self._thread.start()
        if watch is not None:
            watch.stop()
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """End a subscription. With the last one the watch ends, and the server's resources for it are freed."""
        self.manager.remove_waiter(subscription)
        with self._lock:
            self._discard(subscription)
            watch = None if self._subscriptions else self._watch
        if watch is not None:
            watch.close()

    def _run(self) -> None:
        outage = Outage(self.manager.retry, self.manager.clock)
        while subscriptions := self._current():
            try:
                watch = self._open(subscriptions, outage)
                self._follow(watch, subscriptions)
            except Exception as error:
                self._fail(subscriptions, error)

    def _current(self) -> list[Subscription]:
        """The subscriptions to follow now. If there are none, this thread ends: the next subscription starts one."""
        with self._lock:
            self._watch = self._stoppable = None
            if not self._subscriptions:
                self._thread = None
            new = [each for each in self._subscriptions if not each.reported]
            self._one_by_one = self._one_by_one and bool(new)
            waiting = new[1:] if self._one_by_one else []
            return [each for each in self._subscriptions if each not in waiting]

    def _open(self, subscriptions: Sequence[Subscription], outage: Outage) -> Watch[Any]:
        """Open a watch. If no subscription of it is new, try again until the retry policy's ``max_outage`` is over."""
        while True:
            try:
                watch: Watch[Any] = Watch(self.manager, self._merged(subscriptions))
            except ConnectionFailed as error:
                if not all(each.reported for each in subscriptions):
                    raise
                self.manager.sleep(outage.pause_after(error))
            else:
                outage.end()
                return watch

    def _follow(self, watch: Watch[Any], subscriptions: Sequence[Subscription]) -> None:
        """Deliver events until the watch is stopped: a subscription was added, or the last one has ended."""
        with watch:
            with self._lock:
                self._watch = watch
                if not self._subscriptions:
                    return
            self._deliver(watch, subscriptions)

    def _deliver(self, watch: Watch[Any], subscriptions: Sequence[Subscription]) -> None:
        readers: dict[Ref, list[Subscription]] = {}
        for subscription in subscriptions:
            for ref in subscription.refs:
                readers.setdefault(ref, []).append(subscription)
        seen: set[Ref] = set()
        for event in watch:
            events = [event] if event.ref is not None else [_gone(ref) for ref in readers.keys() - seen]
            for news in events:
                assert news.ref is not None
                seen.add(news.ref)
                for subscription in readers.get(news.ref, ()):
                    subscription.put(news)
            if event.ref is None and not self._settle(watch, subscriptions):
                return

    def _settle(self, watch: Watch[Any], subscriptions: Sequence[Subscription]) -> bool:
        """Record that all objects have had their first event. Returns False if new subscriptions need another watch."""
        with self._lock:
            for subscription in subscriptions:
                subscription.reported = True
            if set(self._subscriptions) - set(subscriptions):
                return False
            self._stoppable = watch
            return True

    def _merged(self, subscriptions: Sequence[Subscription]) -> list[Query[Any]]:
        """One query for each kind, with the refs and the fields of all subscriptions."""
        kinds: dict[type[Resource], tuple[dict[Ref, None], set[str]]] = {}
        for query in (query for subscription in subscriptions for query in subscription.queries):
            refs, fields = kinds.setdefault(query.kind, ({}, set()))
            refs.update(dict.fromkeys(query.refs or ()))
            fields |= query.fields
        return [
            make_query(kind, self.manager.adapter(kind).fields, fields=fields, refs=refs)
            for kind, (refs, fields) in kinds.items()
        ]

    def _fail(self, subscriptions: Sequence[Subscription], error: Exception) -> None:
        """End the new subscriptions, or all if none is new. Several new ones may be tried one by one first."""
        new = [each for each in subscriptions if not each.reported]
        with self._lock:
            self._one_by_one = len(new) > 1 and not isinstance(error, (ConnectionFailed, Closed))
            if self._one_by_one:
                return
        for subscription in new or subscriptions:
            with self._lock:
                self._discard(subscription)
            subscription.put(copied(error))

    def _set_process(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()  # Reentrant: a signal handler runs in the thread that it interrupts.

    def _check_process(self) -> None:
        """Begin anew in a forked child, which has none of its parent's threads."""
        if self._process == os.getpid():
            return
        self._set_process()
        self._subscriptions = []
        self._watch = self._stoppable = self._thread = None

    def _discard(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)


def first_match(shared: SharedWatch, query: Query[R], matches: Callable[[R], bool], timeout: float) -> Event[R] | None:
    """Follow the query's one object until it matches or is deleted. Returns that event, or None after the time-out."""
    inbox: Inbox = SimpleQueue()
    clock = shared.manager.clock
    deadline = clock.now() + timeout
    with suppress(Empty), shared.subscribe([query], inbox, _event):
        while True:
            read, news = clock.get(inbox, clock.left(deadline))
            event: Event[R] = read(news)
            if event.type is EventType.DELETED or matches(cast(R, event.resource)):
                return event
    return None


def _event(news: News) -> Event[Any]:
    if isinstance(news, Exception):
        raise news
    return news


def _gone(ref: Ref) -> Event[Any]:
    return Event(EventType.DELETED, ref)
