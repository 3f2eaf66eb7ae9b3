"""The clause that grants what was paid, within a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from refunddesk.policy.claim import Claim, ItemKind
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.clauses.windows import Windowed, closed, window_closed, window_end
from refunddesk.policy.decision import Await, Effect, Finding
from refunddesk.policy.facts import Event, asked_at, paid_for, raised_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Windowed):
    """Pays lines of the kinds `pays` when `event` falls within the window.

    `own_address` wants the request from the portal or from the account's own e-mail address.
    """

    pays: frozenset[ItemKind]
    event: Event = "raised"
    own_address: bool = True
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRefund(Grant):
    """Pays the lines in full."""


def judge_full_refund(claim: Claim, params: FullRefund, context: Context) -> Finding:
    """Grants the lines in full; awaits a case or a request that can still come in time."""
    end = window_end(claim, params, context)
    if isinstance(end, Finding):
        return end
    return kept_waiting(claim, params, context, end) or context.says(
        "grants",
        offers=paid_for(claim, params.pays),
        effects=params.effects,
        until=None if closed(end, claim.judged_at) else end,
    )


def kept_waiting(
    claim: Claim, params: Grant, context: Context, end: datetime | None
) -> Finding | None:
    """What still stands between the claim and a grant whose window ends at `end`."""
    if end and closed(end, happened_at(claim, params)):
        return context.says("does_not_apply", window_closed(params.within, end))
    if params.event == "raised" and claim.case is None:
        return context.awaits(Await("customer", "open_case", until=end))
    if claim.request is None:
        until = end if params.event == "requested" else None
        return context.awaits(Await("customer", "ask_in_writing", until=until))
    if params.own_address and not claim.request.is_from_account:
        if end and closed(end, claim.judged_at):
            return context.says("does_not_apply", window_closed(params.within, end))
        return context.awaits(Await("customer", "write_from_account_address", until=end))
    return None


def happened_at(claim: Claim, params: Grant) -> datetime:
    """When that happened which must fall within the window."""
    if params.event == "raised":
        return raised_at(claim)
    if claim.request and not params.own_address:
        return claim.request.at
    return asked_at(claim)


KINDS = (Kind("full_refund", judge_full_refund, FullRefund),)
