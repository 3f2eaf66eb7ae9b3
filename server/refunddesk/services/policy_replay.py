"""Tries a policy on the orders and requests held, in chunks that several processes share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from refunddesk.db import decisions, orders, refunds, store_refunds, stores
from refunddesk.db.decisions import AskedClaim
from refunddesk.db.orders import Order
from refunddesk.db.session import Database, open_database
from refunddesk.db.stores import Store
from refunddesk.money import CurrencyMismatch, Money, total
from refunddesk.policy.claim import Claim, ClaimNotValid
from refunddesk.policy.decision import Decision
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.replay import Answer, Replayed, answer_of, of_one_order, paid_answer
from refunddesk.policy.version import Policy
from refunddesk.policy.wording import Language, say_why
from refunddesk.services.policies import load_from
from refunddesk.services.stores import NoSuchStore
from refunddesk.services.unasked import Persons, build_unasked_claims, read_persons
from refunddesk.worktime import start_of_day, zone

#: Enough to make the queries cheap, few enough for a bar that moves.
CHUNK = 1000
#: Fewer orders are done before another process has started.
WORTH_PROCESSES = 4 * CHUNK


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared. `policy` None: the one each claim names; `against` None: what was paid.

    `unasked_after`: orders nobody asked about are replayed too, as if asked so long after their
    payment. `folder` is where the owner keeps policies. With a `language` the orders that change
    tell why in a sentence; a sentence takes longer than the judgement, so no other order gets one.
    """

    policy: Policy | None
    against: Policy | None
    unasked_after: timedelta | None
    folder: Path
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Orders paid on these days of their store's zone, both included; of one store, or of all."""

    first: date | None = None
    last: date | None = None
    store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    store_id: int
    order_ids: tuple[int, ...]


@dataclass(slots=True)
class Done:
    """What became of a chunk: the orders replayed, requests never judged, and what failed."""

    orders: int = 0
    replayed: list[Replayed] = field(default_factory=list)
    undecided: int = 0
    unreadable: list[str] = field(default_factory=list)


def list_chunks(database: Database, span: Span) -> list[Chunk]:
    """The paid orders of `span`, store by store. Raises NoSuchStore."""
    found: list[Chunk] = []
    with database.read() as transaction:
        known = stores.list_stores(transaction)
        if span.store_id is not None:
            known = [store for store in known if store.id == span.store_id]
            if not known:
                raise NoSuchStore(f"There is no store {span.store_id}. Nothing was replayed.")
        for store in known:
            ids = orders.list_paid_ids(transaction, store.id, *_bounds(span, store))
            found += [
                Chunk(store.id, tuple(ids[at : at + CHUNK])) for at in range(0, len(ids), CHUNK)
            ]
    return found


def replay(
    database_url: str, chunks: Sequence[Chunk], sides: Sides, processes: int
) -> Iterator[Done]:
    """Each chunk as it is done, in the order given, by so many processes."""
    if processes < 2:
        with closing(open_database(database_url)) as database:
            memory = Memory(sides)
            for chunk in chunks:
                yield replay_chunk(database, memory, chunk)
        return
    with ProcessPoolExecutor(
        processes, get_context("spawn"), _begin_process, (database_url, sides)
    ) as pool:
        yield from pool.map(_in_process, chunks)


@dataclass(slots=True)
class Memory:
    """What one process keeps from chunk to chunk: policies by name, and who is whom."""

    sides: Sides
    policies: dict[str, Policy] = field(default_factory=dict)
    persons: dict[int, Persons] = field(default_factory=dict)

    def named(self, name: str) -> Policy:
        if name not in self.policies:
            self.policies[name] = load_from(self.sides.folder, name)
        return self.policies[name]

    def persons_of(self, transaction: Connection, store_id: int) -> Persons:
        if store_id not in self.persons:
            self.persons[store_id] = read_persons(transaction, store_id)
        return self.persons[store_id]


def replay_chunk(database: Database, memory: Memory, chunk: Chunk) -> Done:
    """Replays the orders of one chunk, seen at one instant."""
    done = Done(orders=len(chunk.order_ids))
    with database.read() as transaction:
        store = stores.get_store(transaction, chunk.store_id)
        found = orders.list_orders(transaction, chunk.order_ids)
        asked = _asked(transaction, chunk.order_ids)
        paid = refunds.list_paid_of_orders(transaction, chunk.order_ids)
        for order in found:
            if order.id in asked:
                _replay_asked(done, memory, order, asked[order.id], paid.get(order.id, []))
        after = memory.sides.unasked_after
        unasked = [order for order in found if order.id not in asked]
        if after is not None and unasked:
            persons = memory.persons_of(transaction, store.id)
            built = build_unasked_claims(transaction, store, unasked, persons, after)
            _replay_unasked(transaction, done, memory, built)
    return done


