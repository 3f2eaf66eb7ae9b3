"""May a licence be used now, and on this site? Each answer has a name for programs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """How a licence stands, or one site of it. Only `VALID` gives the right to use it."""

    VALID = "valid"
    EXPIRED = "expired"
    ENDED_REFUNDED = "ended_refunded"
    ENDED = "ended"
    BLOCKED = "blocked"
    SITE_NOT_ACTIVATED = "site_not_activated"
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class InUse:
    """One site a licence is on; a staging site takes no place."""

    site: str
    is_staging: bool


def license_standing(
    state: str,
    ended_as: str | None,
    expires_at: datetime | None,
    *,
    is_customer_accused: bool,
    now: datetime,
) -> Standing:
    """How a licence in this state stands at `now`, whatever the site.

    It expires at `expires_at` itself: the last moment before still counts. An end is told before
    a block and both before the expiry, because they last.
    """
    if state == "ended":
        return Standing.ENDED_REFUNDED if ended_as == "refunded" else Standing.ENDED
    if is_customer_accused:
        return Standing.BLOCKED
    if expires_at is not None and now >= expires_at:
        return Standing.EXPIRED
    return Standing.VALID


def site_standing(site: str, in_use: Sequence[InUse], sites_limit: int) -> Standing:
    """How `site` stands under a valid licence that is `in_use`, longest on first.

    Where places were given back since, those that were taken last are over the limit.
    """
    held = next((one for one in in_use if one.site == site), None)
    if held is None:
        return Standing.SITE_NOT_ACTIVATED
    counted = [one.site for one in in_use if not one.is_staging]
    if held.is_staging or site in counted[:sites_limit]:
        return Standing.VALID
    return Standing.OVER_LIMIT


def has_room(site: str, taken_by: Collection[str], sites_limit: int) -> bool:
    """May a licence whose places are `taken_by` be used on `site`? A site it is on needs none."""
    return site in taken_by or len(taken_by) < sites_limit


def is_usable(state: str, expires_at: datetime | None, now: datetime) -> bool:
    """Does a licence in this state still give the right to begin using it somewhere?"""
    standing = license_standing(state, None, expires_at, is_customer_accused=False, now=now)
    return standing is Standing.VALID
