"""The gate before money: the license is off everywhere and all copies are destroyed."""

from __future__ import annotations

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind, NoParams
from refunddesk.policy.decision import Await, Finding, Why


def judge_license_off(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Awaits the customer for every site still active and for the statement of destruction.

    The wait has no end: a request made in time keeps its right. A use of the license seen after
    the statement raises a suspicion, which staff confirm or drop.
    """
    license = claim.license
    if license is None:
        return context.says("clear")
    awaited = [Await("customer", "deactivate", about=site) for site in license.active_sites]
    confirmed_at = license.destruction_confirmed_at
    if confirmed_at is None:
        awaited.append(Await("customer", "confirm_destruction"))
    if awaited:
        return context.awaits(*awaited)
    if license.last_used_at and confirmed_at and license.last_used_at > confirmed_at:
        return context.says(
            "clear",
            Why("used_after_statement", {"last_used_at": license.last_used_at}),
            effects=("infringement_suspected",),
        )
    return context.says("clear")


KINDS = (Kind("license_off", judge_license_off, NoParams, "gate"),)
