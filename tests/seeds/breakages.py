"""The breakages by name, and the tests of the suite that must catch each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from seeds import broken_actions as acts
from seeds import broken_adapters as adapters
from seeds import broken_feeds as feeds
from seeds import broken_kinds as kinds
from seeds import broken_listings as listings
from seeds import broken_sessions as sessions
from seeds import broken_steps as stepping
from seeds.delegating import (
    DelegatingAdapter,
    DelegatingDriver,
    DelegatingFeed,
    DelegatingListing,
    DelegatingSession,
    ListingAdapter,
)

from hvlib import actions
from hvlib.driver import Driver

__all__ = ["BREAKAGES", "Breakage", "broken"]

Part = type[DelegatingAdapter] | type[DelegatingFeed] | type[DelegatingListing] | type[DelegatingSession]


class Breakage(NamedTuple):
    """A part that replaces a driver's part, and tests of the suite: one of them must be the first test that fails."""

    part: Part
    caught_by: tuple[str, ...]

    @property
    def session_type(self) -> type[DelegatingSession]:
        """A type of session that has this part."""
        if issubclass(self.part, DelegatingSession):
            return self.part
        if issubclass(self.part, DelegatingListing):
            adapter = type("BrokenAdapter", (ListingAdapter,), {"listing_type": self.part})
            return type("BrokenSession", (DelegatingSession,), {"adapter_type": adapter})
        layer = "feed_type" if issubclass(self.part, DelegatingFeed) else "adapter_type"
        return type("BrokenSession", (DelegatingSession,), {layer: self.part})


def broken(driver: Driver, name: str) -> Driver:
    """Return a driver with one breakage, or, for the name ``nothing``, with none."""
    return DelegatingDriver(driver, BREAKAGES[name].session_type if name in BREAKAGES else DelegatingSession)


ENDING = "test_a_listing_ends"
PAGES = "test_pages_repeat_nothing_and_leave_nothing_out"
TURNS = "test_a_listing_takes_its_pages_and_a_constant"
BEGINNING = "test_it_begins_with_all_that_exists"
ONE_REQUEST = "test_steps_hold_one_changing_request_each"
TELLING = "test_it_tells_what_comes_changes_and_goes"
LAST_STATE = "test_the_last_state_is_never_lost"
VALUES = "test_every_declared_field_has_the_servers_value"
DIFFERENCE = "test_it_goes_on_with_just_the_difference"
CURSORS = "test_every_cursor_goes_on_where_it_stands"
DONE = "test_what_is_declared_is_done"
OTHERS = "test_other_kinds_come_change_and_go"
SEVERAL = "test_several_collections_in_one_stream"
WAITING = (
    OTHERS,
    VALUES,
    DONE,
    "test_every_ref_can_be_read",
    "test_every_ref_to_a_vm_that_became_an_image_can_be_read",
)
"""Tests that wait for a task. The watch inside the wait is closed when the wait ends."""
CHANGES = "test_every_change_of_a_vm_is_told"
BROKEN = "test_a_broken_connection_is_never_a_short_list"
ASKED_AGAIN = "test_a_page_that_did_not_arrive_comes_when_it_is_asked_for_again"

OPTIONS = ("vcpus", "memory_bytes", "networks", "volumes", "host", "cluster", "pool", "user_data", "start")
"""Options of VM creation."""

