"""The role table of the docs, tried cell by cell: every route, by everybody, on every thing.

A thing is one's own, somebody else's, or not there at all; what is somebody else's is answered as
if it were not there. The staff of a desk work for all its stores: to them each is their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import event

from refunddesk.db.session import Database
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.web.throttle import Throttle
from tests.conftest import REPOSITORY
from tests.house.test_tables import every_route
from tests.keeping import forget_journal
from tests.rehearsing import Rehearsal
from tests.web.role_table import (
    ABOUT,
    MAKERS,
    MISSING,
    MONITOR_TOKEN,
    RELAY_TOKEN,
    Caller,
    Cast,
    Things,
    cast,
)

_WRITING = ("INSERT", "UPDATE", "DELETE")
_PARAMETER = re.compile(r"{(\w+)}")
_TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of the docs."""

    route: str
    proved_by: str
    roles: frozenset[str]

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.route.partition(" ")[2]

    def lets_in(self, caller: Caller) -> bool:
        match self.proved_by:
            case "nobody":
                return True
            case "session" | "bearer":
                return caller.role is not None and caller.role.value in self.roles
            case "visit":
                return caller.name == "a customer"
            case "license":
                return caller.name == "a licence"
            case "signature":
                return caller.name == "the store"
            case "monitor":
                return caller.name == "the monitor"
            case "relay":
                return caller.name == "the mail service"
        raise AssertionError(f"nobody knows what {self.proved_by} proves")

    def refusal(self, caller: Caller) -> int:
        """The status for whom it does not let in."""
        if self.proved_by in ("session", "bearer") and caller.role is not None:
            return 403
        return {"session": 303, "license": 404}.get(self.proved_by, 401)


def table() -> list[Row]:
    lines = (REPOSITORY / "docs" / "roles.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:2] == "| "]
    header, rows = cells[0], cells[2:]
    assert header[2:] == [role.value for role in Role]
    return [
        Row(route, by, frozenset(name for name, cell in zip(header[2:], rest, strict=True) if cell))
        for route, by, *rest in rows
    ]


@pytest.fixture
def rehearsal(database: Database) -> Iterator[Rehearsal]:
    stage = Rehearsal(database)
    yield stage
    stage.close()


@pytest.fixture
def players(
    rehearsal: Rehearsal, edges: Edges, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Cast:
    rehearsed = replace(edges, database=rehearsal)
    app = create_app(
        replace(settings, metrics_token=MONITOR_TOKEN, mail_in_token=RELAY_TOKEN), edges=rehearsed
    )
    # Whoever calls thousands of times is turned away, which is no question of roles.
    monkeypatch.setattr(Throttle, "attempt", lambda *_: None)
    return cast(app, rehearsed)


@pytest.fixture
def written(database: Database) -> Iterator[list[str]]:
    """The statements that wrote a row."""
    statements: list[str] = []

    def note(_: object, cursor: Any, statement: str, *__: object) -> None:
        if statement.lstrip().startswith(_WRITING) and cursor.rowcount != 0:
            statements.append(statement)

    event.listen(database.engine, "after_cursor_execute", note)
    yield statements
    event.remove(database.engine, "after_cursor_execute", note)


def address(row: Row, things: Things, *, missing: bool) -> str:
    """The route's path about one of `things`, or about a thing that is nowhere."""
    about = ABOUT.get(row.route, {})
    words = {
        "side": "support",
        "product": "crm-portal",
        "language": "de",
        "version": "1",
        "token": "A" * 43 if missing else things.link,
        "entrance": "A" * 43 if missing else things.entrance,
        "connection": "A" * 22 if missing else things.connection.endpoint_id,
        "endpoint_id": "A" * 22 if missing else things.endpoint.endpoint_id,
    }

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name in words:
            return words[name]
        return str(MISSING if missing else things.ids[about.get(name, name)])

    return _PARAMETER.sub(fill, row.path)


def names_a_thing(row: Row) -> bool:
    return bool(set(_PARAMETER.findall(row.path)) - {"side", "product", "language", "version"})


def test_every_route_has_somebody_who_makes_its_request() -> None:
    routes = {f"{method} {path}" for method, path, _ in every_route()}
    assert set(MAKERS) == routes
    assert {row.route for row in table()} == routes


@pytest.mark.long
def test_every_cell_of_the_role_table_is_as_the_docs_say(
    players: Cast, rehearsal: Rehearsal, written: list[str]
) -> None:
    wrong = [
        fault
        for row in table()
        for caller in callers(players, row, all_of_them=rehearsal.is_sqlite)
        for fault in faults(players, rehearsal, written, row, caller)
    ]
    assert not wrong, "\n".join(wrong)


def callers(players: Cast, row: Row, *, all_of_them: bool) -> list[Caller]:
    """Everybody; or the first who is let in: a refusal asks no database anything of its own."""
    if all_of_them:
        return list(players.callers)
    return [caller for caller in players.callers if row.lets_in(caller)][:1]


def faults(
    players: Cast, rehearsal: Rehearsal, written: list[str], row: Row, caller: Caller
) -> Iterator[str]:
    """What is otherwise than the table says, for one caller at one route."""
    answers = {}
    for thing in ("own", "foreign", "missing") if names_a_thing(row) else ("own",):
        things = players.foreign if thing == "foreign" else players.own
        path = address(row, things, missing=thing == "missing")
        sent = MAKERS[row.route](players, caller, things)
        forget_journal(players.edges)
        with rehearsal.scene():
            written.clear()
            answer = players.call(caller, row.method, path + sent.query, sent)
            status, text = answer.status_code, answer.data.decode("latin-1")
            answer.close()
        answers[thing] = (status, text)
        told = f"{row.route}, {caller.name}, {thing}: {status}"
        expected = expects(row, caller, thing, sent.status)
        if status != expected:
            yield f"{told} instead of {expected}: {text[:200]!r}"
        is_done = expected == sent.status and row.lets_in(caller)
        if written and not is_done:
            yield f"{told}, and a row was written: {written[0][:80]}"
        if sent.changes and is_done and not written:
            yield f"{told}, and nothing was done"
    yield from _tells_apart(row, caller, answers)


def expects(row: Row, caller: Caller, thing: str, done: int) -> int:
    if not row.lets_in(caller):
        # Whether there is such an endpoint is all that a delivery without proof learns.
        return 404 if row.proved_by == "signature" and thing == "missing" else row.refusal(caller)
    if thing == "missing":
        return 200 if row.route == "GET /my/enter/{token}" else 404
    if thing == "foreign" and row.proved_by == "visit":
        return 404
    if thing == "foreign" and row.proved_by == "signature":
        return 401
    return done


def _tells_apart(row: Row, caller: Caller, answers: dict[str, tuple[int, str]]) -> Iterator[str]:
    """Whoever may not see a thing must not learn either whether it is there."""
    if len(answers) == 1 or row.proved_by == "signature":
        return
    seen = {
        # A form's token tells the second in which its page was made.
        thing: (status, re.sub(rf"\b({MISSING}|\d+)\b", "N", _TOKEN.sub("", text)))
        for thing, (status, text) in answers.items()
    }
    if not row.lets_in(caller) and len(set(seen.values())) > 1:
        yield f"{row.route}, {caller.name}: the refusals differ: {seen}"
    if row.proved_by == "visit" and seen["foreign"] != seen["missing"]:
        yield f"{row.route}, {caller.name}: foreign and missing differ: {seen}"
