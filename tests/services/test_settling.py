"""Settling by a person: who may, what they must say, and what the store must not show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from refunddesk.cli import refunds as command
from refunddesk.db.refunds import State
from refunddesk.db.staff import Role
from refunddesk.sandbox.faults import Mode
from refunddesk.services import settling
from refunddesk.services.edges import Edges
from refunddesk.services.payments import pay_refund
from refunddesk.services.read_back import resolve_refund
from refunddesk.services.reasons import ReasonMissing
from refunddesk.services.settling import RefundChangedSince, Verdict, settle_refund
from tests import building
from tests.services.answering import answering, pay_behind
from tests.services.paying import DUE, PAID, Till

ADA, GRACE, TIM = "ada@example.test", "grace@example.test", "tim@example.test"


@pytest.fixture
def stuck(till: Till) -> Till:
    """A refund that waits for a person; no money moved. Ada and Grace may decide, Tim may not."""
    building.add_staff(till.edges, (ADA, Role.OWNER), (GRACE, Role.APPROVER), (TIM, Role.SUPPORT))
    _get_stuck(till, Mode.CLOSES_BEFORE)
    return till


def _get_stuck(till: Till, mode: Mode) -> None:
    method = "POST" if mode == Mode.CLOSES_BEFORE else ""
    till.shop.sandbox.faults.arm(mode, method=method, path_part="/refunds")
    pay_refund(till.edges, till.refund.id)
    till.shop.clock.move(minutes=15)
    resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.NEEDS_REVIEW


def _settle(till: Till, verdict: Verdict, *, token: int | None = None, **also: str) -> None:
    said = {"by": ADA, "because": "the bank says so", **also}
    token = till.token() if token is None else token
    settle_refund(till.edges, till.refund.id, verdict, token=token, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", Verdict)
def test_what_was_seen_of_one_payment_settles_no_later_one(till: Till, verdict: Verdict) -> None:
    """Ada looks, and is called away; two others have it paid again, and that moves the money."""
    building.add_staff(till.edges, (ADA, Role.OWNER), (GRACE, Role.APPROVER), (TIM, Role.APPROVER))
    _get_stuck(till, Mode.CLOSES_BEFORE)
    seen = till.token()
    _settle(till, Verdict.PAY_AGAIN, by=GRACE, second=TIM)
    _get_stuck(till, Mode.DIES_AFTER_MONEY)
    with pytest.raises(RefundChangedSince, match="Look at it again"):
        _settle(till, verdict, token=seen, second=GRACE)
    assert till.state() == State.NEEDS_REVIEW
    _settle(till, Verdict.PAID)
    assert (till.state(), till.balances()) == (State.PAID, PAID)


def test_it_was_paid(stuck: Till) -> None:
    _settle(stuck, Verdict.PAID)
    assert (stuck.state(), stuck.balances()) == (State.PAID, PAID)
    evidence = stuck.evidence("refund_paid")
    assert (evidence["verdict"], evidence["reason"]) == ("paid", "the bank says so")


def test_it_was_not_paid_and_shall_not_be(stuck: Till) -> None:
    _settle(stuck, Verdict.NOT_PAID)
    assert (stuck.state(), stuck.balances(), stuck.request_state()) == (
        State.FAILED,
        {},
        "in_review",
    )


@pytest.mark.parametrize("verdict", [Verdict.PAID, Verdict.NOT_PAID])
def test_a_store_that_is_no_more_does_not_keep_people_from_settling(
    stuck: Till, verdict: Verdict
) -> None:
    stuck.shop.sandbox.faults.arm(Mode.MAINTENANCE, times=None, method="GET")
    _settle(stuck, verdict)
    assert stuck.state() in (State.PAID, State.FAILED)


def test_it_is_paid_again_on_the_word_of_two_people(stuck: Till) -> None:
    marker = stuck.refund.marker
    _settle(stuck, Verdict.PAY_AGAIN, second=GRACE)
    assert (stuck.state(), stuck.balances()) == (State.DUE, DUE)
    assert len(stuck.evidence("refund_due")["by"]) == 2
    stuck.shop.work()
    assert (stuck.state(), stuck.moved(), stuck.now().attempt) == (State.PAID, ["99.00"], 2)
    assert stuck.now().marker == marker


@pytest.mark.parametrize(
    "second", [{}, {"second": ADA}], ids=["one person", "the same person twice"]
)
def test_paying_again_needs_two_different_people(stuck: Till, second: dict[str, str]) -> None:
    with pytest.raises(settling.SecondPersonNeeded):
        _settle(stuck, Verdict.PAY_AGAIN, **second)
    assert stuck.state() == State.NEEDS_REVIEW


def test_where_one_person_alone_decides_about_money_one_is_enough(till: Till) -> None:
    building.add_staff(till.edges, (ADA, Role.OWNER), (TIM, Role.SUPPORT))
    _get_stuck(till, Mode.CLOSES_BEFORE)
    _settle(till, Verdict.PAY_AGAIN)
    assert till.state() == State.DUE


@pytest.mark.parametrize("who", [{"by": TIM}, {"by": "nobody@example.test"}, {"second": TIM}])
@pytest.mark.parametrize("verdict", Verdict)
def test_only_owners_and_approvers_decide(
    stuck: Till, who: dict[str, str], verdict: Verdict
) -> None:
    with pytest.raises(settling.NotAnApprover):
        _settle(stuck, verdict, **who)
    assert stuck.state() == State.NEEDS_REVIEW


def test_a_reason_is_needed(stuck: Till) -> None:
    with pytest.raises(ReasonMissing):
        _settle(stuck, Verdict.PAID, because="  ")


def test_it_is_not_paid_again_while_the_store_shows_its_row(till: Till) -> None:
    building.add_staff(till.edges, (ADA, Role.OWNER))
    _get_stuck(till, Mode.DIES_AFTER_MONEY)
    with pytest.raises(settling.RefundStillInStore):
        _settle(till, Verdict.PAY_AGAIN)
    assert (till.state(), till.moved()) == (State.NEEDS_REVIEW, ["99.00"])


def test_a_row_that_comes_between_the_word_and_the_payment_stops_it(stuck: Till) -> None:
    _settle(stuck, Verdict.PAY_AGAIN, second=GRACE)
    pay_behind(stuck)  # the first call arrives after all
    stuck.shop.work()
    assert (stuck.state(), stuck.moved(), stuck.now().attempt) == (State.PAID, ["99.00"], 1)
    assert stuck.deeds()[-2:] == ["refund_unknown", "refund_paid"]


def test_it_is_not_paid_again_before_the_first_payment_had_its_time(till: Till) -> None:
    building.add_staff(till.edges, (ADA, Role.OWNER))
    odd = {"id": 77, "amount": "99.00", "refunded_payment": False}
    with answering(till, 201, odd) as edges:
        pay_refund(edges, till.refund.id)
    till.shop.clock.move(minutes=14, seconds=59)
    with pytest.raises(settling.TooSoonToPayAgain):
        _settle(till, Verdict.PAY_AGAIN)
    till.shop.clock.move(seconds=1)
    _settle(till, Verdict.PAY_AGAIN)
    assert till.state() == State.DUE


def test_only_what_waits_for_a_person_is_settled_by_one(till: Till) -> None:
    building.add_staff(till.edges, (ADA, Role.OWNER))
    for verdict in Verdict:
        with pytest.raises(settling.RefundNotInReview):
            _settle(till, verdict)
    with pytest.raises(settling.NoSuchRefund):
        settle_refund(till.edges, 999, Verdict.PAID, token=1, by=ADA, because="a slip")
    assert till.state() == State.DUE


# ---------------------------------------------------------------- at the terminal


@pytest.fixture
def run(stuck: Till, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    @contextmanager
    def opened() -> Iterator[tuple[Edges, None]]:
        yield stuck.edges, None

    monkeypatch.setattr(command, "opened", opened)
    return CliRunner()


def test_the_list_shows_what_waits(run: CliRunner, stuck: Till) -> None:
    waiting = run.invoke(command.refunds, ["list", "--state", "needs_review"])
    assert stuck.refund.marker in waiting.output
    assert "99.00 EUR" in waiting.output
    assert run.invoke(command.refunds, ["list", "--state", "paid"]).output == "No refunds.\n"


def test_one_refund_is_shown_with_its_evidence(run: CliRunner, stuck: Till) -> None:
    shown = run.invoke(command.refunds, ["show", str(stuck.refund.id)])
    assert "refund_needs_review" in shown.output
    assert "seconds_unknown: 900" in shown.output


def test_a_verdict_is_given_in_one_line(run: CliRunner, stuck: Till) -> None:
    (listed,) = run.invoke(command.refunds, ["list", "--state", "needs_review"]).output.splitlines()
    assert f"  at {stuck.token()}" in listed
    words = ["--by", ADA, "--because", "seen at the bank", "--paid"]
    early = ["--seen", str(stuck.token() - 1)]
    done = run.invoke(command.refunds, ["settle", str(stuck.refund.id), *words, *early])
    assert (done.exit_code != 0, stuck.state()) == (True, State.NEEDS_REVIEW)
    now = ["--seen", str(stuck.token())]
    done = run.invoke(command.refunds, ["settle", str(stuck.refund.id), *words, *now])
    assert (done.exit_code, stuck.state()) == (0, State.PAID)


def test_no_verdict_changes_nothing(run: CliRunner, stuck: Till) -> None:
    words = ["--by", ADA, "--because", "seen at the bank", "--seen", str(stuck.token())]
    done = run.invoke(command.refunds, ["settle", str(stuck.refund.id), *words])
    assert (done.exit_code, stuck.state()) == (2, State.NEEDS_REVIEW)


def test_a_store_that_does_not_answer_is_told_at_the_terminal(run: CliRunner, stuck: Till) -> None:
    stuck.shop.sandbox.faults.arm(Mode.MAINTENANCE, times=None, method="GET")
    words = ["--pay-again", "--by", ADA, "--with", GRACE, "--because", "seen at the bank"]
    words += ["--seen", str(stuck.token())]
    done = run.invoke(command.refunds, ["settle", str(stuck.refund.id), *words])
    assert (done.exit_code, stuck.state()) == (1, State.NEEDS_REVIEW)
    assert "left as it is" in done.output
