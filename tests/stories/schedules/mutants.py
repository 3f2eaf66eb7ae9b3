"""The safety rules of paying, each taken out: the schedules must notice every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from sqlalchemy import bindparam, update

from refunddesk.db import outbox, refunds, tables
from refunddesk.db.refunds import State
from refunddesk.jobnames import JobName
from refunddesk.sandbox.bridge import PAID, Bridge
from refunddesk.services import payments, preflight, read_back, settling
from refunddesk.woocommerce import refunds as answers
from refunddesk.woocommerce.refunds import Outcome
from tests.stories.schedules import play
from tests.stories.schedules.play import Play, Played
from tests.stories.schedules.rules import FAILED
from tests.stories.schedules.world import World


@dataclass(frozen=True, slots=True)
class Mutant:
    """`remove` gives the program without the rule; the schedule `seed` is known to miss it.

    `crowded`: two refunds are due on one order, and only M6 is asked for.
    """

    name: str
    remove: Callable[[World], Any]
    seed: int = 0
    crowded: bool = False


def first_caught(world: World, mutant: Mutant, seeds: range) -> Played | None:
    """The first schedule in which the rule is missed, or None."""
    with mutant.remove(world):
        for seed in seeds:
            if mutant.crowded:
                # It may never come to rest: both requests cannot be open again at once.
                played = Play(world, seed, opening=world.crowded, most_turns=500).run()
            else:
                played = Play(world, seed).run()
            if any(_is_noticed(mutant, rule) for rule in played.broken):
                return played
    return None


def _is_noticed(mutant: Mutant, rule: str) -> bool:
    """A rule that did not hold; an error alone may be one of the mutant, grown out of date."""
    return rule.startswith("M6") if mutant.crowded else not rule.startswith(FAILED)


# ---------------------------------------------------------------- what the store's answers mean


def _trust_any_row(_world: World) -> Any:
    """A row with our marker counts as paid, whatever it says of the gateway."""

    def is_paid(refund: refunds.Refund, seen: read_back.Sighting) -> bool:
        return len(seen.rows) == 1 and seen.rows[0].amount == refund.amount

    return patch.object(read_back, "_is_paid", is_paid)


def _take_errors_for_final(_world: World) -> Any:
    """Any 5xx means that no money moved."""
    sort = answers._sort

    def sorted_wrongly(answer: Any, call: Any) -> Any:
        if answer.status >= 500:
            return Outcome.REJECTED, None, ""
        return sort(answer, call)

    return patch.object(answers, "_sort", sorted_wrongly)


def _send_again_after_silence(_world: World) -> Any:
    """A call without an answer is made once more."""
    post = answers.post_refund

    def post_twice(client: Any, call: Any) -> Any:
        answer = post(client, call)
        if answer.outcome is Outcome.UNKNOWN and answer.evidence["status"] is None:
            return post(client, call)
        return answer

    return patch.object(payments, "post_refund", post_twice)


# ---------------------------------------------------------------- the row and its lease


def _send_again_after_lapse(_world: World) -> Any:
    """A sender that fell silent is taken to have sent nothing."""

    def due_again(transaction: Any, refund: Any, _to: Any, *, now: Any, **more: Any) -> Any:
        moved = refunds.move(transaction, refund, State.DUE, now=now)
        if moved:
            outbox.promise(transaction, JobName.PAY_REFUND, refund.id, due_at=now)
        return moved

    sweep = read_back.sweep_refunds

    def sweep_wrongly(edges: Any) -> None:
        with patch.object(read_back, "record_unsettled", due_again):
            sweep(edges)

    return patch.object(play, "SWEEP", replace(play.SWEEP, run=sweep_wrongly))


@contextmanager
def _commit_after_sending(_world: World) -> Iterator[None]:
    """The refund stays due in its row until the answer is there."""

    def begin(_edges: Any, payment: payments.Payment) -> refunds.Refund:
        return payment.refund

    def call(_edges: Any, client: Any, payment: payments.Payment, _begun: Any) -> Any:
        return answers.post_refund(client, payment.call)

    allowed = refunds.EDGES | {(State.DUE, state) for state in State}
    with (
        patch.multiple(payments, _begin=begin, _call=call),
        patch.object(refunds, "EDGES", allowed),
    ):
        yield


def _send_late(_world: World) -> Any:
    """A worker that wakes up after its lease makes its call all the same."""

    def call(_edges: Any, client: Any, payment: payments.Payment, _begun: Any) -> Any:
        return answers.post_refund(client, payment.call)

    return patch.object(payments, "_call", call)


def _ignore_tokens(_world: World) -> Any:
    """A change of state no longer asks whether the refund is still as it was read."""

    whatever_it_is = update(tables.refunds).where(tables.refunds.c.id == bindparam("held_id"))
    return patch.object(refunds, "_AS_HELD", whatever_it_is)


# ---------------------------------------------------------------- looking and waiting


def _ignore_markers(_world: World) -> Any:
    """The look before sending does not look for our own marker."""
    examine = preflight.examine

    def examine_blindly(refund: Any, judged_sha: bytes, seen: Any) -> Any:
        with patch.object(preflight, "with_marker", lambda _rows, _marker: ()):
            return examine(refund, judged_sha, seen)

    return patch.object(preflight, "examine", examine_blindly)


@contextmanager
def _conclude_at_once(_world: World) -> Iterator[None]:
    """Nobody waits 15 minutes before an absent row means something."""
    at_once = timedelta(0)
    with patch.object(read_back, "SETTLE", at_once), patch.object(settling, "SETTLE", at_once):
        yield


# ---------------------------------------------------------------- what the bridge remembers


def _call_again(_world: World) -> Any:
    """A gateway that was called, and knows no keys, is called once more."""

    def may_be_sent_again(_bridge: Bridge, attempt: Any) -> bool:
        return bool(attempt["state"] != PAID)

    return patch.object(Bridge, "may_be_sent_again", may_be_sent_again)


# ---------------------------------------------------------------- one refund in flight per order


@contextmanager
def _drop_index(world: World) -> Iterator[None]:
    set_up = world.set_up

    def set_up_without(*of: Any) -> None:
        set_up(*of)
        world.past.execute("DROP INDEX one_refund_in_flight")

    with patch.object(world, "set_up", set_up_without):
        yield


def _skip_check(_world: World) -> Any:
    return patch.object(payments, "IN_FLIGHT", frozenset())


@contextmanager
def _drop_both(world: World) -> Iterator[None]:
    with _drop_index(world), _skip_check(world):
        yield


CAUGHT = (
    Mutant("a row counts as paid without refunded_payment", _trust_any_row, seed=12),
    Mutant("any 5xx counts as final", _take_errors_for_final, seed=1),
    Mutant("a call without an answer is sent again", _send_again_after_silence, seed=80),
    Mutant("a lapsed lease is sent again", _send_again_after_lapse, seed=14),
    Mutant("the intent is not committed before the call", _commit_after_sending),
    Mutant("a sender that woke too late sends", _send_late, seed=107),
    Mutant("the token is not checked", _ignore_tokens),
    Mutant("the look before sending ignores our marker", _ignore_markers, seed=9),
    Mutant("an absent row is believed at once", _conclude_at_once, seed=61),
    Mutant("a gateway that was called is called again", _call_again, seed=3),
    Mutant("nothing keeps two refunds of an order apart", _drop_both, seed=2, crowded=True),
)
#: Each of the two holds by itself, and asking holds where both are gone: docs/reliability.md.
SURVIVE = (
    Mutant("no index on refunds in flight", _drop_index, crowded=True),
    Mutant("no look at other refunds in flight", _skip_check, crowded=True),
)
