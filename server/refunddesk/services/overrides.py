"""Staff decide a refund request in place of the policy: refund, refuse, or back to judging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import approvals, decisions, orders, overrides, refunds, requests
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.overrides import NewOverride, Override
from refunddesk.db.requests import RefundRequest
from refunddesk.money import Money, NotMoney
from refunddesk.policy.by_person import refuse_by_person
from refunddesk.services import decided, refund_news, refund_outcomes
from refunddesk.services.edges import Edges
from refunddesk.services.reasons import written_reason
from refunddesk.services.refunds import Left, LeftOfLine, what_is_left
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import RequestSettled, find, wake
from refunddesk.services.standing_overrides import carry_out, find_claim, keep_decision, terms_of

RULINGS = ("refund", "refuse", "judge")
_KEPT = "The request was left as it is."


class DecisionMovedOn(Refusal):
    """Something was decided on the request that the decider has not seen."""


class OverrideNotValid(Refusal):
    """The amounts are none that the order can give, or the wishes contradict each other."""


class RefundUnderWay(Refusal):
    """The money of the request is on its way, or may be: nothing can be decided about it."""


class OtherRequestOpen(Refusal):
    """Another request about the order is open, or its money is on its way."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decides, and why; a refused customer reads the reason.

    `amounts` are what each line gives back without tax, by the store's id of the line, as texts
    such as "199.00". With tax, each line's tax goes along in proportion. The money waits until
    the licence is off, unless `waives_gate_because` says why not; a licence that the customer
    keeps is never waited for.
    """

    ruling: str
    because: str = field(repr=False)
    amounts: Mapping[int, str] = field(default_factory=dict)
    with_tax: bool = False
    keeps_license: bool = False
    waives_gate_because: str | None = field(default=None, repr=False)


def override(
    edges: Edges, request_id: int, ruling: Ruling, *, by: str, seen: str | None = None
) -> RefundRequest:
    """Set what was decided on the request aside; the request after it.

    `by` is "staff:3"; `seen` is what `seen_of` said when the decider looked. What is granted and
    not sent yet is taken back first. Raises NoSuchRequest, ReasonMissing, ReasonTooLong,
    DecisionMovedOn, RequestSettled (of a withdrawn one), RefundUnderWay, OtherRequestOpen,
    OverrideNotValid, NothingLeftToRefund, TaxWithoutRate.
    """
    because = written_reason(ruling.because, _KEPT)
    now = edges.clock()
    with edges.database.write() as transaction:
        order = orders.lock_order(transaction, find(transaction, request_id).order_id)
        request = requests.get_request(transaction, request_id)
        _check_seen(transaction, request_id, seen)
        _check_free(transaction, request)
        _take_back(transaction, request, now, by)
        shares = _shares(transaction, order, ruling) if ruling.ruling == "refund" else {}
        made = _record(transaction, request, ruling, because, shares, by, now)
        request = requests.get_request(transaction, request_id)
        if ruling.ruling == "refund":
            carry_out(transaction, edges, request, order, made, now)
        elif ruling.ruling == "refuse":
            _refuse(transaction, edges, request, order, made, now)
        else:
            requests.change_state(transaction, request, "asked")
            wake(transaction, [request], now)
        return requests.get_request(transaction, request_id)


def seen_of(transaction: Connection, request_id: int) -> str:
    """What was decided on the request so far, as a form carries it: it changes with each step."""
    judged = decisions.find_latest(transaction, request_id)
    made = overrides.find_latest(transaction, request_id)
    asked = approvals.list_approvals(transaction, request_id)
    steps = (judged.id if judged else 0, made.id if made else 0)
    waits = (asked[-1].id if asked else 0, asked[-1].settled_as or "open" if asked else "none")
    return "-".join(map(str, steps + waits))


def _check_seen(transaction: Connection, request_id: int, seen: str | None) -> None:
    if seen is not None and seen != seen_of(transaction, request_id):
        raise DecisionMovedOn(
            f"Request {request_id} was decided on meanwhile. {_KEPT} Read what was decided, and "
            "decide again."
        )


def _check_free(transaction: Connection, request: RefundRequest) -> None:
    if request.state == "withdrawn":
        raise RequestSettled(f"The customer withdrew request {request.id}. {_KEPT}")
    for other in requests.list_requests(transaction, request.order_id):
        if other.id != request.id and other.is_open:
            raise OtherRequestOpen(
                f"Request {other.id} about the same order is {other.state}. {_KEPT} "
                "Decide that one."
            )
    unsettled = requests.find_unsettled(transaction, request.order_id)
    if unsettled and unsettled.id != request.id:
        raise OtherRequestOpen(
            f"The money of request {unsettled.id} about the same order is on its way. {_KEPT}"
        )


def _take_back(transaction: Connection, request: RefundRequest, now: datetime, by: str) -> None:
    """Give up what is granted and was never sent, and what waits for a second person."""
    because = "a person decided otherwise"
    for refund in refunds.list_for_request(transaction, request.id):
        if refund.state == refunds.State.FAILED:
            continue
        taken = refund_outcomes.take_back(transaction, refund, now=now, actor=by, because=because)
        if taken is None:
            raise RefundUnderWay(
                f"Refund {refund.id} of request {request.id} is {refund.state}: its money has "
                f"moved or may have. {_KEPT} See that refund."
            )
    if waiting := approvals.find_open(transaction, request.id):
        approvals.settle(transaction, waiting.id, settled_as="void", by=by, because=because, at=now)


def _shares(transaction: Connection, order: Order, ruling: Ruling) -> dict[int, tuple[int, int]]:
    """What each line gives back, net and tax in minor units; lines that give nothing are left out.

    Raises OverrideNotValid, and NothingLeftToRefund where the order's currency changed.
    """
    if ruling.keeps_license and not (ruling.waives_gate_because or "").strip():
        raise OverrideNotValid(
            f"A licence that the customer keeps is never switched off, so the money would wait "
            f"for ever. {_KEPT} Say why it need not wait, or let the licence end."
        )
    items = {item.woo_item_id: item for item in orders.list_items(transaction, order.id)}
    if unknown := sorted(set(ruling.amounts) - set(items)):
        raise OverrideNotValid(f"The order has no line {unknown[0]}. {_KEPT}")
    left = what_is_left(transaction, order)
    shares = {}
    for woo_item_id, text in ruling.amounts.items():
        item = items[woo_item_id]
        net = _amount(item, text)
        if net:
            tax = _tax(item, net, left.lines[woo_item_id]) if ruling.with_tax else net.like(0)
            _check_line(item, net, tax, left.lines[woo_item_id])
            shares[woo_item_id] = (net.minor, tax.minor)
    _check_whole(order, left, list(shares.values()))
    return shares


def _amount(item: OrderItem, text: str) -> Money:
    """A blank field gives nothing; "199" means "199.00"."""
    try:
        net = Money.parse(text.strip() or "0", item.paid.currency, item.paid.decimals, exact=False)
    except NotMoney as error:
        raise OverrideNotValid(f"{item.name}: {error}. {_KEPT}") from None
    if net.minor < 0:
        raise OverrideNotValid(f"{item.name}: an amount is zero or more. {_KEPT}")
    return net


def _tax(item: OrderItem, net: Money, left: LeftOfLine) -> Money:
    """The tax on this part of the line's price, rounded down; with its rest all that is left."""
    if net == left.net or not item.paid:
        return left.tax
    if not 0 <= net.minor <= item.paid.minor or item.tax.minor < 0:
        return item.tax.like(0)  # more than was paid: refused by the check that follows
    return min(item.tax.share(net.minor, item.paid.minor), left.tax)


