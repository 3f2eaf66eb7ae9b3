"""Above a limit a second person has to agree before any money is due; below it nobody does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from refunddesk.db import approvals as rows
from refunddesk.db import orders as order_rows
from refunddesk.db import refunds, staff
from refunddesk.db.history import list_deeds
from refunddesk.db.refunds import State
from refunddesk.money import Money
from refunddesk.services import approval_limits, approvals, customers, health, requests
from refunddesk.services import staff as people
from refunddesk.services.approval_limits import LimitNotValid
from refunddesk.services.approvals import (
    ApprovalSettled,
    ApprovalVoid,
    NoSuchApproval,
    NotASecondPerson,
)
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.services.order_home import show_order
from refunddesk.services.stores import NoSuchStore
from tests.asking import EXTRA_DOMAIN, PORTAL, ask, at_once, buy, report, work
from tests.building import add_store, balances, eur
from tests.conftest import TestClock
from tests.deciding import (
    ADA,
    BARE,
    BEN,
    employ_three,
    limit,
    refunds_of,
    refused,
    request_of,
    rule,
    told,
    waiting,
)


@pytest.fixture(autouse=True)
def three_people(edges: Edges) -> None:
    employ_three(edges)


def held(edges: Edges, **more: object) -> tuple[int, int]:
    """A request with a grant by ADA that waits; the request's id and the approval's."""
    order, request_id = refused(edges)
    limit(edges, order, staff="198.99")
    rule(edges, request_id, "refund", **more)
    approval = waiting(edges, request_id)
    assert approval
    return request_id, approval.id


def granted_by_policy(edges: Edges) -> int:
    """A request that the policy grants, 199.00, above the policy's limit."""
    order = buy(edges, add_store(edges), BARE)
    limit(edges, order, policy="198.99")
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    return request_id


# ---------------------------------------------------------------- the limit


@pytest.mark.parametrize(
    ("limits", "waits"),
    [
        pytest.param({"staff": "199.00"}, False, id="the limit itself"),
        pytest.param({"staff": "198.99"}, True, id="a cent above the limit"),
        pytest.param({"staff": "0.00"}, True, id="every grant"),
        pytest.param({"policy": "1.00"}, False, id="a limit for the policy alone"),
        pytest.param({}, False, id="no limit"),
    ],
)
def test_what_a_person_grants_waits_above_the_limit_and_not_at_it(
    edges: Edges, limits: Mapping[str, str], waits: bool
) -> None:
    order, request_id = refused(edges)
    limit(edges, order, **limits)
    state = rule(edges, request_id, "refund").state
    assert (state, bool(waiting(edges, request_id))) == (
        ("in_review", True) if waits else ("granted", False)
    )
    assert bool(refunds_of(edges, request_id)) is not waits


@pytest.mark.parametrize(
    ("second", "waits"),
    [("51.00", False), ("51.01", True)],
    ids=["the limit", "a cent more"],
)
def test_part_refunds_of_one_order_count_together(edges: Edges, second: str, waits: bool) -> None:
    order, first_id = refused(edges)
    limit(edges, order, staff="100.00")
    rule(edges, first_id, "refund", amounts={11: "49.00"})
    (refund,) = refunds_of(edges, first_id)
    with edges.database.write() as transaction:
        sending = refunds.move(transaction, refund, State.SENDING, now=edges.clock())
        assert sending
        refunds.move(transaction, sending, State.PAID, now=edges.clock())
    second_id = ask(edges, order, "second")
    work(edges)
    rule(edges, second_id, "refund", amounts={11: second})
    assert bool(waiting(edges, second_id)) is waits


def test_a_limit_in_another_currency_than_the_orders_lets_nothing_pass(edges: Edges) -> None:
    order, request_id = refused(edges)
    with edges.database.write() as transaction:
        rows.set_limit(transaction, order.store_id, "staff", Money.parse("9999.00", "USD"))
    rule(edges, request_id, "refund")
    assert waiting(edges, request_id)


def test_raising_the_limit_lets_nothing_pass_that_waits(edges: Edges) -> None:
    request_id, _ = held(edges)
    approval_limits.set_limits(edges, 1, {"staff": None}, currency=None, by=BEN)
    work(edges)
    assert refunds_of(edges, request_id) == []
    assert waiting(edges, request_id)


