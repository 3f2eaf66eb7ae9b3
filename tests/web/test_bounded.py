"""With ten thousand cases held, every page asks as little of the database as with a handful."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import event, func, select

from refunddesk.db import tables
from refunddesk.db.session import Database
from refunddesk.extension import create_app
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.web.throttle import Throttle
from tests.keeping import forget_journal
from tests.multiplying import multiply
from tests.rehearsing import Rehearsal
from tests.web.role_table import MAKERS, MONITOR_TOKEN, RELAY_TOKEN, Cast, cast
from tests.web.test_roles import address, table

COPIES = 1_700  # of two stores with three cases each
#: Statements of one request: who asks, what is shown, and what a deed writes down.
MOST_STATEMENTS = 60
#: What is held about a person lies in half of all tables, and each is looked at.
OF_A_PERSON = ("/privacy/export", "/privacy/erase")
MOST_STATEMENTS_OF_A_PERSON = 120
#: By how much the work of one statement may grow with the ten thousand: SQLite's own steps, of
#: which a row that is looked at takes three or more; or rows that PostgreSQL looks at.
MOST_MORE_STEPS = 4_000
MOST_ROWS = 1_000
_TICK = 10
#: A monitor asks how many there are of these in all, and they are counted: see db/figures.py.
COUNTED = ("refunds", "refund_requests", "licenses", "activations")


def _settle_case(row: dict[str, Any]) -> None:
    row.update(ended_at=row["opened_at"], support_due_at=None, customer_due_at=None)


def _settle_request(row: dict[str, Any]) -> None:
    row.update(state="refused", judge_again_at=None)


def _settle_refund(row: dict[str, Any]) -> None:
    row.update(state="paid", settled_at=row["created_at"])


def _forget_facts(row: dict[str, Any]) -> None:
    row.update(claim="{}", decision="{}")


def _destroy_credential(row: dict[str, Any]) -> None:
    row.update(state="destroyed", sealed=None, destroyed_at=row["asked_at"])


def _close_suspicion(row: dict[str, Any]) -> None:
    row.update(settled_at=row["raised_at"], settled_as="dropped")


def _settle_approval(row: dict[str, Any]) -> None:
    row.update(settled_at=row["asked_at"], settled_as="declined")


def _settle_pair(row: dict[str, Any]) -> None:
    row.update(state="dropped", settled_at=row["found_at"])


def _keep_promise(row: dict[str, Any]) -> None:
    row.update(done=row["asked"])


def _answer_quote(row: dict[str, Any]) -> None:
    row.update(state="declined")


def _handle_mail(row: dict[str, Any]) -> None:
    row.update(state="handled", settled_at=row["kept_at"])


def _do_step(row: dict[str, Any]) -> None:
    row.update(state="done", settled_at=row["created_at"])


#: All but a few orders were settled long ago.
LONG_AGO = {
    "cases": _settle_case,
    "refund_requests": _settle_request,
    "refunds": _settle_refund,
    "decisions": _forget_facts,
    "credentials": _destroy_credential,
    "suspicions": _close_suspicion,
    "approvals": _settle_approval,
    "duplicates": _settle_pair,
    "outbox": _keep_promise,
    "work_quotes": _answer_quote,
    "arrivals": _handle_mail,
    "refund_steps": _do_step,
}


@dataclass(slots=True)
class Watch:
    """Sees what is asked of a database, and the work of each statement.

    The work is counted in SQLite's own steps, or in rows that PostgreSQL looked at when no table
    was to be read from end to end where an index could do.
    """

    database: Database
    asked: list[tuple[str, int]] = field(default_factory=list)
    _ticks: int = 0

    def tick(self) -> int:
        self._ticks += 1
        return 0

    def before(self, _: Any, cursor: Any, statement: str, parameters: Any, *__: object) -> None:
        if statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            return
        self._note()
        work = 0
        if self.database.is_sqlite:
            cursor.connection.set_progress_handler(self.tick, _TICK)
        elif statement.startswith("SELECT"):
            with cursor.connection.cursor() as explaining:
                explaining.execute("SET LOCAL enable_seqscan = off")
                explaining.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
                work = _rows_of(explaining.fetchone()[0][0]["Plan"])
        self.asked.append((statement, work))

    def _note(self) -> None:
        """SQLite works while its rows are fetched: the next statement tells how long."""
        if self.database.is_sqlite and self.asked:
            statement, _ = self.asked.pop()
            self.asked.append((statement, self._ticks * _TICK))
        self._ticks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.asked.clear()
        self._ticks = 0
        event.listen(self.database.engine, "before_cursor_execute", self.before)
        try:
            yield
        finally:
            event.remove(self.database.engine, "before_cursor_execute", self.before)
            self._note()


def _rows_of(plan: dict[str, Any]) -> int:
    """The rows that a plan's leaves looked at, dropped ones included."""
    below = plan.get("Plans", [])
    if below:
        return sum(_rows_of(one) for one in below)
    dropped = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return int((plan["Actual Rows"] + dropped) * plan["Actual Loops"])


