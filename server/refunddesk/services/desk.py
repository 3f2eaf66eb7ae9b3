"""What staff are shown of one refund and of one refund request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from refunddesk.db import (
    approvals,
    cases,
    decisions,
    orders,
    overrides,
    refunds,
    requests,
    staff,
    steps,
    stores,
)
from refunddesk.db.approvals import Approval
from refunddesk.db.decisions import RecordedDecision
from refunddesk.db.history import Deed, list_deeds
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.overrides import Override
from refunddesk.db.refunds import Refund
from refunddesk.db.requests import RefundRequest
from refunddesk.db.steps import Step
from refunddesk.db.stores import Store
from refunddesk.money import Money
from refunddesk.policy.claim import ClaimNotValid
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.recorded import DecisionNotValid, load_decision
from refunddesk.policy.version import NoSuchVersion, Policy
from refunddesk.policy.wording import Audience, Explanation, Language, explain
from refunddesk.services.compat_signal import Signal, find_signal
from refunddesk.services.edges import Edges
from refunddesk.services.infringements import is_accused
from refunddesk.services.overrides import seen_of
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refunds import Left, NothingLeftToRefund, what_is_left
from refunddesk.services.refusal import Refusal


class NothingHere(Refusal):
    """There is no refund or request with this number."""


@dataclass(frozen=True, slots=True)
class RefundPage:
    """One refund with all that led to it and followed from it."""

    refund: Refund
    store: Store
    order: Order
    items: dict[int, OrderItem]
    steps: list[Step]
    deeds: list[Deed]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision as recorded, and its interchange form read back for showing."""

    recorded: RecordedDecision
    said: dict[str, Any]
    explained: Explanation | None  # None where it was kept in a form that is not read any more
    override_id: int | None  # of the override that made it; None: the policy did


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One request with its judgements, newest first, and the refunds they led to.

    `signal`: what the checks say, where a plugin is said to have broken on a release. `overrides`
    and `approvals` are oldest first; `left` is what the order can still give back, None where that
    cannot be told; `seen` what a form says of the decisions it was shown with; `names` are the
    staff's, by what the rows call them ("staff:3"). `accused`: a procedure is open against the
    customer.
    """

    request: RefundRequest
    store: Store
    order: Order
    items: dict[str, OrderItem]
    judgements: list[Judgement]
    refunds: list[Refund]
    deeds: list[Deed]
    signal: Signal | None
    overrides: list[Override]
    approvals: list[Approval]
    left: Left | None
    seen: str
    names: Mapping[str, str]
    accused: bool

    def given_by(self, override: Override) -> Money:
        """What the override gives back in all, tax included."""
        return self.order.total.like(sum(net + tax for net, tax in override.shares.values()))

    @property
    def waiting(self) -> Approval | None:
        """The grant that waits for a second person."""
        last = self.approvals[-1] if self.approvals else None
        return last if last and last.settled_at is None else None


def show_refund(edges: Edges, refund_id: int) -> RefundPage:
    """Raises NothingHere."""
    with edges.database.read() as transaction:
        try:
            refund = refunds.get_refund(transaction, refund_id)
        except refunds.RefundNotFound:
            raise NothingHere(f"There is no refund {refund_id}.") from None
        items = orders.list_items(transaction, refund.order_id)
        return RefundPage(
            refund=refund,
            store=stores.get_store(transaction, refund.store_id),
            order=orders.get_order(transaction, refund.order_id),
            items={item.woo_item_id: item for item in items},
            steps=steps.list_steps(transaction, refund_id),
            deeds=list_deeds(transaction, f"refund:{refund_id}"),
        )


def show_request(
    edges: Edges, request_id: int, language: Language = "en", audience: Audience = "staff"
) -> RequestPage:
    """The judgements are explained in `language`, for `audience`. Raises NothingHere."""
    with edges.database.read() as transaction:
        request = requests.find_request(transaction, request_id)
        if request is None:
            raise NothingHere(f"There is no refund request {request_id}.")
        case = cases.find_case(transaction, request.case_id) if request.case_id else None
        items = orders.list_items(transaction, request.order_id)
        judged = decisions.list_decisions(transaction, request_id)
        by_people = overrides.list_decided(transaction, request_id)
        order = orders.get_order(transaction, request.order_id)
        names = {str(item.woo_item_id): item.name for item in items}
        explain = _explainer(edges, names, language, audience)
        return RequestPage(
            request=request,
            store=stores.get_store(transaction, request.store_id),
            order=order,
            items={str(item.woo_item_id): item for item in items},
            judgements=[
                Judgement(
                    one,
                    json.loads(one.decision),
                    explain(one, one is judged[-1] and one.id not in by_people),
                    by_people.get(one.id),
                )
                for one in reversed(judged)
            ],
            refunds=refunds.list_for_request(transaction, request_id),
            deeds=list_deeds(transaction, f"request:{request_id}"),
            signal=find_signal(transaction, case) if case else None,
            overrides=overrides.list_overrides(transaction, request_id),
            approvals=approvals.list_approvals(transaction, request_id),
            left=_left(transaction, order),
            seen=seen_of(transaction, request_id),
            names={f"staff:{one.id}": one.name for one in staff.list_staff(transaction)},
            accused=order.customer_id is not None and is_accused(transaction, order.customer_id),
        )


def _left(transaction: Connection, order: Order) -> Left | None:
    try:
        return what_is_left(transaction, order)
    except NothingLeftToRefund:
        return None


def _explainer(
    edges: Edges, names: Mapping[str, str], language: Language, audience: Audience
) -> Callable[[RecordedDecision, bool], Explanation | None]:
    """Explains kept decisions; only the newest says what would change it."""

    def explained(recorded: RecordedDecision, is_newest: bool) -> Explanation | None:
        try:
            decision = load_decision(json.loads(recorded.decision), recorded.amount.decimals)
            claim = load_claim(json.loads(recorded.claim))
        except (DecisionNotValid, ClaimNotValid):
            return None
        return explain(
            decision,
            claim,
            language=language,
            audience=audience,
            policy=_policy(edges, recorded),
            looks_ahead=is_newest,
            names=names,
        )

    return explained


def _policy(edges: Edges, recorded: RecordedDecision) -> Policy | None:
    """The policy that judged, as long as it can be read and still has that version."""
    try:
        policy = load_named_policy(edges, recorded.policy)
        policy.get_version(recorded.policy_version)
    except (PolicyNotValid, NoSuchVersion):
        return None
    return policy
