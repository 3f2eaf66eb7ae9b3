"""What is refused out of hand, and what is left to somebody's discretion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Effect, Finding, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRefund:
    effects: tuple[Effect, ...] = ()


def judge_no_refund(claim: Claim, params: NoRefund, context: Context) -> Finding:
    """Refuses whatever it applies to: a final sale."""
    return context.says("refuses", Why("final_sale"), effects=params.effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discretion:
    """Who decides: the store's owner, its support, or somebody outside, such as a reseller."""

    decided_by: Literal["store_owner", "support", "third_party"] = "store_owner"


def judge_review(claim: Claim, params: Discretion, context: Context) -> Finding:
    """Leaves whatever it applies to to the person the policy names."""
    return context.says("review", Why("left_to", {"decided_by": params.decided_by}))


def judge_approval(claim: Claim, params: Discretion, context: Context) -> Finding:
    """Holds a granted amount until the person the policy names agrees: it may be refused."""
    return context.says("review", Why("left_to", {"decided_by": params.decided_by}))


KINDS = (
    Kind("no_refund", judge_no_refund, NoRefund),
    Kind("review", judge_review, Discretion),
    Kind("approval", judge_approval, Discretion, "gate"),
)