@dataclass(frozen=True, slots=True)
class Played:
    """What one route asked: each statement with its work."""

    status: int
    asked: list[tuple[str, int]]


def play(players: Cast, stage: Rehearsal, watch: Watch) -> dict[str, Played]:
    """Every route once, by the first who is let in, on their own thing."""
    found = {}
    for row in table():
        caller = next(one for one in players.callers if row.lets_in(one))
        sent = MAKERS[row.route](players, caller, players.own)
        path = address(row, players.own, missing=False)
        forget_journal(players.edges)
        with stage.scene(), watch.watching():
            answer = players.call(caller, row.method, path + sent.query, sent)
            answer.close()
        assert answer.status_code == sent.status, (row.route, answer.text)
        found[row.route] = Played(answer.status_code, list(watch.asked))
    return found


@pytest.fixture
def theatre(
    database: Database, edges: Edges, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Cast, Rehearsal]]:
    """The two stores of the role table, on a stage that comes after them."""
    app = create_app(settings, edges=edges)
    players = cast(app, edges)
    monkeypatch.setattr(Throttle, "attempt", lambda *_: None)
    stage = Rehearsal(database)
    rehearsed = replace(edges, database=stage)
    tokens = replace(settings, metrics_token=MONITOR_TOKEN, mail_in_token=RELAY_TOKEN)
    app = create_app(tokens, edges=rehearsed)
    yield replace(players, app=app, edges=rehearsed), stage
    stage.close()


@pytest.mark.long
def test_ten_thousand_cases_cost_a_page_no_more_than_six(
    theatre: tuple[Cast, Rehearsal], database: Database
) -> None:
    players, stage = theatre
    watch = Watch(database)
    few = play(players, stage, watch) if database.is_sqlite else {}
    with stage.pause():
        multiply(database, COPIES, LONG_AGO)
    with database.read() as transaction:
        held = transaction.scalar(select(func.count()).select_from(tables.cases))
        assert held
        assert held > 10_000
    many = play(players, stage, watch)
    faults = [fault for route, one in many.items() for fault in worse(route, few.get(route), one)]
    assert not faults, "\n".join(faults)


def worse(route: str, few: Played | None, many: Played) -> Iterator[str]:
    """What is too much. On PostgreSQL, with no `few`, rows are counted and not compared."""
    is_of_person = route.endswith(OF_A_PERSON)
    if len(many.asked) > (MOST_STATEMENTS_OF_A_PERSON if is_of_person else MOST_STATEMENTS):
        yield f"{route}: {len(many.asked)} statements"
    if few and len(many.asked) > len(few.asked):
        yield f"{route}: {len(many.asked)} statements with many rows, {len(few.asked)} with few"
    most = MOST_MORE_STEPS if few else MOST_ROWS
    before = [work for _, work in few.asked] if few else [0] * len(many.asked)
    for (statement, work), least in zip(many.asked, before, strict=False):
        if route == "GET /metrics" and any(f"FROM {one}" in statement for one in COUNTED):
            continue
        if work - least > most:
            yield f"{route}: {least} -> {work}: {' '.join(statement.split())}"
