"""From a report on a Friday evening in India to the minute in which its refund becomes due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from refunddesk.casework import TurnKind
from refunddesk.db import notices, outbox, requests
from refunddesk.db.staff import Role
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry
from refunddesk.services import case_turns, cases
from refunddesk.services.case_turns import Saying
from refunddesk.services.edges import Edges
from tests.asking import PORTAL, STAFF, ask, buy, intake
from tests.building import add_staff, add_store
from tests.conftest import TestClock

FREE = replace(PORTAL, sites=0)


def at(day: str, clock: str) -> datetime:
    """An instant of 2026 on India's clock."""
    return datetime.fromisoformat(f"2026-{day}T{clock}+05:30").astimezone(UTC)


@pytest.fixture
def store_id(edges: Edges) -> int:
    """A store with the built-in policy in India's time and with India's calendar."""
    built_in = files("refunddesk").joinpath("policies/crmjetty.toml").read_text("utf-8")
    head, clauses = built_in.split("\n\n", 1)
    folder = edges.home / "policies"
    folder.mkdir()
    calendar = 'timezone = "Asia/Kolkata"\nholidays = ["IN"]'
    (folder / "crmjetty.toml").write_text(f"{head}\n{calendar}\n\n{clauses}")
    return add_store(edges)


def work(edges: Edges) -> None:
    """Judge and watch until nothing of it is due, as the workers would."""
    jobs = (JobName.JUDGE_REQUEST, JobName.WATCH_CASE)
    for _ in range(20):
        with edges.database.read() as transaction:
            due = outbox.list_due(transaction, edges.clock())
        mine = [promise_id for promise_id, job in due if job in jobs]
        if not mine:
            return
        for promise_id in mine:
            keeping.keep(edges, promise_id, registry.JOBS)
    raise AssertionError("the work never ends")


def state_of(edges: Edges, request_id: int) -> str:
    with edges.database.read() as transaction:
        return requests.get_request(transaction, request_id).state


def told(edges: Edges, case_id: int) -> list[str]:
    with edges.database.read() as transaction:
        found = notices.list_notices(transaction, f"case:{case_id}")
    return [str(one.facts["what"]) for one in found if one.kind == "staff_needed"]


def test_friday_evening_to_the_minute_the_refund_is_due(
    edges: Edges, clock: TestClock, store_id: int
) -> None:
    """Over a weekend and Gandhi's birthday (Friday 2 October), with two waits for the customer."""
    add_staff(edges, ("sam@desk.test", Role.SUPPORT))
    clock.at = at("09-24", "12:00:00")
    order = buy(edges, store_id, FREE)

    # Friday 25 September 17:55: the site's address is missing, so no clock of five days runs yet.
    clock.at = at("09-25", "17:55:00")
    case = cases.open_case(edges, intake(edges, order, site_url=None), by=STAFF)
    assert case.facts.complete_at is None
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"

    # Complete on Monday. Its five business days: 29, 30 September, 1, 5 and 6 October.
    clock.at = at("09-28", "10:00:00")
    said = {"site_url": "https://ada.example"}
    case = cases.change_report(edges, case.id, said, by=STAFF)
    assert case.facts.complete_at == at("09-28", "10:00:00")
    (_, fix) = cases.show_case(edges, case.id).due
    assert fix.until == at("10-06", "23:59:59")

    # Asked Tuesday 11:00, answered Wednesday 11:00: a day. Asked Thursday 18:00, answered Saturday
    # 12:00: six hours, for Friday is a holiday.
    for asked, replied in (
        (("09-29", "11:00:00"), ("09-30", "11:00:00")),
        (("10-01", "18:00:00"), ("10-03", "12:00:00")),
    ):
        clock.at = at(*asked)
        case_turns.say(edges, case.id, Saying(TurnKind.QUESTION, "Which theme?"), by=STAFF)
        clock.at = at(*replied)
        case = case_turns.say(edges, case.id, Saying(TurnKind.REPLY, "Astra."), by=STAFF)
    (fix,) = cases.show_case(edges, case.id).due
    assert fix.until == at("10-08", "05:59:59")
    assert fix.target == at("10-07", "05:59:59")
    assert case.support_due_at == fix.until

    case_turns.find(edges, case.id, "malfunction", "Its address is gone.", by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    clock.at = at("10-08", "05:59:59")
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    assert cases.list_open_cases(edges, side="support", overdue=True) == []
    clock.at = at("10-08", "06:00:00")
    work(edges)
    assert state_of(edges, request_id) == "granted"
    assert [one.id for one in cases.list_open_cases(edges, side="support", overdue=True)] == [
        case.id
    ]
    work(edges)
    assert told(edges, case.id).count("fix_overdue") == 1
