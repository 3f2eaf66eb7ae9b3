"""Answers by mail: each lands once on the right case, counts only when it is proven, and no mail
makes the case dirty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refunddesk import clock as wall
from refunddesk.casework import TurnKind
from refunddesk.db import alarms, arrivals, mailbox_marks, notices, outbox, requests, turns
from refunddesk.db.arrivals import Arrival, ArrivalState
from refunddesk.db.cases import Case
from refunddesk.db.notices import Notice
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.db.turns import RecordedTurn
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry
from refunddesk.mail.letter import Sender
from refunddesk.mail.mailbox import MailboxUnavailable, MailIn, open_mailbox
from refunddesk.mail.reading import LONGEST_MAIL
from refunddesk.mail.sending import Mail
from refunddesk.sandbox.certificates import Certificates, ensure_certificates
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import arrival_work, case_turns, cases, landing, reply_addresses
from refunddesk.services import arrivals as coming
from refunddesk.services.arrivals import KEPT_FOR
from refunddesk.services.case_turns import Saying
from refunddesk.services.edges import Edges
from refunddesk.services.requests import RequestAlreadyOpen
from tests.asking import STAFF, buy, judge, report
from tests.building import add_staff, add_store
from tests.conftest import TestClock
from tests.mail.postoffice import Postoffice, open_postoffice
from tests.mail.test_reading import joined, part
from tests.mail.test_reading import report as bounce_body
from tests.replying import RECEIVER, REPLY_TO, incoming
from tests.web.test_attachments import picture


@dataclass(slots=True)
class Desk:
    """A desk with one case that waits for its customer, and a mailbox for answers."""

    edges: Edges
    clock: TestClock
    order: Order
    case: Case
    sent: list[EmailMessage] = field(default_factory=list)

    def take(self, raw: bytes) -> Arrival:
        """The mail handed in and read, as the job would; what became of it."""
        arrival_id, _ = coming.keep_mail(self.edges, raw)
        landing.read_arrival(self.edges, arrival_id)
        return self.arrival(arrival_id)

    def arrival(self, arrival_id: int) -> Arrival:
        with self.edges.database.read() as transaction:
            found = arrivals.find_arrival(transaction, arrival_id)
        assert found
        return found

    def all(self) -> list[Arrival]:
        with self.edges.database.read() as transaction:
            return arrivals.list_last(transaction)

    def turns(self) -> list[RecordedTurn]:
        with self.edges.database.read() as transaction:
            return turns.list_turns(transaction, self.case.id)

    def replies(self) -> list[str]:
        return [one.words for one in self.turns() if one.kind is TurnKind.REPLY]

    def awaits_customer(self) -> bool:
        return cases.show_case(self.edges, self.case.id).case.facts.awaited_since is not None

    def notices(self, about: str) -> list[Notice]:
        with self.edges.database.read() as transaction:
            return notices.list_notices(transaction, about)

    def told_staff(self) -> list[str]:
        of_staff = [one for one in self.notices(f"case:{self.case.id}") if "what" in one.facts]
        return [one.facts["what"] for one in of_staff]

    def address(self, notice: Notice | None = None) -> str:
        """Where an answer to a notice goes: by default to the one that a question was asked in."""
        asked = [one for one in self.notices(f"case:{self.case.id}") if one.kind == "question"]
        with self.edges.database.read() as transaction:
            return reply_addresses.reply_address_of(self.edges, transaction, notice or asked[0])

    def work(self, *jobs: JobName) -> None:
        with self.edges.database.read() as transaction:
            due = outbox.list_due(transaction, self.edges.clock())
        for promise_id, job in due:
            if job in jobs:
                keeping.keep(self.edges, promise_id, registry.JOBS)


@pytest.fixture
def desk(edges: Edges, clock: TestClock) -> Desk:
    sent: list[EmailMessage] = []
    mail = Mail(Sender("support@desk.test"), sent.append, "https://desk.test")
    ready = replace(edges, mail=mail, mail_in=MailIn(REPLY_TO, RECEIVER))
    add_staff(ready, ("sue@desk.test", Role.SUPPORT))
    order = buy(ready, add_store(ready))
    case = report(ready, order, finding=None, gives_up=False)
    clock.move(hours=1)
    case_turns.say(ready, case.id, Saying(TurnKind.QUESTION, "Does it happen again?"), by=STAFF)
    clock.move(hours=2)
    return Desk(ready, clock, order, case, sent)


def before(desk: Desk, **by: float) -> datetime:
    return desk.clock() - timedelta(**by)


def test_an_answer_lands_on_its_case_at_the_time_our_mail_server_took_it(desk: Desk) -> None:
    taken = before(desk, minutes=30)
    arrival = desk.take(incoming(desk.address(), "Yes, again.", taken=taken))
    assert (arrival.state, arrival.from_account) == (ArrivalState.LANDED, True)
    last = desk.turns()[-1]
    assert (last.kind, last.words, last.written_by) == (TurnKind.REPLY, "Yes, again.", "customer")
    assert (last.said_at, arrival.turn_id) == (taken, last.id)
    assert not desk.awaits_customer()
    assert "customer_replied" in desk.told_staff()


def test_our_mails_name_the_address_that_leads_an_answer_back(desk: Desk) -> None:
    desk.work(JobName.SEND_NOTICE)
    question = next(one for one in desk.sent if "Does it happen again?" in str(one.get_body()))
    address = str(question["Reply-To"])
    assert address == desk.address()
    assert desk.take(incoming(address.upper())).state is ArrivalState.LANDED
    of_staff = [one for one in desk.sent if one["To"] != "ada@example.com"]
    assert of_staff
    assert all(one["Reply-To"] is None for one in of_staff)


def test_without_a_mailbox_for_answers_our_mails_name_none(desk: Desk) -> None:
    desk.edges = replace(desk.edges, mail_in=MailIn())
    desk.work(JobName.SEND_NOTICE)
    assert desk.sent
    assert all(one["Reply-To"] is None for one in desk.sent)


UNPROVEN: dict[str, dict[str, Any]] = {
    "nothing found": {"found": None},
    "dmarc failed": {"found": "dmarc=fail header.from={domain}"},
    "found below the sender's line": {
        "found": None,
        "headers": [f"Authentication-Results: {RECEIVER}; dmarc=pass header.from=example.com"],
    },
    "never taken by our server": {"taken": None},
}


@pytest.mark.parametrize("how", list(UNPROVEN))
def test_a_forged_sender_is_shown_to_staff_and_counts_as_nobody(desk: Desk, how: str) -> None:
    arrival = desk.take(incoming(desk.address(), "Give up.", **UNPROVEN[how]))
    assert (arrival.state, arrival.because) == (ArrivalState.WAITING, "sender_not_proven")
    assert not arrival.from_account
    assert arrival.case_id == desk.case.id
    assert desk.replies() == []
    assert desk.awaits_customer(), "it does not end the waiting"
    assert desk.told_staff().count("mail_waits") == 1


def test_a_stranger_with_the_address_is_shown_as_another_sender(desk: Desk) -> None:
    arrival = desk.take(incoming(desk.address(), sender="eve@evil.test"))
    assert (arrival.state, arrival.because) == (ArrivalState.WAITING, "other_sender")
    assert desk.replies() == []
    plus = desk.take(incoming(desk.address(), sender="ada+shop@example.com"))
    assert plus.because == "other_sender", "not everywhere is that the same person"


def test_a_second_address_of_the_same_account_is_the_account_s(edges: Edges, desk: Desk) -> None:
    first = buy(desk.edges, desk.order.store_id, woo_order_id=2, email="bob@example.com", account=9)
    buy(desk.edges, desk.order.store_id, woo_order_id=3, email="bob@work.test", account=9)
    with edges.database.read() as transaction:
        assert first.customer_id
        for sender, is_own in (("bob@work.test", True), ("ada@example.com", False), (None, False)):
            assert (
                reply_addresses.is_account_address(transaction, first.customer_id, sender) == is_own
            )


def test_another_case_s_address_and_an_invented_one_lead_nowhere(desk: Desk) -> None:
    other = buy(desk.edges, desk.order.store_id, woo_order_id=2, email="bob@example.com")
    foreign = report(desk.edges, other, finding=None, gives_up=False)
    stolen = desk.address().replace(f"+c{desk.case.id}.", f"+c{foreign.id}.")
    invented = desk.address().partition("@")[0][:-10] + "aaaaaaaaaa@desk.test"
    for address in (stolen, invented, f"reply+c999999.{'a' * 16}@desk.test"):
        arrival = desk.take(incoming(address))
        assert (arrival.state, arrival.because) == (ArrivalState.WAITING, "address_not_ours")
        assert (arrival.case_id, arrival.order_id) == (None, None)
    assert desk.replies() == []


def test_an_address_made_with_the_key_before_still_leads_and_one_of_a_lost_key_does_not(
    desk: Desk,
) -> None:
    address, old = desk.address(), desk.edges.sealer
    desk.edges = replace(desk.edges, sealer=Sealer([new_key(), *old._keys]))
    assert desk.address() != address
    assert desk.take(incoming(address)).state is ArrivalState.LANDED
    desk.edges = replace(desk.edges, sealer=Sealer([new_key()]))
    assert desk.take(incoming(address)).because == "address_not_ours"


def answering(notice: Notice) -> list[str]:
    return [f"In-Reply-To: <{notice.key}@desk.test>"]


def test_what_a_proven_sender_answers_leads_too_but_nobody_else_s(desk: Desk) -> None:
    (question,) = [one for one in desk.notices(f"case:{desk.case.id}") if one.kind == "question"]
    by_ada = desk.take(incoming("support@desk.test", headers=answering(question)))
    assert by_ada.state is ArrivalState.LANDED
    for forged in ({"found": None}, {"sender": "eve@evil.test"}):
        raw = incoming("support@desk.test", headers=answering(question), **forged)
        assert desk.take(raw).because == "address_not_known"
    wrong = [f"In-Reply-To: <notice.{question.id}.1@desk.test>", "References: <notice.x.y@z>"]
    raw = incoming("support@desk.test", headers=wrong)
    assert desk.take(raw).because == "address_not_known"


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "Return-Path: <>"],
)
def test_an_answer_of_a_machine_leaves_the_case_clean(desk: Desk, header: str) -> None:
    told = desk.told_staff()
    arrival = desk.take(incoming(desk.address(), headers=[header]))
    assert (arrival.state, arrival.because) == (ArrivalState.IGNORED, "automatic")
    assert desk.replies() == []
    assert desk.told_staff() == told
    assert desk.awaits_customer()


def test_our_own_mail_that_comes_back_is_no_answer(desk: Desk) -> None:
    for sender in ("support@desk.test", desk.address()):
        assert desk.take(incoming(desk.address(), sender=sender)).because == "own"
    desk.work(JobName.SEND_NOTICE)
    assert desk.take(desk.sent[0].as_bytes()).state is ArrivalState.IGNORED


def test_two_machines_that_answer_each_other_fill_no_case(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "MOST_IN_AN_HOUR", 3)
    for number in range(landing.MOST_IN_AN_HOUR + 3):
        desk.take(incoming(desk.address(), f"I am away {number}."))
    assert len(desk.replies()) == landing.MOST_IN_AN_HOUR
    assert [one.because for one in desk.all()[:3]] == ["too_many"] * 3
    told = desk.told_staff()
    assert "mail_waits" not in told
    desk.clock.move(minutes=61)
    desk.take(incoming(desk.address(), "I am back."))
    assert desk.replies()[-1] == "I am back."


def test_the_same_mail_lands_once_whatever_way_it_comes_twice(desk: Desk) -> None:
    raw = incoming(desk.address(), message_id="<one@example.com>")
    first = desk.take(raw)
    assert coming.keep_mail(desk.edges, raw) == (first.id, False)
    again = desk.take(raw.replace(b"ESMTPS id 1", b"ESMTPS id 2"))
    assert (again.state, again.because) == (ArrivalState.IGNORED, "came_before")
    landing.read_arrival(desk.edges, first.id)
    assert len(desk.replies()) == 1


def test_a_forged_copy_that_comes_first_does_not_hide_the_real_mail(desk: Desk) -> None:
    named = {"message_id": "<one@example.com>"}
    forged = desk.take(incoming(desk.address(), "Give up.", found=None, **named))
    assert forged.state is ArrivalState.WAITING
    assert desk.take(incoming(desk.address(), "Go on.", **named)).state is ArrivalState.LANDED
    assert desk.replies() == ["Go on."]
    late = desk.take(incoming(desk.address(), "Stop.", found=None, **named))
    assert late.because == "came_before"


def test_a_worker_killed_before_its_commit_lands_the_mail_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival_id, _ = coming.keep_mail(desk.edges, incoming(desk.address()))

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(arrivals, "change_arrival", killed)
        with pytest.raises(SystemExit):
            landing.read_arrival(desk.edges, arrival_id)
    assert desk.replies() == []
    landing.read_arrival(desk.edges, arrival_id)
    assert len(desk.replies()) == 1


def test_a_time_ahead_or_before_the_case_is_set_right(desk: Desk) -> None:
    ahead = desk.take(incoming(desk.address(), taken=desk.clock() + timedelta(days=2)))
    assert ahead.received_at == desk.clock()
    early = desk.take(incoming(desk.address(), taken=before(desk, days=300)))
    assert early.state is ArrivalState.LANDED
    assert min(one.said_at for one in desk.turns()) == desk.case.facts.opened_at


def test_pictures_come_along_and_a_refused_file_does_not_cost_the_words(desk: Desk) -> None:
    body = joined(
        part("text/plain", b"See the picture."),
        part("image/png", picture(), 'Content-Disposition: attachment; filename="shot.png"'),
        part("application/zip", b"PK\x03\x04", 'Content-Disposition: attachment; filename="a.zip"'),
    )
    arrival = desk.take(incoming(desk.address(), body=body))
    assert desk.replies() == ["See the picture."]
    held = cases.show_case(desk.edges, desk.case.id).attachments
    assert [one.name for one in held] == ["shot.png"]
    ((name, why),) = arrival.files
    assert name == "a.zip"
    assert "Archives are not taken" in why


def test_a_picture_that_was_missing_completes_the_report_from_when_its_mail_came(
    desk: Desk,
) -> None:
    order = buy(desk.edges, desk.order.store_id, woo_order_id=5)
    case = report(desk.edges, order, finding=None, gives_up=False, no_screenshots=False)
    assert case.facts.missing == ("screenshots",)
    opened = next(one for one in desk.notices(f"case:{case.id}") if one.kind == "case_opened")
    desk.clock.move(hours=5)
    shot = part("image/png", picture(), 'Content-Disposition: attachment; filename="s.png"')
    body = joined(part("text/plain", b"Here."), shot)
    taken = before(desk, hours=4)
    desk.take(incoming(desk.address(opened), body=body, taken=taken))
    assert cases.show_case(desk.edges, case.id).case.facts.complete_at == taken


def test_an_answer_to_an_ended_case_is_taken_down_and_shown_to_a_person(desk: Desk) -> None:
    address = desk.address()
    case_turns.end(desk.edges, desk.case.id, TurnKind.RESOLVED, "Mended.", by=STAFF)
    desk.clock.move(hours=1)
    arrival = desk.take(incoming(address, "It is not.", taken=desk.clock()))
    assert (arrival.state, arrival.because) == (ArrivalState.WAITING, "case_ended")
    assert desk.replies() == ["It is not."]
    with pytest.raises(arrival_work.MailSettled):
        arrival_work.take_as_reply(desk.edges, arrival.id, by=STAFF)
    arrival_work.set_aside(desk.edges, arrival.id, by=STAFF)
    assert desk.arrival(arrival.id).state is ArrivalState.HANDLED
    with pytest.raises(arrival_work.MailSettled):
        arrival_work.set_aside(desk.edges, arrival.id, by=STAFF)


def test_a_person_vouches_for_a_sender_and_the_mail_counts_from_when_it_came(desk: Desk) -> None:
    taken = before(desk, minutes=20)
    waiting = desk.take(incoming(desk.address(), "From my phone.", found=None, taken=taken))
    arrival = arrival_work.take_as_reply(desk.edges, waiting.id, by=STAFF)
    assert desk.replies() == ["From my phone."]
    assert desk.turns()[-1].said_at == taken
    assert (arrival.state, arrival.settled_by) == (ArrivalState.HANDLED, STAFF)
    assert not arrival.from_account, "that is only what our mail server proves"
    with pytest.raises(arrival_work.MailSettled):
        arrival_work.take_as_reply(desk.edges, waiting.id, by=STAFF)
    assert desk.replies() == ["From my phone."]


@pytest.mark.parametrize("found", ["dmarc=pass", None])
def test_a_mail_that_asks_for_the_money_is_a_written_request_of_its_time(
    desk: Desk, found: str | None
) -> None:
    taken = before(desk, minutes=20)
    arrival = desk.take(incoming(desk.address(), "My money back.", found=found, taken=taken))
    request_id = arrival_work.ask_money_back(desk.edges, arrival.id, by=STAFF)
    with desk.edges.database.read() as transaction:
        request = requests.get_request(transaction, request_id)
    assert (request.channel, request.asked_at, request.case_id) == ("email", taken, desk.case.id)
    assert request.from_account_address == (found is not None)
    with pytest.raises(arrival_work.MailAskedAlready):
        arrival_work.ask_money_back(desk.edges, arrival.id, by=STAFF)
    other = desk.take(incoming(desk.address(), "Again: my money."))
    with pytest.raises(RequestAlreadyOpen):
        arrival_work.ask_money_back(desk.edges, other.id, by=STAFF)


@pytest.mark.parametrize(("on_day", "outcome"), [(9, "granted"), (10, "refused")])
def test_a_renewal_is_given_back_for_a_mail_of_its_fifth_business_day_and_not_the_sixth(
    desk: Desk, on_day: int, outcome: str
) -> None:
    # Paid on Monday the 2nd; the fifth business day ends on Monday the 9th in Berlin. The mail
    # is read and pressed on days later, and its own time counts (R-3C.2).
    order = buy(
        desk.edges,
        desk.order.store_id,
        woo_order_id=7,
        kind="renewal",
        billing="monthly",
        period_start_at=desk.clock(),
        period_end_at=desk.clock() + timedelta(days=31),
    )
    with desk.edges.database.read() as transaction:
        thread = reply_addresses.thread_of_order(transaction, order.id)
    assert thread
    address = order_address(desk, order)
    hour = {"hour": 22, "minute": 59} if on_day == 9 else {"hour": 0, "minute": 0}
    taken = desk.clock().replace(day=on_day, **hour)
    desk.clock.move(days=12)
    arrival = desk.take(incoming(address, "Cancel it, please.", taken=taken))
    assert (arrival.because, arrival.order_id) == ("no_case", order.id)
    request_id = arrival_work.ask_money_back(desk.edges, arrival.id, by=STAFF)
    judge(desk.edges, request_id)
    with desk.edges.database.read() as transaction:
        state = requests.get_request(transaction, request_id).state
    # Granted by the clause, it waits for the licence to be off.
    assert state == ("awaiting" if outcome == "granted" else "refused")


def order_address(desk: Desk, order: Order) -> str:
    """The address that a receipt about the order bears."""
    receipt = replace(
        desk.notices(f"case:{desk.case.id}")[0],
        kind="renewal_receipt",
        about=f"order:{order.id}",
    )
    return desk.address(receipt)


def test_a_stranger_s_mail_waits_is_led_by_a_person_and_counts_if_it_is_the_customer_s(
    desk: Desk,
) -> None:
    arrival = desk.take(incoming("support@desk.test", "Hello, order 1001."))
    assert (arrival.state, arrival.because) == (ArrivalState.WAITING, "address_not_known")
    for act in (arrival_work.take_as_reply, arrival_work.ask_money_back):
        with pytest.raises(arrival_work.MailNotLed):
            act(desk.edges, arrival.id, by=STAFF)
    with pytest.raises(cases.NoSuchCase):
        arrival_work.lead_to(desk.edges, arrival.id, case_id=999, order_id=None, by=STAFF)
    arrival_work.lead_to(desk.edges, arrival.id, case_id=desk.case.id, order_id=None, by=STAFF)
    led = desk.arrival(arrival.id)
    assert (led.from_account, led.because) == (True, "led_by_staff")
    arrival_work.take_as_reply(desk.edges, arrival.id, by=STAFF)
    assert desk.replies() == ["Hello, order 1001."]


def test_a_mail_that_cannot_be_read_waits_with_its_bytes(desk: Desk) -> None:
    raw = b"X: y\r\n" * 5_000 + b"\r\nhi"
    arrival = desk.take(raw)
    assert (arrival.state, arrival.because) == (ArrivalState.WAITING, "unreadable")
    assert arrival_work.open_raw(desk.edges, arrival.id) == raw


def test_a_report_of_a_mail_server_marks_the_notice_and_calls_a_person_once(desk: Desk) -> None:
    desk.work(JobName.SEND_NOTICE)
    question = next(one for one in desk.notices(f"case:{desk.case.id}") if one.kind == "question")
    for action, status, standing in (
        ("delayed", "4.4.1", "sent"),
        ("failed", "5.1.1", "undelivered"),
        ("failed", "5.1.2", "undelivered"),
    ):
        body = bounce_body(action, status).replace(b"notice.7.1", question.key.encode())
        arrival = desk.take(incoming("support@desk.test", sender="mailer@mx.test", body=body))
        assert (arrival.because, arrival.notice_id) == ("bounce", question.id)
        with desk.edges.database.read() as transaction:
            found = notices.find_notice(transaction, question.id)
            raised = alarms.list_raised(transaction)
        assert found
        assert found.standing == standing
    assert len(raised) == 1
    assert found.because == "5.1.1"
    assert desk.replies() == []


def test_after_all_that_strangers_and_machines_send_the_case_is_clean_and_its_customer_heard(
    desk: Desk,
) -> None:
    before_all, told = desk.turns(), desk.told_staff()
    address = desk.address()
    odd = part("text/plain; charset=x-none", b"\x00\xed\xa0\x80\xff")
    for raw in (
        incoming(address, "I give up.", sender="eve@evil.test"),
        incoming(address, "I give up.", found="dmarc=fail header.from=example.com"),
        incoming(address, "Away.", headers=["Auto-Submitted: auto-replied"]),
        incoming(address, "Sale!", headers=["List-Id: <news.example.com>"], sender="n@shop.test"),
        incoming(address, sender="mailer@mx.test", body=bounce_body("failed", "5.1.1")),
        incoming("support@desk.test", body=odd, sender="eve@evil.test"),
        incoming(address.replace("+c", "+c1")),
        b"X: y\r\n" * 5_000 + b"\r\nhi",
    ):
        desk.take(raw)
    with pytest.raises(coming.MailTooLarge):
        coming.keep_mail(desk.edges, b"x" * (LONGEST_MAIL + 1))
    assert desk.turns() == before_all
    assert desk.awaits_customer()
    assert desk.told_staff() == [*told, "mail_waits", "mail_waits"]
    desk.take(incoming(address, "It happens on every form."))
    assert desk.replies() == ["It happens on every form."]


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(min_size=1, max_size=300), st.booleans())
def test_no_bytes_break_the_job_and_none_are_lost(
    desk: Desk, noise: bytes, is_addressed: bool
) -> None:
    raw = incoming(desk.address(), body=noise) if is_addressed else b"." + noise
    arrival = desk.take(raw)
    assert arrival.state is not ArrivalState.KEPT
    assert arrival_work.open_raw(desk.edges, arrival.id) == raw


@pytest.mark.parametrize(("age", "is_there"), [(-1, True), (1, False)])
def test_what_a_mail_said_is_removed_30_days_after_it_was_settled(
    desk: Desk, age: int, is_there: bool
) -> None:
    landed = desk.take(incoming(desk.address()))
    stranger = desk.take(incoming("support@desk.test"))
    waits, late = (desk.take(incoming(desk.address(), found=None)) for _ in range(2))
    desk.clock.at += KEPT_FOR + timedelta(seconds=age)
    arrival_work.set_aside(desk.edges, late.id, by=STAFF)
    coming.drop_old(desk.edges)
    assert desk.arrival(late.id).words, "its 30 days have begun only now"
    for arrival in (landed, stranger):
        kept = desk.arrival(arrival.id)
        assert bool(kept.words) == bool(kept.sender) == is_there
        with desk.edges.database.read() as transaction:
            assert (arrivals.find_raw(transaction, arrival.id) is not None) == is_there
    assert desk.arrival(waits.id).words, "what waits at a case is a customer's word"
    if not is_there:
        with pytest.raises(arrival_work.MailGone):
            arrival_work.open_raw(desk.edges, landed.id)
        assert desk.arrival(stranger.id).state is ArrivalState.HANDLED
        again = coming.keep_mail(desk.edges, b"another")
        assert again[1]


def test_a_mail_of_fifty_megabytes_or_of_nothing_is_refused_with_one_line(edges: Edges) -> None:
    with pytest.raises(coming.MailTooLarge, match=r"20 MB at most\..* 50 MB"):
        coming.keep_mail(edges, b"x" * (50 * 1024**2))
    with pytest.raises(coming.MailEmpty):
        coming.keep_mail(edges, b" \r\n")


# The mailbox


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("ca"), wall.now())


@pytest.fixture
def office(certificates: Certificates, desk: Desk) -> Iterator[Postoffice]:
    files = certificates
    with open_postoffice(files.certificate_file, files.key_file, files.ca_file) as opened:
        mailbox = open_mailbox(opened.access(), 5)
        desk.edges = replace(desk.edges, mail_in=MailIn(REPLY_TO, RECEIVER, mailbox))
        opened.arrived_at = desk.clock()
        yield opened


def fetch(desk: Desk) -> None:
    """A round of the dispatcher, and the jobs it promised."""
    coming.promise_reading(desk.edges)
    desk.work(JobName.READ_MAILBOX)
    desk.work(JobName.READ_ARRIVAL)


def test_the_mailbox_is_read_from_now_on_and_each_mail_once(desk: Desk, office: Postoffice) -> None:
    office.put(incoming(desk.address(), "From before."))
    fetch(desk)
    assert desk.all() == []
    office.put(incoming(desk.address(), "One.", taken=None))
    fetch(desk)
    fetch(desk)
    office.put(incoming(desk.address(), "Two."), incoming(desk.address(), "Three."))
    fetch(desk)
    assert desk.replies() == ["Two.", "Three."]
    assert [one.because for one in desk.all()] == [None, None, "sender_not_proven"]
    assert desk.all()[2].received_at == office.arrived_at, "by the mailbox's own server"


def test_a_mailbox_that_numbers_its_mails_anew_brings_none_twice(
    desk: Desk, office: Postoffice
) -> None:
    office.arrived_at = before(desk, days=3)
    office.put(b"one", b"two", incoming(desk.address(), "Of last week."))
    office.arrived_at = desk.clock()
    fetch(desk)
    office.put(incoming(desk.address(), "One."))
    fetch(desk)
    del office.mails[1], office.mails[2]
    office.renumber()
    office.put(incoming(desk.address(), "Two."))
    fetch(desk)
    assert desk.replies() == ["One.", "Two."], "nor what came before the first reading"


def test_a_kill_between_fetching_and_the_mark_brings_the_mail_once(
    desk: Desk, office: Postoffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(desk)
    office.put(incoming(desk.address(), "One."), incoming(desk.address(), "Two."))

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(mailbox_marks, "set_mark", killed)
        with pytest.raises(SystemExit):
            coming.read_mailbox(desk.edges)
    assert desk.all() == [], "kept and marked in one transaction"
    fetch(desk)
    assert desk.replies() == ["One.", "Two."]


def test_a_mail_too_large_is_never_fetched_and_named_to_a_person(
    desk: Desk, office: Postoffice
) -> None:
    fetch(desk)
    office.put(incoming(desk.address()))
    office.lies_of_size = LONGEST_MAIL + 1
    fetch(desk)
    (arrival,) = desk.all()
    assert (arrival.state, arrival.because) == (ArrivalState.WAITING, "too_large")
    assert office.counted("BODY.PEEK") == 0
    office.lies_of_size = None
    office.put(incoming(desk.address(), "A small one."))
    fetch(desk)
    assert desk.replies() == ["A small one."]


def test_more_than_one_run_can_hold_is_read_in_several(
    desk: Desk, office: Postoffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coming, "_MOST_AT_ONCE", 2)
    fetch(desk)
    office.put(*(incoming("support@desk.test", str(number)) for number in range(3)))
    fetch(desk)
    assert len(desk.all()) == 2
    desk.work(JobName.READ_MAILBOX)
    assert len(desk.all()) == 3


def test_a_mailbox_that_is_away_changes_nothing_and_is_read_later(
    desk: Desk, office: Postoffice
) -> None:
    fetch(desk)
    office.put(incoming(desk.address(), "One."))
    office.cuts_at = "UID FETCH"
    with pytest.raises(MailboxUnavailable):
        coming.read_mailbox(desk.edges)
    assert desk.all() == []
    office.cuts_at = ""
    fetch(desk)
    assert desk.replies() == ["One."]
