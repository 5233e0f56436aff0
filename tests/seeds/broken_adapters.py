"""Adapters that list, look up and act wrongly: each docstring says what its driver would do."""

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
    """Its token points behind the next page, as where a marker and an offset are added up."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        if after is not None or page.next is None:
            return page
        return replace(page, next=super().page(query, page.next).next)


class RepeatedPage(DelegatingAdapter):
    """The token of a second page leads to the second page once more."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        told: set[PageToken | None] = self.session.__dict__.setdefault("told", set())
        if after is None or after in told:
            return page
        told.add(after)
        return replace(page, next=after)


class EndlessPages(DelegatingAdapter):
    """The last page has a token too: its own."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        return replace(page, next=page.next or after)


class PageSizeIgnored(DelegatingAdapter):
    """Pages are as long as the server likes."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        return super().page(replace(query, page_size=None), after)


class AnyTokenGoes(DelegatingAdapter):
    """A token that it does not understand starts the listing over."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except CursorLost:
            return super().page(query, None)


class WrongTotal(DelegatingAdapter):
    """The total of all is that of the page."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        return replace(page, total=len(page.items))


class CallPerObject(DelegatingAdapter):
    """It lists identifiers, and reads each object by itself."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        return replace(page, items=[record for each in page.items for record in self.get([each.ref], query)])


class CallPerRef(DelegatingAdapter):
    """Many refs are read one by one."""

    def get(self, refs: Sequence[Ref], query: Query[Any]) -> Records:
        return [record for ref in refs for record in super(CallPerRef, self).get([ref], query)]


class LoginPerCall(DelegatingAdapter):
    """It logs in for each page, to be sure of its session."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        self.session.wrapped.login()
        return super().page(query, after)


class FieldsNotAskedFor(DelegatingAdapter):
    """Whatever is asked for, it loads everything."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        everything = projection(cast("type[Resource]", query.kind), self.fields, self.fields)
        return super().page(replace(query, fields=self.fields, record_type=everything), after)


class UnknownNativeIsLeftOut(DelegatingAdapter):
    """A native property that the server has not is left out of what is listed."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except InvalidQuery:
            return super().page(replace(query, native=True), after)


class FilterOfOneValue(DelegatingAdapter):
    """Of a list of values the server is asked for the first."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        first = tuple(Filter(each.field, each.alternatives[:1]) for each in query.filters)
        return super().page(replace(query, filters=first), after)


class WrongNameMatch(DelegatingAdapter):
    """Names are looked up in lower case."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Records:
        return super().lookup(field, value.lower(), query)


class OneOfANamesake(DelegatingAdapter):
    """Of several objects with a name it finds the first."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Records:
        return super().lookup(field, value, query)[:1]


class RememberedLookup(DelegatingAdapter):
    """What was looked up once is answered from memory."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Records:
        known: dict[object, Records] = self.session.__dict__.setdefault("known", {})
        key = (field, value, query.record_type)
        if key not in known:
            known[key] = super().lookup(field, value, query)
        return known[key]


class AllOrNothing(DelegatingAdapter):
    """One object that is gone keeps the others from being read."""

    def get(self, refs: Sequence[Ref], query: Query[Any]) -> Records:
        found = super().get(refs, query)
        if len(found) < len(refs):
            raise NotFound("the server has not all of these")
        return found


class EmptyAfterSessionLoss(DelegatingAdapter):
    """A reply without objects, which says that the session is gone, is read as an empty list."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except SessionLost:
            return Page([])


class LostSessionIsRefusal(DelegatingAdapter):
    """It does not tell a lost session from what the user may not do."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except SessionLost as error:
            raise PermissionDenied(str(error)) from error


class NativeException(DelegatingAdapter):
    """A broken connection is what the transport's library raises."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        try:
            return super().page(query, after)
        except ConnectionFailed as error:
            raise ConnectionResetError(str(error)) from error


class UndeclaredAction(DelegatingAdapter):
    """It does what it does not declare."""

    @property
    def actions(self) -> frozenset[type[Action]]:
        return super().actions - {Rename}


class DeclaredInVain(DelegatingAdapter):
    """It declares what it can't do."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        if isinstance(action, Clone):
            raise Unsupported("not yet")
        return super().submit(ref, action)


class DoneTooSoon(DelegatingAdapter):
    """An action that the server has begun is said to be over."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        answer = super().submit(ref, action)
        return answer if isinstance(action, Create) else Done(ref)


class SentTwice(DelegatingAdapter):
    """An action whose reply is lost is sent again."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        try:
            return super().submit(ref, action)
        except ConnectionFailed:
            return super().submit(ref, action)
