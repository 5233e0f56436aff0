"""HTTP for drivers: the errors of answers. Connections are tested in tests/wire and with the drivers that use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO

import pytest
from urllib3 import HTTPResponse

from hvlib import errors
from hvlib.driver import Unavailable
from hvlib.driver.http import chunks, status_error

STATUSES = {401: errors.AuthenticationFailed}


def answer(status: int, **headers: str) -> errors.HvlibError:
    response = HTTPResponse(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return status_error(response, STATUSES, "look again")


def test_statuses() -> None:
    assert type(answer(404)) is errors.ProtocolError
    assert answer(404).hint == "look again"
    assert type(answer(401)) is errors.AuthenticationFailed


def test_retry_after_in_seconds() -> None:
    busy, limited = answer(503, Retry_After="7"), answer(429, Retry_After="1.5 s")
    assert isinstance(busy, Unavailable)
    assert isinstance(limited, errors.RateLimited)
    assert (busy.retry_after, limited.retry_after) == (7.0, None)


@pytest.mark.parametrize("offset", [-60, 60])
def test_retry_after_as_a_date(offset: int) -> None:
    later = answer(503, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=offset), usegmt=True))
    assert isinstance(later, Unavailable)
    assert later.retry_after is not None
    assert 0 <= later.retry_after <= 60
    assert (later.retry_after > 50) == (offset > 0)


def test_a_date_in_retry_after_is_by_the_servers_clock() -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    date, later = (format_datetime(moment, usegmt=True) for moment in (now, now + timedelta(seconds=30)))
    busy = answer(503, Date=date, Retry_After=later)
    assert isinstance(busy, Unavailable)
    assert busy.retry_after == 30
    limited = answer(429, Date="yesterday", Retry_After="tomorrow")
    assert isinstance(limited, errors.RateLimited)
    assert limited.retry_after is None


def test_a_reply_that_breaks_off_in_its_headers_is_an_error() -> None:
    with pytest.raises(errors.ConnectionFailed):
        list(chunks(HTTPResponse(body=BytesIO(), preload_content=False)))
    assert list(chunks(HTTPResponse(body=BytesIO(), headers={"Content-Length": "0"}, preload_content=False))) == []
    assert list(chunks(HTTPResponse(body=BytesIO(), status=204, preload_content=False))) == []
