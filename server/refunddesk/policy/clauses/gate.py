"""Gates before money, and what a refund brings with it."""

from __future__ import annotations

from dataclasses import dataclass

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Await, Effect, Finding, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseOff:
    """`statement` wants the customer's word that all copies are destroyed, `uninstalled` that
    the software was seen to be gone.
    """

    statement: bool = True
    uninstalled: bool = False


def judge_license_off(claim: Claim, params: LicenseOff, context: Context) -> Finding:
    """Awaits the customer for every site still active and for the statement of destruction.

    The wait has no end: a request made in time keeps its right. What the law grants does not wait:
    the desk then revokes the license itself. A use of the license seen after
    the statement raises a suspicion, which staff confirm or drop.
    """
    license = claim.license
    if license is None:
        return context.clear
    awaited = [Await("customer", "deactivate", about=site) for site in license.active_sites]
    confirmed_at = license.destruction_confirmed_at
    if params.statement and confirmed_at is None:
        awaited.append(Await("customer", "confirm_destruction"))
    if params.uninstalled and license.uninstalled is False:
        awaited.append(Await("customer", "uninstall"))
    if awaited:
        return context.awaits(*awaited)
    if params.uninstalled and license.uninstalled is None:
        return context.lacks("license.uninstalled")
    if license.last_used_at and confirmed_at and license.last_used_at > confirmed_at:
        return context.says(
            "clear",
            Why("used_after_statement", {"last_used_at": license.last_used_at}),
            effects=("infringement_suspected",),
        )
    return context.clear


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    effects: tuple[Effect, ...]


def judge_effects(claim: Claim, params: Effects, context: Context) -> Finding:
    """Adds to a refund what it brings with it: store credit in place of money, what ends when."""
    return context.says("clear", effects=params.effects)


KINDS = (
    Kind("license_off", judge_license_off, LicenseOff, "gate", yields_to_law=True),
    Kind("effects", judge_effects, Effects, "gate"),
)