def _bounds(span: Span, store: Store) -> tuple[datetime | None, datetime | None]:
    tz = zone(store.timezone)
    return (
        start_of_day(span.first, tz) if span.first else None,
        start_of_day(span.last + timedelta(days=1), tz) if span.last else None,
    )


def _asked(transaction: Connection, order_ids: Sequence[int]) -> dict[int, list[AskedClaim]]:
    asked: dict[int, list[AskedClaim]] = {}
    for claim in decisions.list_claims_of_orders(transaction, order_ids):
        asked.setdefault(claim.order_id, []).append(claim)
    return asked


def _replay_asked(
    done: Done, memory: Memory, order: Order, asked: Sequence[AskedClaim], paid: Sequence[Money]
) -> None:
    """The claims as they were judged, to the byte."""
    judged = [(one.request_id, one.claim) for one in asked if one.claim is not None]
    done.undecided += len(asked) - len(judged)
    if not judged:
        return
    try:
        claims = [load_claim(json.loads(text)) for _, text in judged]
    except (ClaimNotValid, ValueError) as trouble:
        done.unreadable.append(f"order {order.number}: {trouble}")
        return
    _compare(done, memory, order, claims, paid, tuple(number for number, _ in judged))


def _replay_unasked(
    transaction: Connection,
    done: Done,
    memory: Memory,
    built: Iterator[tuple[Order, Claim | ClaimNotValid]],
) -> None:
    claims = list(built)
    outside = store_refunds.list_outside_of_orders(transaction, [order.id for order, _ in claims])
    for order, claim in claims:
        if isinstance(claim, ClaimNotValid):
            done.unreadable.append(f"order {order.number}: {claim}")
            continue
        back = [row.amount for row in outside.get(order.id, ()) if row.counts]
        _compare(done, memory, order, [claim], back, ())


def _compare(
    done: Done,
    memory: Memory,
    order: Order,
    claims: Sequence[Claim],
    paid: Sequence[Money],
    requests: tuple[int, ...],
) -> None:
    """Both sides of one order; one that cannot be judged is told by name and stops nothing."""
    sides = memory.sides
    try:
        after = _judged(memory, sides.policy, claims)
        amount = after.answer.amount
        if sides.against is None:
            before = _Judged(paid_answer(total(paid, amount.currency, amount.decimals)))
        else:
            before = _judged(memory, sides.against, claims)
    except (PolicyNotValid, CurrencyMismatch) as trouble:
        done.unreadable.append(f"order {order.number}: {trouble}")
        return
    one = Replayed(
        order.store_id, order.number, requests, before.answer, after.answer, not requests
    )
    if sides.language and one.changes:
        one = replace(
            one, before=before.in_words(sides.language), after=after.in_words(sides.language)
        )
    done.replayed.append(one)


class _Judged(NamedTuple):
    """An answer, and the judgement behind it where there was one."""

    answer: Answer
    judgement: tuple[Decision, Claim, Policy] | None = None

    def in_words(self, language: Language) -> Answer:
        if self.judgement is None:
            return self.answer
        decision, claim, by = self.judgement
        return replace(self.answer, sentence=say_why(decision, claim, language, by) or None)


def _judged(memory: Memory, policy: Policy | None, claims: Sequence[Claim]) -> _Judged:
    tried = []
    for claim in claims:
        by = policy or memory.named(claim.policy)
        decision = judge(claim, by)
        tried.append(_Judged(answer_of(decision), (decision, claim, by)))
    counts = of_one_order([each.answer for each in tried])
    return next(each for each in tried if each.answer is counts)


#: What a process of the pool works with; each has its own.
_process: list[tuple[Database, Memory]] = []


def _begin_process(database_url: str, sides: Sides) -> None:
    _process.append((open_database(database_url), Memory(sides)))


def _in_process(chunk: Chunk) -> Done:
    [(database, memory)] = _process
    return replay_chunk(database, memory, chunk)
