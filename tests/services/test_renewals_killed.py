"""Killed before and after every commit, the desk tells each thing once and ends things once."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

from refunddesk.db import duplicates, outbox, refunds
from refunddesk.db.duplicates import DuplicateState
from refunddesk.jobnames import JobName
from refunddesk.services import calling_off, store_rules
from refunddesk.services import duplicates as pairing
from refunddesk.services import renewals as announcing
from refunddesk.services.calling_off import SubscriptionEnded
from tests.selling import Shop
from tests.services.dying import die_at_every_commit
from tests.services.posting import Mailbox
from tests.services.test_duplicates import limit, paid_twice, pairs
from tests.services.test_renewals import Plan


def told(box: Mailbox) -> Counter[str]:
    """How many mails of each beginning: one that was sent twice under one Message-ID is one mail,
    as mail programs show it.
    """
    distinct = {str(one["Message-ID"]): str(one["Subject"]) for one in box.got}
    return Counter(subject.split()[0] for subject in distinct.values())


def remind(life: Shop) -> None:
    announcing.promise_reminders(life.edges)
    life.work()


def test_a_renewal_is_told_once_and_ended_once_though_the_desk_dies_at_every_commit(
    shop: Shop,
) -> None:
    plan = Plan(shop, "SUB-Y")
    shop = plan.shop
    shop.clock.at = plan.due_at() - timedelta(days=13)
    assert die_at_every_commit(shop, remind) > 3
    assert told(plan.box) == {"Your": 1}

    shop.clock.at = plan.due_at()
    order = shop.sandbox.add_renewal(plan.woo_id)
    with shop.edges.database.write() as transaction:
        subject = f"{shop.store_id}:{order['id']}"
        outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=shop.clock())
    assert die_at_every_commit(shop, lambda life: life.work()) > 3
    assert told(plan.box) == {"Your": 1, "Receipt:": 1}
    renewed = shop.find(int(order["id"]))
    assert renewed
    assert [kind for kind, _ in plan.told(renewed)] == ["renewal_reminder", "renewal_receipt"]

    def cancel(life: Shop) -> None:
        with suppress(SubscriptionEnded):
            calling_off.ask_to_end(life.edges, renewed.id, by=f"order:{renewed.id}")
        life.work()

    assert die_at_every_commit(shop, cancel) > 3
    assert told(plan.box) == {"Your": 2, "Receipt:": 1}
    body = shop.sandbox.documents.find("subscription", plan.woo_id)
    assert body
    assert body["status"] == "pending-cancel"
    assert len(plan.days()) == 1
    shop.clock.move(days=1)
    assert shop.work() == [], "nothing is left undone"


def test_a_double_payment_is_granted_once_though_the_desk_dies_at_every_commit(shop: Shop) -> None:
    bought = paid_twice(shop, "LIC-1")
    assert store_rules.DEFAULT_RULE.return_up_to is None
    limit(shop.edges, "1000.00", shop.store_id)

    def find(life: Shop) -> None:
        if not pairs(life.edges):
            pairing.look(life.edges, bought[1].id)

    assert die_at_every_commit(shop, find) <= 1, "pair and refund are one transaction"
    with shop.edges.database.read() as transaction:
        (pair,) = duplicates.list_in_state(transaction, DuplicateState, newest=False)
        made = [one for order in bought for one in refunds.list_for_order(transaction, order.id)]
    assert (pair.state, len(made)) == (DuplicateState.RETURNING, 1)
