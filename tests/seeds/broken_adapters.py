"""Adapters that list, look up and act wrongly. Each docstring says what the driver would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from msgspec.structs import replace
from seeds.delegating import DelegatingAdapter

from hvlib.actions import Action, Clone, Create, Rename
from hvlib.driver import Done, Outcome, Page, PageToken, SessionLost
from hvlib.errors import ConnectionFailed, CursorLost, InvalidQuery, NotFound, PermissionDenied, Unsupported
from hvlib.model.query import Filter, Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib.model.resources.record import projection

Records = Sequence[Any]


class LostPage(DelegatingAdapter):
    """Return a token that skips the next page, as if a marker and an offset were added up."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        if after is not None or page.next is None:
            return page
        return replace(page, next=super().page(query, page.next).next)


class RepeatedPage(DelegatingAdapter):
    """Return a token with the second page that leads to the second page again."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        repeated: set[PageToken | None] = self.session.__dict__.setdefault("repeated", set())
        if after is None or after in repeated:
            return page
        repeated.add(after)
        return replace(page, next=after)


class EndlessPages(DelegatingAdapter):
    """Return a token with the last page too, which leads to that page again."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        return replace(page, next=page.next or after)


class PageSizeIgnored(DelegatingAdapter):
    """Ignore the page size: the server chooses how long pages are."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        return super().page(replace(query, page_size=None), after)


class AnyTokenGoes(DelegatingAdapter):
    """Start the listing again at a token that the driver does not understand."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except CursorLost:
            return super().page(query, None)


class WrongTotal(DelegatingAdapter):
    """Return the number of objects in the page as the total."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        return replace(page, total=len(page.items))


class CallPerObject(DelegatingAdapter):
    """List identifiers, and read each object in a separate call."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        return replace(page, items=[record for item in page.items for record in self.get([item.ref], query)])


class CallPerRef(DelegatingAdapter):
    """Read several refs in a separate call for each."""

    def get(self, refs: Sequence[Ref], query: Query[Any]) -> Records:
        return [record for ref in refs for record in super(CallPerRef, self).get([ref], query)]


class LoginPerCall(DelegatingAdapter):
    """Log in before each page, to be sure of the session."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        self.session.wrapped.login()
        return super().page(query, after)


class FieldsNotAskedFor(DelegatingAdapter):
    """Load all fields, whichever are requested."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        everything = projection(cast("type[Resource]", query.kind), self.fields, self.fields)
        return super().page(replace(query, fields=self.fields, record_type=everything), after)


class UnknownNativeIsLeftOut(DelegatingAdapter):
    """Leave a native property that the server does not have out of the records, instead of refusing it."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except InvalidQuery:
            return super().page(replace(query, native=True), after)


class FilterOfOneValue(DelegatingAdapter):
    """Filter by the first of several values only."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        first = tuple(Filter(filter.field, filter.alternatives[:1]) for filter in query.filters)
        return super().page(replace(query, filters=first), after)


class WrongNameMatch(DelegatingAdapter):
    """Look up names in lower case."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Records:
        return super().lookup(field, value.lower(), query)


class OneOfANamesake(DelegatingAdapter):
    """Return only the first of several objects with the same name."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Records:
        return super().lookup(field, value, query)[:1]


class RememberedLookup(DelegatingAdapter):
    """Answer a repeated lookup from memory."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Records:
        known: dict[object, Records] = self.session.__dict__.setdefault("known", {})
        key = (field, value, query.record_type)
        if key not in known:
            known[key] = super().lookup(field, value, query)
        return known[key]


class AllOrNothing(DelegatingAdapter):
    """Raise an error if one object is gone, instead of returning the others."""

    def get(self, refs: Sequence[Ref], query: Query[Any]) -> Records:
        records = super().get(refs, query)
        if len(records) < len(refs):
            raise NotFound("the server does not have all of these")
        return records


class EmptyAfterSessionLoss(DelegatingAdapter):
    """Return an empty list after a lost session: the driver misreads the reply, which has no objects."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except SessionLost:
            return Page([])


class LostSessionIsRefusal(DelegatingAdapter):
    """Report a lost session as a missing permission."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except SessionLost as error:
            raise PermissionDenied(str(error)) from error


class NativeException(DelegatingAdapter):
    """Raise the transport library's own exception for a broken connection."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except ConnectionFailed as error:
            raise ConnectionResetError(str(error)) from error


class UndeclaredAction(DelegatingAdapter):
    """Carry out an action that the driver does not declare."""

    @property
    def actions(self) -> frozenset[type[Action]]:
        return super().actions - {Rename}


class DeclaredInVain(DelegatingAdapter):
    """Declare an action that the driver can't carry out."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        if isinstance(action, Clone):
            raise Unsupported("not yet")
        return super().submit(ref, action)


class DoneTooSoon(DelegatingAdapter):
    """Report an action as done when the server has only begun it."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        outcome = super().submit(ref, action)
        return outcome if isinstance(action, Create) else Done(ref)


class SentTwice(DelegatingAdapter):
    """Send an action again if its reply is lost."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        try:
            return super().submit(ref, action)
        except ConnectionFailed:
            return super().submit(ref, action)
