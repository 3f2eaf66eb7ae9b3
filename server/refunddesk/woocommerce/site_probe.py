"""Looks whether a customer's site is still there, as carefully as a store is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunddesk import clock
from refunddesk.version import __version__
from refunddesk.woocommerce.transport import (
    NOBODY_THERE,
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
    host = f"[{site}]" if site.count(":") > 1 and not site.startswith("[") else site
    found = SiteAnswer("gone", "")
    with open_session(allow_private=allow_private) as session:
        for scheme in ("https", "http"):
            try:
                answer = send(
                    "GET",
                    f"{scheme}://{host}/",
                    session=session,
                    waits=_WAITS,
                    monotonic=clock.monotonic,
                    verify=True,
                    headers={"User-Agent": f"RefundDesk/{__version__} (is this site still there?)"},
                )
            except AnswerTooLong:
                return SiteAnswer("answers", "it has much to say")
            except NoAnswer as error:
                # Over http a site may answer whose certificate is not acceptable. If it does not,
                # somebody was there over https all the same.
                if found.result == "gone":
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
    # Whatever else went wrong, somebody took the connection or it was never tried.
    trouble = str(error)
    return SiteAnswer("gone" if trouble in NOBODY_THERE else "unclear", trouble)
