"""What must hold at every commit, at every refund call and in the end, whatever the schedule.

M1 to M8 are the rules about money; the books and the audit log are checked along with them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from decimal import Decimal

from refunddesk.db import history
from refunddesk.db.refunds import EDGES, IN_FLIGHT
from refunddesk.sandbox.gateway import Movement
from refunddesk.services.bookkeeping import find_wrong_books
from refunddesk.services.edges import Edges
from refunddesk.woocommerce.refunds import marker_in
from tests.stories.schedules.world import Opening

#: As the program has them, before anybody tampers with it.
_EDGES = frozenset((str(before), str(after)) for before, after in EDGES)
_IN_FLIGHT = frozenset(map(str, IN_FLIGHT))
#: How an error begins that none of the faults played explains.
FAILED = "failed:"
_SELECT = "SELECT id, marker, state, token, amount_minor, attempt FROM refunds"


class Watch:
    """Looks at the committed rows past the desk; `broken` gathers what is wrong, once each."""

    def __init__(self, past: sqlite3.Connection, opening: Opening) -> None:
        self._past = past
        self._opening = opening
        self.broken: list[str] = []
        self.in_review: set[int] = set()
        self.by_hand_minor = 0
        self.states: dict[int, tuple[str, int]] = {}
        self.forget()

    def forget(self) -> None:
        """Another database was put in place: the rows start anew from what it holds."""
        self.states = {row[0]: (row[2], row[3]) for row in self._past.execute(_SELECT)}

    def see_commit(self) -> None:
        in_flight = taken = 0
        for refund_id, _, state, token, amount_minor, _ in self._past.execute(_SELECT):
            before = self.states.get(refund_id)
            if before and before[0] != state:
                self._check(
                    (before[0], state) in _EDGES and token > before[1],
                    f"the refund went from {before[0]} to {state}",
                )
            self.states[refund_id] = (state, token)
            if state == "needs_review":
                self.in_review.add(refund_id)
            in_flight += state in _IN_FLIGHT
            taken += 0 if state == "failed" else amount_minor
        self._check(in_flight <= 1, "M6: two refunds of one order were in flight")
        self._check(
            self.by_hand_minor > 0 or taken <= self._opening.paid_minor,
            "M2: more was granted than paid",
        )

    def see_post(self, reason: str, amount: str) -> None:
        """M3: the intent is committed before a byte leaves."""
        ready = [
            row
            for row in self._past.execute(_SELECT)
            if row[1] == marker_in(reason)
            and row[2] in _IN_FLIGHT
            and row[4] == Decimal(amount) * 100
            and row[5] > 0
        ]
        self._check(len(ready) == 1, "M3: a call left without its refund committed as sending")

    def see_end(self, edges: Edges, movements: tuple[Movement, ...]) -> Counter[str]:
        """Check the end, and count it: refunds by what became of them."""
        moved = Counter(marker_in(movement.reason) for movement in movements)
        counts: Counter[str] = Counter()
        taken = Decimal(0)
        for refund_id, marker, state, _, amount_minor, _ in self._past.execute(_SELECT).fetchall():
            amounts = [one.amount for one in movements if marker_in(one.reason) == marker]
            counts["refunds"] += 1
            counts[state] += 1
            counts["seen by a person"] += refund_id in self.in_review
            taken += Decimal(0 if state == "failed" else amount_minor) / 100
            for name, is_so in (
                ("double paid", len(amounts) > 1),
                ("claimed, not paid", state == "paid" and not amounts),
                ("paid, not recorded", state != "paid" and bool(amounts)),
                ("stuck", state not in ("paid", "failed")),
            ):
                counts[name] += is_so
                self._check(not is_so, f"M1, M4, M5: {name}")
            self._check(
                state != "paid" or all(amount * 100 == amount_minor for amount in amounts),
                "M4: another amount was paid",
            )
        self._check(
            set(moved) - {None} <= self._markers(), "M7: money left that no refund stands for"
        )
        self._check_sums(movements, taken)
        self._check_records(edges)
        return counts

    def _markers(self) -> set[str]:
        return {row[1] for row in self._past.execute(_SELECT)}

    def _check_sums(self, movements: tuple[Movement, ...], taken: Decimal) -> None:
        paid = Decimal(self._opening.paid_minor) / 100
        self._check(
            sum(movement.amount for movement in movements) <= paid,
            "M2: more left the gateway than was paid",
        )
        by_hand = Decimal(self.by_hand_minor) / 100
        self._check(taken + by_hand <= paid, "M2: refunds and what was given by hand exceed it")

    def _check_records(self, edges: Edges) -> None:
        wrong = find_wrong_books(edges)
        self._check(wrong is None, f"the books are wrong: {wrong}")
        (open_steps,) = self._past.execute(
            "SELECT count(*) FROM refund_steps WHERE state NOT IN ('done', 'not_needed')"
        ).fetchone()
        self._check(not open_steps, "a step after a refund was not taken")
        try:
            with edges.database.read() as transaction:
                history.verify(transaction)
        except history.HistoryBroken as fault:
            self._check(False, str(fault))

    def note(self, trouble: str) -> None:
        if trouble not in self.broken:
            self.broken.append(trouble)

    def _check(self, holds: bool, rule: str) -> None:
        if not holds:
            self.note(rule)