def test_a_limit_is_an_amount_of_zero_or_more(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    for text in ("-1.00", "12,50", "1", "much"):
        with pytest.raises(LimitNotValid, match="Nothing was changed"):
            limit(edges, order, staff=text)


def test_a_limit_needs_a_known_store_and_currency(edges: Edges) -> None:
    with pytest.raises(NoSuchStore):
        approval_limits.set_limits(edges, 7, {"staff": "1.00"}, currency="EUR", by=BEN)
    store_id = add_store(edges)
    with pytest.raises(LimitNotValid, match="name the currency"):
        approval_limits.set_limits(edges, store_id, {"staff": "1.00"}, currency=None, by=BEN)
    set_to = approval_limits.set_limits(edges, store_id, {"staff": "0"}, currency="JPY", by=BEN)
    assert str(set_to["staff"]) == "0"
    assert set_to["policy"] is None
    buy(edges, store_id)
    with pytest.raises(LimitNotValid, match="sells in EUR"):
        approval_limits.set_limits(edges, store_id, {"staff": "1.00"}, currency="USD", by=BEN)


# ---------------------------------------------------------------- approving


def test_the_refund_is_due_only_once_a_second_person_approved(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    assert balances(edges, ["refunds_due"]) == {}
    approvals.approve(edges, approval_id, by=BEN)
    (refund,) = refunds_of(edges, request_id)
    assert (refund.state, refund.amount, refund.approved_by) == (State.DUE, eur("199.00"), ADA)
    assert request_of(edges, request_id).state == "granted"
    assert balances(edges, ["refunds_due"]) == {"refunds_due": "-199.00"}
    with edges.database.read() as transaction:
        deeds = list_deeds(transaction, f"request:{request_id}")
    (deed,) = [deed for deed in deeds if deed.action == "approval_approved"]
    assert (deed.actor, deed.data["granted_by"]) == (BEN, ADA)


def test_whoever_granted_it_cannot_approve_it(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    with pytest.raises(NotASecondPerson):
        approvals.approve(edges, approval_id, by=ADA)
    assert waiting(edges, request_id)


def test_approved_twice_at_once_it_is_refunded_once(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    got = at_once(2, lambda _: approvals.approve(edges, approval_id, by=BEN))
    assert [type(one) for one in got if isinstance(one, Exception)] == [ApprovalSettled]
    assert len(refunds_of(edges, request_id)) == 1


def test_approving_and_declining_at_once_only_one_is_heard(edges: Edges) -> None:
    request_id, approval_id = held(edges)

    def act(number: int) -> object:
        if number:
            return approvals.approve(edges, approval_id, by=BEN).settled_as
        return approvals.decline(edges, approval_id, because="Too much.", by=BEN).settled_as

    got = at_once(2, act)
    assert len([one for one in got if isinstance(one, ApprovalSettled)]) == 1, got
    assert len(refunds_of(edges, request_id)) == ("approved" in got)


def test_declined_the_request_is_in_review_and_the_grant_is_spent(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    declined = approvals.decline(edges, approval_id, because="Ask them first.", by=BEN)
    assert (declined.settled_as, declined.because) == ("declined", "Ask them first.")
    work(edges)
    assert (request_of(edges, request_id).state, refunds_of(edges, request_id)) == ("in_review", [])
    rule(edges, request_id, "refund", by=BEN)
    assert waiting(edges, request_id)


def test_a_new_decision_makes_the_waiting_grant_void(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    rule(edges, request_id, "refuse", by=BEN)
    with pytest.raises(ApprovalSettled, match="void"):
        approvals.approve(edges, approval_id, by=BEN)
    assert (request_of(edges, request_id).state, refunds_of(edges, request_id)) == ("refused", [])


def test_a_withdrawn_request_takes_the_waiting_grant_with_it(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    requests.withdraw(edges, request_id, by="customer")
    assert health.look(edges).approvals.total == 0
    with pytest.raises(ApprovalSettled, match="void"):
        approvals.approve(edges, approval_id, by=BEN)
    assert request_of(edges, request_id).state == "withdrawn"


def test_the_customer_is_promised_nothing_before_the_approval(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    order_id = request_of(edges, request_id).order_id
    assert show_order(edges, order_id, "en").answer is None
    approvals.approve(edges, approval_id, by=BEN)
    answer = show_order(edges, order_id, "en").answer
    assert answer
    assert "199.00" in answer.headline


def test_who_leaves_the_desk_leaves_no_grant_behind(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    people.disable_staff(edges, "ada@store.test")
    assert waiting(edges, request_id) is None
    with pytest.raises(ApprovalSettled, match="void"):
        approvals.approve(edges, approval_id, by=BEN)
    assert refunds_of(edges, request_id) == []


def test_a_grant_of_somebody_who_no_longer_decides_is_void_when_it_is_approved(
    edges: Edges,
) -> None:
    request_id, approval_id = held(edges)
    with edges.database.write() as transaction:
        staff.disable(transaction, 1, edges.clock())
    with pytest.raises(ApprovalVoid):
        approvals.approve(edges, approval_id, by=BEN)
    assert (waiting(edges, request_id), refunds_of(edges, request_id)) == (None, [])


def dispute(edges: Edges, request_id: int) -> None:
    order_id = request_of(edges, request_id).order_id
    customers.open_dispute(edges, order_id, status="open", opened_at=None, by=BEN)


def dispute_of_yesterday(edges: Edges, request_id: int) -> None:
    """Opened before the grant, and told of after it."""
    order_id = request_of(edges, request_id).order_id
    opened_at = edges.clock() - timedelta(days=1)
    customers.open_dispute(edges, order_id, status="open", opened_at=opened_at, by=BEN)


def accuse(edges: Edges, request_id: int) -> None:
    with edges.database.read() as transaction:
        order = order_rows.get_order(transaction, request_of(edges, request_id).order_id)
    assert order.customer_id
    change = CustomerChange(infringement="open", evidence="Resold.")
    customers.change_customer(edges, order.customer_id, change, by=BEN)


@pytest.mark.parametrize("opened", [dispute, dispute_of_yesterday, accuse])
def test_what_was_opened_after_a_grant_makes_it_void_when_it_is_approved(
    edges: Edges, clock: TestClock, opened: Callable[[Edges, int], None]
) -> None:
    request_id, approval_id = held(edges)
    clock.move(seconds=1)
    opened(edges, request_id)
    work(edges)
    with pytest.raises(ApprovalVoid, match="was opened after a person had granted"):
        approvals.approve(edges, approval_id, by=BEN)
    assert refunds_of(edges, request_id) == []
    assert (request_of(edges, request_id).state, waiting(edges, request_id)) == ("in_review", None)


def test_an_approval_belongs_to_one_request(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    with pytest.raises(NoSuchApproval):
        approvals.approve(edges, approval_id, by=BEN, request_id=request_id + 1)
    with pytest.raises(NoSuchApproval):
        approvals.approve(edges, approval_id + 1, by=BEN)


def test_the_gate_comes_first_and_the_second_person_after_it(edges: Edges) -> None:
    order, request_id = refused(edges, PORTAL, EXTRA_DOMAIN)
    limit(edges, order, staff="1.00")
    rule(edges, request_id, "refund")
    assert (request_of(edges, request_id).state, waiting(edges, request_id)) == ("awaiting", None)
    requests.confirm_destruction(edges, request_id, by=ADA)
    work(edges)
    approval = waiting(edges, request_id)
    assert approval
    approvals.approve(edges, approval.id, by=BEN)
    assert request_of(edges, request_id).state == "granted"


# ---------------------------------------------------------------- what the policy grants


def test_what_the_policy_grants_above_its_limit_waits_for_one_person(edges: Edges) -> None:
    request_id = granted_by_policy(edges)
    approval = waiting(edges, request_id)
    assert approval
    assert (approval.granted_by, approval.amount) == ("policy", eur("199.00"))
    assert len(told(edges, f"request:{request_id}", "staff_needed")) == 2
    work(edges)
    assert refunds_of(edges, request_id) == []
    approvals.approve(edges, approval.id, by=ADA)
    (refund,) = refunds_of(edges, request_id)
    assert (refund.state, refund.approved_by) == (State.DUE, "policy")
    assert waiting(edges, request_id) is None


def test_an_approval_comes_too_late_where_the_policy_says_no_by_now(
    edges: Edges, clock: TestClock
) -> None:
    request_id = granted_by_policy(edges)
    approval = waiting(edges, request_id)
    assert approval
    clock.move(hours=1)
    accusation = CustomerChange(infringement="open", evidence="Seen on a forum.")
    customers.change_customer(edges, 1, accusation, by=ADA)
    approvals.approve(edges, approval.id, by=BEN)
    assert (request_of(edges, request_id).state, refunds_of(edges, request_id)) == ("refused", [])


def test_an_approval_does_not_cover_another_amount_than_the_one_it_was_given_for(
    edges: Edges,
) -> None:
    request_id = granted_by_policy(edges)
    approval = waiting(edges, request_id)
    assert approval
    approval_limits.set_limits(edges, 1, {"policy": "100.00"}, currency=None, by=BEN)
    with edges.database.write() as transaction:
        (item,) = order_rows.list_items(transaction, 1)
        cheaper = replace(item, paid=eur("150.00"))
        order_rows.record_items(transaction, 1, [cheaper], at=edges.clock())
    approvals.approve(edges, approval.id, by=BEN)
    anew = waiting(edges, request_id)
    assert anew
    assert (anew.amount, refunds_of(edges, request_id)) == (eur("150.00"), [])


# ---------------------------------------------------------------- today


def test_today_lists_what_waits_for_a_second_person_once(edges: Edges) -> None:
    request_id, approval_id = held(edges)
    status = health.look(edges)
    (line,) = status.approvals.lines
    assert (line.id, line.request_id, line.granted_by) == (approval_id, request_id, ADA)
    assert status.requests_in_review.total == 0
    approvals.decline(edges, approval_id, because="No.", by=BEN)
    status = health.look(edges)
    assert (status.approvals.total, status.requests_in_review.total) == (0, 1)
