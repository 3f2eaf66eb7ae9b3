"""Instants that people and programs give: taken when they have come, refused when they have not."""

from __future__ import annotations

from datetime import datetime, timedelta

from refunddesk.services.refusal import Refusal

#: How far another machine's clock may run ahead of ours.
_SKEW = timedelta(minutes=5)


class InstantInFuture(Refusal):
    """A fact is dated later than now."""


def past_instant(name: str, at: datetime, now: datetime) -> datetime:
    """`at`, or `now` where `at` is ahead of it by no more than clocks differ.

    Raises InstantInFuture, which names the fact.
    """
    if at > now + _SKEW:
        raise InstantInFuture(
            f"{name} is {at.isoformat()}, which has not come yet (it is {now.isoformat()}). "
            "Nothing was changed."
        )
    return min(at, now)
