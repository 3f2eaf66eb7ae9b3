"""What must be given before money is talked about: a case, a channel, proof, little use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunddesk.policy.claim import Channel, Claim
from refunddesk.policy.clause import Context, Kind, NoParams
from refunddesk.policy.clauses.windows import Then, fails
from refunddesk.policy.decision import Await, Finding, Why
from refunddesk.policy.facts import ANCHOR_KEYS, Anchor, anchor_at
from refunddesk.worktime import Span, is_over

#: What a policy counts of the use made of a product.
Counted = Literal["downloads", "uses", "activations", "active_sites"]


def judge_case_first(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Awaits a support case before anything else is looked at."""
    if claim.case is None:
        return context.awaits(Await("customer", "open_case"))
    return context.clear


def judge_explanation(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Awaits the customer's reason, and the details of it where they are missing."""
    case = claim.case
    if case is None or "details" in case.missing:
        return context.awaits(Await("customer", "explain"))
    return context.clear


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRule:
    """The ways in which a refund can be asked for, and whether it must be from the account."""

    channels: frozenset[Channel]
    own_address: bool = True


def judge_channel(claim: Claim, params: ChannelRule, context: Context) -> Finding:
    """Awaits a request that comes by one of the channels the policy names."""
    request = claim.request
    if request is None:
        return context.awaits(Await("customer", "ask_in_writing"))
    if request.channel not in params.channels:
        named = " or ".join(sorted(params.channels))
        return context.awaits(Await("customer", "ask_by", about=named))
    if params.own_address and not request.is_from_account:
        return context.awaits(Await("customer", "write_from_account_address"))
    return context.clear


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """`patience` ends the wait, counted from the customer's last reply; "none" does not."""

    patience: Span | None = None


def judge_proof(claim: Claim, params: Proof, context: Context) -> Finding:
    """Awaits proof of the fault, such as a screenshot or a recording."""
    case = claim.case
    if case is None:
        return context.awaits(Await("customer", "open_case"))
    if case.proof_given is None:
        return context.lacks("case.proof_given")
    if case.proof_given:
        return context.clear
    if params.patience is None:
        return context.awaits(Await("customer", "give_proof"))
    end = context.end_of(params.patience, case.last_customer_reply_at or case.opened_at)
    if is_over(end, claim.judged_at):
        return context.says("refuses", Why("no_proof", {"ended_at": end}))
    return context.awaits(Await("customer", "give_proof", until=end))


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLimit:
    """At most `most` downloads, uses, sites it was ever active on, or sites it is active on."""

    counted: Counted
    most: int = 0
    then: Then = "refuse"


def judge_usage_limit(claim: Claim, params: UsageLimit, context: Context) -> Finding:
    """Refuses a product that was downloaded, used or activated more often than allowed."""
    count = count_of(claim, params.counted)
    if count is None:
        return context.lacks(f"license.{params.counted}")
    if count <= params.most:
        return context.clear
    facts = {"counted": params.counted, "count": count, "most": params.most}
    return fails(context, params.then, Why("used_too_much", facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    counted_from: Anchor = "payment"


def judge_unused(claim: Claim, params: Unused, context: Context) -> Finding:
    """Refuses what was used after the payment, or another instant it counts from."""
    since = anchor_at(claim, params.counted_from)
    if since is None:
        return context.lacks(ANCHOR_KEYS[params.counted_from])
    license = claim.license
    if license is None or (license.last_used_at is None and license.uses != 0):
        return context.lacks("license.last_used_at")
    if license.last_used_at is None or license.last_used_at < since:
        return context.clear
    return context.says("refuses", Why("used_since", {"last_used_at": license.last_used_at}))


def count_of(claim: Claim, counted: Counted) -> int | None:
    """How much use was made of the licence, None where the claim does not know it."""
    license = claim.license
    if license is None:
        return None
    if counted == "active_sites":
        return len(license.active_sites)
    count: int | None = getattr(license, counted)
    return count


KINDS = (
    Kind("case_first", judge_case_first, NoParams),
    Kind("explanation", judge_explanation, NoParams),
    Kind("channel", judge_channel, ChannelRule),
    Kind("proof", judge_proof, Proof),
    Kind("usage_limit", judge_usage_limit, UsageLimit),
    Kind("unused", judge_unused, Unused),
)