BREAKAGES: Mapping[str, Breakage] = {
    "refs of no kind": Breakage(sessions.RefsOfNoKind, ("test_every_ref_can_be_read",)),
    "lost delete": Breakage(feeds.LostDelete, (TELLING,)),
    "cursor ahead of delivery": Breakage(feeds.CursorAheadOfDelivery, (CURSORS,)),
    "snapshot cut short": Breakage(feeds.SnapshotCutShort, ("test_an_interrupted_snapshot_deletes_nothing",)),
    "older record last": Breakage(feeds.OlderRecordLast, (TELLING, LAST_STATE)),
    "not synced again": Breakage(feeds.NotSyncedAgain, (CURSORS,)),
    "everything is new": Breakage(feeds.EverythingIsNew, (CURSORS,)),
    "session loss swallowed": Breakage(feeds.SessionLossSwallowed, (DIFFERENCE,)),
    "busy polling": Breakage(feeds.BusyPolling, ("test_an_idle_watch_lists_nothing",)),
    "watch hangs on close": Breakage(
        feeds.HangsOnClose, ("test_an_idle_watch_lists_nothing", "test_one_thread_waits", *WAITING)
    ),
    "watch never closes": Breakage(feeds.NeverCloses, (BEGINNING, *WAITING)),
    "wrong units": Breakage(sessions.WrongUnits, (VALUES,)),
    "local time": Breakage(sessions.LocalTime, (VALUES,)),
    "refs of the wrong kind": Breakage(sessions.RefsOfTheWrongKind, (VALUES,)),
    "escaped names": Breakage(sessions.EscapedNames, (VALUES, "test_odd_names")),
    "any cursor goes": Breakage(
        sessions.AnyCursorGoes,
        (DIFFERENCE, "test_what_is_no_cursor_is_lost", "test_a_cursor_that_is_lost_is_said_to_be"),
    ),
    "never logs out": Breakage(sessions.NeverLogsOut, ("test_closing_leaves_nothing",)),
    "logs in when opened": Breakage(sessions.LogsInWhenOpened, ("test_nothing_is_sent_before_it_is_needed",)),
    "password in an error": Breakage(sessions.PasswordInError, ("test_secrets_stay_secret",)),
    "refused login is a lost session": Breakage(
        sessions.RefusedLoginIsLostSession, ("test_a_wrong_password_is_authentication_failed",)
    ),
    "one call at a time": Breakage(sessions.OneCallAtATime, ("test_a_watch_that_waits_keeps_nobody_else_waiting",)),
    "lost page": Breakage(adapters.LostPage, (PAGES,)),
    "repeated page": Breakage(adapters.RepeatedPage, (ENDING, PAGES)),
    "endless pages": Breakage(adapters.EndlessPages, (ENDING,)),
    "page size ignored": Breakage(adapters.PageSizeIgnored, (PAGES,)),
    "any page token goes": Breakage(adapters.AnyTokenGoes, ("test_tokens_that_nobody_gave_out_are_lost",)),
    "wrong total": Breakage(adapters.WrongTotal, (PAGES,)),
    "a call per object": Breakage(adapters.CallPerObject, (TURNS,)),
    "a call per ref": Breakage(adapters.CallPerRef, (TURNS,)),
    "a login per call": Breakage(adapters.LoginPerCall, (TURNS,)),
    "fields not asked for": Breakage(
        adapters.FieldsNotAskedFor, ("test_fields_that_are_asked_for_are_loaded_and_no_others",)
    ),
    "unknown native property left out": Breakage(
        adapters.UnknownNativeIsLeftOut, ("test_an_unknown_native_property_is_refused",)
    ),
    "filter of one value": Breakage(adapters.FilterOfOneValue, ("test_filters_of_several_values",)),
    "wrong name match": Breakage(adapters.WrongNameMatch, ("test_odd_names", "test_names_are_exact")),
    "one of a namesake": Breakage(adapters.OneOfANamesake, ("test_names_repeat", "test_every_kind_is_looked_up")),
    "remembered lookup": Breakage(adapters.RememberedLookup, ("test_odd_names", "test_what_was_there_is_gone")),
    "all or nothing": Breakage(adapters.AllOrNothing, ("test_every_ref_can_be_read", "test_what_is_not_there")),
    "empty list after session loss": Breakage(
        adapters.EmptyAfterSessionLoss, ("test_a_lost_session_is_never_an_empty_list",)
    ),
    "lost session is a refusal": Breakage(
        adapters.LostSessionIsRefusal, ("test_a_lost_session_is_never_an_empty_list",)
    ),
    "native exception": Breakage(adapters.NativeException, (BROKEN,)),
    "undeclared action": Breakage(adapters.UndeclaredAction, ("test_what_is_not_declared_is_not_done",)),
    "declared in vain": Breakage(adapters.DeclaredInVain, (DONE,)),
    # The test VALUES starts a VM first. If the start is slow, the test fails because its VM is not gone at its end.
    "done too soon": Breakage(adapters.DoneTooSoon, (DONE, VALUES, CHANGES)),
    "marker gone": Breakage(listings.MarkerGone, ("test_a_page_token_whose_object_is_gone_goes_on_or_is_lost",)),
    "tokens good once": Breakage(listings.TokensGoodOnce, ("test_a_token_is_good_although_its_listing_goes_on",)),
    "remembered listing": Breakage(listings.RememberedListing, ("test_a_listing_is_of_now",)),
    "page skipped after an error": Breakage(listings.SkipsAfterError, (BROKEN, ASKED_AGAIN)),
    "listing over with an error": Breakage(listings.EndsWithAnError, (BROKEN, ASKED_AGAIN)),
    "listing begins again": Breakage(
        listings.BeginsAgainInANewSession, ("test_a_session_lost_in_mid_listing_is_never_a_short_list",)
    ),
    "token too far": Breakage(listings.TokenTooFar, ("test_a_page_token_goes_on_or_says_that_it_is_lost",)),
    "token brings its query": Breakage(
        listings.TokenBringsItsQuery, ("test_a_token_says_nothing_of_fields_and_filters",)
    ),
    "one place for all listings": Breakage(
        listings.OneForAll, ("test_listings_at_the_same_time_do_not_disturb_each_other",)
    ),
    "closing a listing raises": Breakage(
        listings.CloseRaises,
        ("test_pages_are_fetched_as_they_are_asked_for", "test_a_listing_that_is_given_up_disturbs_nobody"),
    ),
    "other lookups": Breakage(kinds.OtherLookups, ("test_every_kind_is_looked_up",)),
    "other lost delete": Breakage(kinds.OtherLostDelete, (OTHERS,)),
    "others never change": Breakage(kinds.OtherNeverChange, (OTHERS, SEVERAL)),
    "only name and power": Breakage(kinds.OnlyNameAndPower, (CHANGES,)),
    "leaves threads": Breakage(sessions.LeavesThreads, ("test_closing_leaves_no_thread",)),
    "action sent twice": Breakage(adapters.SentTwice, ("test_an_action_whose_reply_is_lost_is_not_sent_again",)),
    "undoes nothing": Breakage(
        stepping.UndoesNothing, ("test_steps_whose_replies_are_lost", "test_steps_that_are_refused")
    ),
    "outlives a cancel": Breakage(stepping.OutlivesCancel, ("test_steps_that_are_cancelled",)),
    "step sent twice": Breakage(
        stepping.StepSentTwice, ("test_steps_whose_replies_are_lost", "test_steps_whose_replies_are_lost_on_the_wire")
    ),
    "step taken again": Breakage(stepping.StepTakenAgain, ("test_steps_whose_replies_are_lost",)),
    "begins again": Breakage(
        stepping.BeginsAgain, ("test_steps_whose_replies_are_lost", "test_steps_whose_replies_are_lost_on_the_wire")
    ),
    "step of two requests": Breakage(stepping.StepOfTwoRequests, (ONE_REQUEST,)),
    "changes while it reads": Breakage(stepping.ChangesWhileItReads, (ONE_REQUEST,)),
    "changes outside steps": Breakage(stepping.ChangesOutsideSteps, (ONE_REQUEST,)),
    "swallows a refusal": Breakage(stepping.SwallowsRefusal, ("test_steps_that_are_refused",)),
    "lost session is a refused step": Breakage(
        stepping.LostSessionIsStepRefusal, ("test_steps_whose_sessions_are_lost",)
    ),
    "names others": Breakage(stepping.NamesOthers, ("test_steps_whose_replies_are_lost",)),
    "names what is gone": Breakage(stepping.NamesWhatIsGone, ("test_steps_that_are_refused",)),
    "pretends to undo": Breakage(stepping.PretendsToUndo, ("test_steps_that_are_refused",)),
    "shutdown is stop": Breakage(acts.ShutdownIsStop, (f"{DONE}[VM.shutdown]",)),
    "shut down when asked": Breakage(acts.done_when_requested(actions.Shutdown), (f"{DONE}[VM.shutdown]",)),
    "rebooted when asked": Breakage(acts.done_when_requested(actions.Reboot), (f"{DONE}[VM.reboot]",)),
    "starts and resumes alike": Breakage(acts.PowersOn, (f"{DONE}[VM.start]", f"{DONE}[VM.resume]")),
    "reboots nothing": Breakage(acts.RebootNothing, (f"{DONE}[VM.reboot]",)),
    "reboots hard": Breakage(acts.RebootsHard, (f"{DONE}[VM.reboot]",)),
    "snapshots without memory": Breakage(acts.DiskOnlySnapshot, (f"{DONE}[VM.snapshot]",)),
    "reverts nothing": Breakage(acts.RevertNothing, (f"{DONE}[VM.revert]",)),
    "migrates to a host only": Breakage(acts.MigrateHostOnly, (f"{DONE}[VM.migrate]",)),
    "migrates not live": Breakage(acts.MigrateNotLive, (f"{DONE}[VM.migrate]",)),
    "attaches a volume in its books": Breakage(acts.AttachVolumeInItsBooks, (f"{DONE}[VM.attach-volume]", CHANGES)),
    "detaches a volume in its books": Breakage(acts.DetachVolumeInItsBooks, (f"{DONE}[VM.detach-volume]", CHANGES)),
    "attaches a network in its books": Breakage(acts.AttachNetworkInItsBooks, (f"{DONE}[VM.attach-network]", CHANGES)),
    "detaches a network in its books": Breakage(acts.DetachNetworkInItsBooks, (f"{DONE}[VM.detach-network]", CHANGES)),
    "keeps no volumes": Breakage(acts.DeleteKeepsNothing, (f"{DONE}[VM.delete]",)),
    "creates bare": Breakage(acts.create_without(*OPTIONS), (f"{DONE}[VM.create]",)),
    **{f"creates without {name}": Breakage(acts.create_without(name), (f"{DONE}[VM.create]",)) for name in OPTIONS},
    "volume in any pool": Breakage(acts.VolumeAnyPool, (f"{DONE}[Volume.create]",)),
    "network by name only": Breakage(acts.NetworkUntagged, (f"{DONE}[Network.create]",)),
    "cancels nothing": Breakage(acts.CancelNothing, (f"{DONE}[Task.cancel]",)),
}
"""Slow breakages come first: the others run in parallel with them."""
