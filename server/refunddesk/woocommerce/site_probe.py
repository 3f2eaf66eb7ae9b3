"""Looks whether a customer's site is still there, as carefully as a store is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import requests

from refunddesk import clock
from refunddesk.version import __version__
from refunddesk.woocommerce.transport import (
    NOBODY_THERE,
    Answer,
    AnswerTooLong,
    NoAnswer,
    Waits,
    open_session,
    send,
)

#: Nothing is there, says the web server that would know: not found, or gone for good.
_NOTHING_THERE = (404, 410)
_WAITS = Waits(connect=5.0, read=8.0)
#: Where web servers listen that do not listen where all others do.
_OTHER_TLS_PORT, _OTHER_PORT = 8443, 8080


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What a look at a site found.

    "gone": its name leads nowhere, nobody listens there, or the server knows no such site.
    "unclear": it cannot be looked at from here, or only says that something is wrong.
    """

    result: Literal["answers", "gone", "unclear"]
    detail: str


def probe_site(site: str, *, allow_private: bool = False) -> SiteAnswer:
    """Look at the site of this name; never follows a redirect.

    A site's name keeps neither its "www." nor its port. Where nothing is there under the name
    itself, the site may still answer at one of those.
    """
    host = f"[{site}]" if site.count(":") > 1 and not site.startswith("[") else site
    with open_session(allow_private=allow_private) as session:
        found = _look(session, (f"https://{host}/", f"http://{host}/"))
        for urls in _elsewhere(host):
            if found.result != "gone":
                break
            beside = _look(session, urls, leading_back_to=host)
            found = found if beside.result == "gone" else beside
    return found


def _elsewhere(host: str) -> Iterator[tuple[str, ...]]:
    name, _, port = host.rpartition(":")
    if name and port.isdigit():
        return  # an address that says its port is looked at there alone
    if not host.endswith("]") and not host.rpartition(".")[2].isdigit():
        yield (f"https://www.{host}/", f"http://www.{host}/")
    yield (f"https://{host}:{_OTHER_TLS_PORT}/",)
    yield (f"http://{host}:{_OTHER_PORT}/",)


def _look(
    session: requests.Session, urls: tuple[str, ...], *, leading_back_to: str | None = None
) -> SiteAnswer:
    """What the first of the addresses that answers says. A redirect to the host that this look
    comes from, where nothing is, is no answer.
    """
    found = SiteAnswer("gone", "")
    for url in urls:
        try:
            answer = send(
                "GET",
                url,
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
        if leading_back_to and _leads_to(answer, leading_back_to):
            continue
        return _by_status(answer.status)
    return found


def _leads_to(answer: Answer, host: str) -> bool:
    to = answer.location or ""
    return (
        300 <= answer.status < 400
        and to.startswith(("https://", "http://"))
        and (urlsplit(to).netloc.lower() == host)
    )


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
