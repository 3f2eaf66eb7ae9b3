"""Looks whether a customer's site is still there, as carefully as a store is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunddesk import clock
from refunddesk.version import __version__
from refunddesk.woocommerce.transport import (
    PRIVATE_ADDRESS,
    AnswerTooLong,
    NoAnswer,
    Waits,
    open_session,
    send,
)

#: Nothing is there, says the web server that would know: not found, or gone for good.
_NOTHING_THERE = (404, 410)
_WAITS = Waits(connect=5.0, read=8.0)


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What a look at a site found.

    "gone": its name leads nowhere, nobody listens there, or the server knows no such site.
    "unclear": it cannot be looked at from here, or only says that something is wrong.
    """

    result: Literal["answers", "gone", "unclear"]
    detail: str


def probe_site(site: str, *, allow_private: bool = False) -> SiteAnswer:
    """Look at the site of this name, over https and then http; never follows a redirect."""
    found = SiteAnswer("unclear", "")
    with open_session(allow_private=allow_private) as session:
        for scheme in ("https", "http"):
            try:
                answer = send(
                    "GET",
                    f"{scheme}://{site}/",
                    session=session,
                    waits=_WAITS,
                    monotonic=clock.monotonic,
                    verify=True,
                    headers={"User-Agent": f"RefundDesk/{__version__} (is this site still there?)"},
                )
            except AnswerTooLong:
                return SiteAnswer("answers", "it has much to say")
            except NoAnswer as error:
                # Over http a site may be there whose certificate is not acceptable.
                found = _without_answer(error)
                continue
            return _by_status(answer.status)
    return found


def _by_status(status: int) -> SiteAnswer:
    if status in _NOTHING_THERE:
        return SiteAnswer("gone", f"HTTP {status}")
    if status >= 500:
        return SiteAnswer("unclear", f"HTTP {status}")
    return SiteAnswer("answers", f"HTTP {status}")


def _without_answer(error: NoAnswer) -> SiteAnswer:
    trouble = str(error)
    if trouble == PRIVATE_ADDRESS:
        return SiteAnswer("unclear", trouble)
    # Once a byte had left, somebody took the connection.
    return SiteAnswer("gone" if error.not_sent else "unclear", trouble)
