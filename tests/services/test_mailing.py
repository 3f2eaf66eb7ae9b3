"""What happened is told: once it is certain, at least once, and to the right person only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from email.message import EmailMessage

import pytest

from refunddesk.db import alarms, notices, outbox, refunds, requests, stores
from refunddesk.db.history import list_deeds
from refunddesk.db.notices import Notice, NoticeState
from refunddesk.db.refunds import State
from refunddesk.db.staff import Role
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry
from refunddesk.mail.letter import Sender
from refunddesk.mail.notices import NoticeKind
from refunddesk.mail.sending import Mail, MailRefused, MailServerUnavailable
from refunddesk.services import licenses, mailing, refund_outcomes
from refunddesk.services import notices as writing
from refunddesk.services import requests as asking
from refunddesk.services.edges import Edges
from refunddesk.services.refund_news import tell_paid
from tests.asking import PORTAL, STAFF, ask, at_once, buy, key_of, report, work
from tests.building import add_order, add_staff, add_store, grant
from tests.conftest import TestClock

FREE = replace(PORTAL, sites=0)


@dataclass(slots=True)
class Post:
    """The edges with a mail server that keeps what it is given, or answers with `trouble`."""

    edges: Edges
    got: list[EmailMessage] = field(default_factory=list)
    trouble: Exception | None = None

    def send(self, message: EmailMessage) -> None:
        if self.trouble:
            raise self.trouble
        self.got.append(message)

    def deliver(self) -> None:
        """Keep the promises of mails that are due, as the worker would."""
        with self.edges.database.read() as transaction:
            due = outbox.list_due(transaction, self.edges.clock())
        for promise_id, job in due:
            if job is JobName.SEND_NOTICE:
                keeping.keep(self.edges, promise_id, registry.JOBS)

    def texts(self) -> list[str]:
        bodies = [message.get_body(("plain",)) for message in self.got]
        return [body.get_content() if body else "" for body in bodies]

    def written(self, about: str) -> list[Notice]:
        with self.edges.database.read() as transaction:
            return notices.list_notices(transaction, about)


@pytest.fixture
def post(edges: Edges) -> Post:
    post = Post(edges)
    mail = Mail(Sender("support@store.test"), post.send, "https://desk.test")
    post.edges = replace(edges, mail=mail)
    return post


def tell(post: Post) -> int:
    """A paid refund told to its customer; the notice's id."""
    order = buy(post.edges, add_store(post.edges), FREE)
    refund = grant(post.edges, order)
    with post.edges.database.write() as transaction:
        tell_paid(transaction, refund, post.edges.clock())
    (notice,) = post.written(f"refund:{refund.id}")
    return notice.id


def state(post: Post, notice_id: int) -> NoticeState:
    with post.edges.database.read() as transaction:
        notice = notices.find_notice(transaction, notice_id)
    assert notice
    return notice.state


def test_a_customer_is_written_in_the_language_of_the_country(post: Post) -> None:
    notice_id = tell(post)
    post.deliver()
    (mail,) = post.got
    assert mail["To"] == "ada@example.com"
    assert mail["From"] == "Store <support@store.test>"
    assert mail["Subject"] == "Erstattet: 236,81\u00a0€ für Bestellung 1001"
    assert state(post, notice_id) is NoticeState.SENT
    with post.edges.database.read() as transaction:
        assert list_deeds(transaction, f"notice:{notice_id}")[-1].action == "notice_sent"


def test_what_is_rolled_back_tells_nobody(post: Post) -> None:
    order = buy(post.edges, add_store(post.edges), FREE)
    refund = grant(post.edges, order)

    def fail_after_telling() -> None:
        with post.edges.database.write() as transaction:
            tell_paid(transaction, refund, post.edges.clock())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_telling()
    post.deliver()
    assert post.got == []
    assert post.written(f"refund:{refund.id}") == []