def _check_line(item: OrderItem, net: Money, tax: Money, left: LeftOfLine) -> None:
    if net > left.net or tax > left.tax:
        raise OverrideNotValid(
            f"{item.name}: {left.net} {net.currency} are left on this line, {net} would be too "
            f"much. {_KEPT}"
        )


def _check_whole(order: Order, left: Left, shares: Sequence[tuple[int, int]]) -> None:
    amount = left.whole.like(sum(net + tax for net, tax in shares))
    if not amount:
        raise OverrideNotValid(f"A refund gives something back. {_KEPT} To give nothing, refuse.")
    if amount > left.whole:
        raise OverrideNotValid(
            f"The order has {left.whole} {order.currency} left, {amount} would be too much. {_KEPT}"
        )


def _record(
    transaction: Connection,
    request: RefundRequest,
    ruling: Ruling,
    because: str,
    shares: Mapping[int, tuple[int, int]],
    by: str,
    now: datetime,
) -> Override:
    grants = ruling.ruling == "refund"
    waived = (ruling.waives_gate_because or "").strip() if grants else ""
    latest = decisions.find_latest(transaction, request.id)
    made = overrides.record_override(
        transaction,
        NewOverride(
            request_id=request.id,
            set_aside_id=latest.id if latest else None,
            ruling=ruling.ruling,
            because=because,
            made_by=by,
            made_at=now,
            shares=shares,
            keeps_license=grants and ruling.keeps_license,
            gate_waived_because=written_reason(waived, _KEPT) if waived else None,
        ),
    )
    # The reason may name people: it is kept with the override, and not in the trail.
    record_deed(
        transaction,
        at=now,
        actor=by,
        action="request_overridden",
        subject=f"request:{request.id}",
        data={
            "from": request.state,
            "override": made.id,
            "ruling": made.ruling,
            "set_aside": made.set_aside_id,
            "gate": "waived" if waived else None,
            "lines": {str(item): list(share) for item, share in shares.items()} or None,
        },
    )
    return made


def _refuse(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    made: Override,
    now: datetime,
) -> None:
    claim = find_claim(transaction, request, order, now)
    policy, version = terms_of(transaction, edges, request, order, claim)
    items = [str(item.woo_item_id) for item in orders.list_items(transaction, order.id)]
    nothing = order.total.like(0)
    decision = refuse_by_person(items, nothing, policy=policy, version=version)
    decision_id = keep_decision(transaction, request, order, claim, decision, made, now)
    decided.follow(transaction, request, decision, decision_id, now, by=made.made_by)
    refund_news.tell_refused_by_person(transaction, request, order, made.because, decision_id, now)
