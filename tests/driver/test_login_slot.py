from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hvlib.driver import SessionLost
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import Closed


def test_it_holds_the_login_that_stands() -> None:
    slot: LoginSlot[str] = LoginSlot()
    with pytest.raises(SessionLost):
        _ = slot.current
    assert slot.put("one") is None
    assert slot.put("two") == "one"
    assert slot.current == slot.latest == "two"


def test_a_login_is_taken_by_one_thread_alone() -> None:
    slot: LoginSlot[str] = LoginSlot()
    slot.put("one")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: slot.take(), range(64)))
    assert sorted(taken, key=str) == [None] * 63 + ["one"]


def test_once_closed_it_gives_out_no_login_but_the_one_to_log_out() -> None:
    slot: LoginSlot[str] = LoginSlot()
    slot.put("one")
    slot.close()
    with pytest.raises(Closed):
        _ = slot.current
    assert slot.take() == "one"