def test_a_crash_after_sending_sends_once_more_with_the_same_message_id(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(post)

    def killed(*_: object, **__: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(notices, "settle_notice", killed)
        with pytest.raises(SystemExit):
            mailing.send_notice(post.edges, 1)
    mailing.send_notice(post.edges, 1)
    mailing.send_notice(post.edges, 1)
    first, second = post.got
    assert first["Message-ID"] == second["Message-ID"]


def test_the_same_is_told_once_even_when_many_find_it_out_at_once(post: Post) -> None:
    order = buy(post.edges, add_store(post.edges), FREE)
    refund = grant(post.edges, order)

    def find_out(_: int) -> None:
        with post.edges.database.write() as transaction:
            tell_paid(transaction, refund, post.edges.clock())

    assert at_once(4, find_out) == [None] * 4
    post.deliver()
    assert len(post.got) == 1


def test_a_server_that_is_down_gets_the_mail_later(post: Post, clock: TestClock) -> None:
    notice_id = tell(post)
    post.trouble = MailServerUnavailable("450 try later")
    post.deliver()
    assert state(post, notice_id) is NoticeState.DUE
    post.trouble = None
    post.deliver()
    assert post.got == [], "not before the pause is over"
    clock.move(seconds=10)
    post.deliver()
    assert state(post, notice_id) is NoticeState.SENT


def test_an_address_refused_for_ever_raises_one_alarm_and_is_left_alone(
    post: Post, clock: TestClock
) -> None:
    notice_id = tell(post)
    post.trouble = MailRefused("550 5.1.1 <ada@example.com> unknown")
    for _ in range(3):
        post.deliver()
        clock.move(hours=2)
    assert state(post, notice_id) is NoticeState.REFUSED
    with post.edges.database.read() as transaction:
        (alarm,) = alarms.list_raised(transaction)
        told = str(list_deeds(transaction, "store:1"))
        due = [job for _, job in outbox.list_due(transaction, clock())]
    assert JobName.SEND_NOTICE not in due
    assert alarm.subject == f"notice:{notice_id}"
    # The trail is kept for ever and must not name anybody.
    assert "ada@" not in alarm.detail
    assert "ada@" not in told


def test_a_refused_mail_is_sent_again_when_a_person_has_mended_its_cause(post: Post) -> None:
    notice_id = tell(post)
    post.trouble = MailRefused("554 5.7.1 relay access denied")
    post.deliver()
    post.trouble = None
    mailing.send_again(post.edges, notice_id, by=STAFF)
    post.deliver()
    assert state(post, notice_id) is NoticeState.SENT
    with pytest.raises(mailing.NoticeNotToBeSentAgain):
        mailing.send_again(post.edges, notice_id, by=STAFF)
    with pytest.raises(mailing.NoSuchNotice):
        mailing.send_again(post.edges, notice_id + 1, by=STAFF)


def test_without_a_mail_server_what_would_have_been_sent_is_kept_as_such(
    post: Post, edges: Edges
) -> None:
    notice_id = tell(post)
    mailing.send_notice(edges, notice_id)
    assert state(post, notice_id) is NoticeState.NOT_SENT
    with pytest.raises(mailing.NoMailServer):
        mailing.send_again(edges, notice_id, by=STAFF)


def test_a_guest_without_an_address_is_told_nothing(post: Post) -> None:
    order = add_order(post.edges, add_store(post.edges))
    refund = grant(post.edges, order)
    with post.edges.database.write() as transaction:
        tell_paid(transaction, refund, post.edges.clock())
    assert post.written(f"refund:{refund.id}") == []


def test_a_customer_s_strange_address_is_no_way_to_write_to_others(post: Post) -> None:
    order = buy(post.edges, add_store(post.edges), FREE, email="ada@example.com,eve@evil.test")
    refund = grant(post.edges, order)
    with post.edges.database.write() as transaction:
        tell_paid(transaction, refund, post.edges.clock())
    post.deliver()
    assert post.got == []
    assert [one.state for one in post.written(f"refund:{refund.id}")] == [NoticeState.REFUSED]


@pytest.mark.parametrize(
    ("ordered_in", "country", "language"),
    [
        pytest.param("de", "FR", "de", id="a German in France"),
        pytest.param("it", "IT", "en", id="ordered in a language we have not"),
        pytest.param(None, "AT", "de", id="from Austria"),
        pytest.param(None, "CH", None, id="from a country of several languages"),
        pytest.param(None, "", None, id="from nowhere known"),
    ],
)
def test_the_order_says_the_language_and_else_the_country(
    ordered_in: str | None, country: str, language: str | None
) -> None:
    assert writing.language_spoken(ordered_in, country) == language


# ---------------------------------------------------------------- what is told of a request


def kinds(post: Post, about: str) -> list[str]:
    return [one.kind for one in post.written(about)]


def test_a_customer_is_told_which_sites_hold_the_money_up_and_refunded_only_once_it_is(
    post: Post,
) -> None:
    edges = post.edges
    order = buy(edges, add_store(edges))
    site = licenses.activate(edges, key_of(edges, order), "https://ada.example/shop")
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    (waits,) = post.written(f"request:{request_id}")
    assert waits.kind == NoticeKind.REFUND_WAITS
    assert any("ada.example" in sentence for sentence in waits.facts["awaits"])
    post.deliver()
    assert any("ada.example" in text and "199,00" in text for text in post.texts())

    licenses.deactivate(edges, site.token)
    work(edges)
    assert kinds(post, f"request:{request_id}") == ["refund_waits"], "less is asked: no news"
    asking.confirm_destruction(edges, request_id, by=STAFF)
    work(edges)
    with edges.database.read() as transaction:
        (refund,) = refunds.list_for_request(transaction, request_id)
    assert refund.state is State.DUE
    assert kinds(post, f"refund:{refund.id}") == []

    with edges.database.write() as transaction:
        sending = refunds.move(transaction, refund, State.SENDING, now=edges.clock())
        assert sending
        refund_outcomes.record_paid(
            transaction,
            sending,
            now=edges.clock(),
            actor="money",
            evidence={},
            woo_refund_id=88,
        )
    post.deliver()
    assert "Erstattet: 199,00\u00a0€ für Bestellung 1001" in [one["Subject"] for one in post.got]


def test_a_refusal_names_its_clause_in_the_customer_s_language(post: Post) -> None:
    order = buy(post.edges, add_store(post.edges), FREE)
    report(post.edges, order, reason="change_of_mind", finding=None, gives_up=False)
    request_id = ask(post.edges, order)
    work(post.edges)
    (refused,) = post.written(f"request:{request_id}")
    assert refused.kind == NoticeKind.REFUND_REFUSED
    assert refused.facts["clause"] == "R-1E"
    post.deliver()
    text = post.texts()[-1]
    assert f"> {refused.facts['clause_text']}" in text
    assert "Klausel R-1E" in text


def test_what_waits_for_a_person_is_told_to_those_who_decide(post: Post) -> None:
    add_staff(
        post.edges,
        ("olga@desk.test", Role.OWNER),
        ("anna@desk.test", Role.APPROVER),
        ("sam@desk.test", Role.SUPPORT),
        ("rita@desk.test", Role.AUDITOR),
    )
    order = buy(post.edges, add_store(post.edges), FREE, kind="upgrade")
    report(post.edges, order)
    request_id = ask(post.edges, order)
    work(post.edges)
    with post.edges.database.read() as transaction:
        assert requests.get_request(transaction, request_id).state == "in_review"
    waits = post.written(f"request:{request_id}")
    assert sorted(one.recipient for one in waits) == ["anna@desk.test", "olga@desk.test"]
    post.deliver()
    assert any(f"https://desk.test/desk/requests/{request_id}" in one for one in post.texts())


def test_a_verdict_on_a_plugin_is_told_to_the_owners_once(post: Post) -> None:
    add_staff(post.edges, ("olga@desk.test", Role.OWNER), ("anna@desk.test", Role.APPROVER))
    facts = {
        "plugin": "crm-portal",
        "plugin_version": "2.1",
        "release": "WordPress 6.9",
        "verdict": "BROKEN",
        "reason": "A removed function is called.",
        "findings": 2,
        "path": "/desk/",
    }
    for _ in range(2):
        with post.edges.database.write() as transaction:
            writing.tell_verdict(transaction, check="check:12", facts=facts, now=post.edges.clock())
    post.deliver()
    (mail,) = post.got
    assert mail["To"] == "olga@desk.test"
    assert mail["Subject"] == "crm-portal 2.1 on WordPress 6.9: BROKEN"


def test_a_store_says_in_which_language_strangers_are_written(post: Post) -> None:
    store_id = add_store(post.edges)
    with post.edges.database.read() as transaction:
        assert stores.get_store(transaction, store_id).language == "en"
