"""A policy tried on all orders held: what it would have paid, to the cent, and why."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from refunddesk.cli import main
from refunddesk.db import customers, decisions, tables
from refunddesk.db.session import Database
from refunddesk.policy.document import load_policy
from refunddesk.policy.replay import Result
from refunddesk.policy.version import Policy
from refunddesk.services.edges import Edges
from refunddesk.services.policy_replay import Chunk, Sides, Span, list_chunks, replay
from refunddesk.services.stores import NoSuchStore
from refunddesk.settings import Settings
from tests.asking import buy
from tests.bench.sold import (
    FAULT_IN_TIME,
    FAULT_ON_DAY_40,
    NOBODY_ASKED,
    STILL_SWITCHED_ON,
    sell,
)
from tests.building import add_store

GENEROUS = """\
id = "generous"
version = "2"
in_force_from = 2026-01-01T00:00:00Z
title.en = "Generous"
[[clause]]
id = "G-1"
kind = "full_refund"
text.en = "A fault raised in the first 45 days gives the price back, with its tax."
params = { within = "45 days", pays = ["product"] }
[[clause]]
id = "G-2"
kind = "license_off"
text.en = "Once the license is off."
"""


@pytest.fixture
def generous(tmp_path: Path) -> Policy:
    path = tmp_path / "generous.toml"
    path.write_text(GENEROUS, encoding="utf-8")
    return load_policy(path)


def run(edges: Edges, url: str, sides: Sides, span: Span | None = None) -> Result:
    result = Result()
    for done in replay(url, list_chunks(edges.database, span or Span()), sides, processes=1):
        assert done.unreadable == []
        for one in done.replayed:
            result.count(one)
    return result


def sides(edges: Edges, policy: Policy | None = None, **facts: object) -> Sides:
    said = {"against": None, "unasked_after": None} | facts
    return Sides(policy, folder=edges.home / "policies", **said)  # type: ignore[arg-type]


def sums(result: Result) -> list[tuple[bool, int, int, str, str, str]]:
    return [
        (each.as_if_asked, each.orders, each.changed,
         str(each.before), str(each.after), str(each.held))
        for each in result.totals.values()
    ]  # fmt: skip


def moves(result: Result) -> list[tuple[str, str, int, str]]:
    return [
        (each.before, each.after, each.orders, str(each.more)) for each in result.moves.values()
    ]


def test_three_hundred_orders_against_what_was_paid(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    """60 of each sale. Paid were 60 x 199.00 and 60 x 120.00, and no tax.

    Forty-five days and tax would have given 60 x 236.81 in time, the same on day 40, and
    60 x 144.00 for the year; 60 x 199.00 wait for a licence to be switched off.
    """
    sell(edges.database, add_store(edges), 300)
    result = run(edges, database_url, sides(edges, generous))
    assert sums(result) == [(False, 240, 180, "19140.00", "37057.20", "11940.00")]
    assert moves(result) == [
        ("paid", "G-1", 120, "3708.60"),  # 60 x 37.81 and 60 x 24.00 of tax
        ("not_paid", "G-1", 60, "14208.60"),  # 60 x 236.81
    ]


def test_the_same_orders_against_another_document(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    sell(edges.database, add_store(edges), 300)
    built_in = load_policy("crmjetty")
    result = run(edges, database_url, sides(edges, generous, against=built_in))
    assert sums(result) == [(False, 240, 180, "19140.00", "37057.20", "11940.00")]
    assert moves(result) == [
        ("R-3A", "G-1", 120, "16477.20"),  # 60 in time get 37.81 more, 60 late ones 236.81
        ("R-3B.1", "G-1", 60, "1440.00"),  # 60 x 24.00 of tax
    ]
    late = next(one for one in result.changed if one.before.outcome == "refuse")
    assert (late.before.settled_by, late.before.why) == ("R-3A", "window_closed")


def test_the_stores_own_policy_would_have_paid_just_what_was_paid(
    edges: Edges, database_url: str
) -> None:
    sell(edges.database, add_store(edges), 100)
    result = run(edges, database_url, sides(edges))
    assert sums(result) == [(False, 80, 0, "6380.00", "6380.00", "3980.00")]
    assert result.changed == []


def test_orders_nobody_asked_about_are_told_apart(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    sell(edges.database, add_store(edges), 10, (NOBODY_ASKED, FAULT_IN_TIME))
    in_time = sides(edges, generous, unasked_after=timedelta(days=45))
    assert (
        sums(run(edges, database_url, in_time))
        == [
            (True, 5, 5, "0.00", "1184.05", "0.00"),
            (False, 5, 5, "995.00", "1184.05", "0.00"),
        ][::-1]
    )
    too_late = sides(edges, generous, unasked_after=timedelta(days=46))
    assert sums(run(edges, database_url, too_late))[1] == (True, 5, 0, "0.00", "0.00", "0.00")


def test_what_the_store_gave_back_by_itself_counts_as_paid(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    store_id = add_store(edges)
    sell(edges.database, store_id, 1, (NOBODY_ASKED,))
    row = {
        "store_id": store_id, "order_id": 1, "woo_refund_id": 5, "amount_minor": 10000,
        "currency": "EUR", "refunded_payment": True, "lines": [], "recorded_at": edges.clock(),
    }  # fmt: skip
    with edges.database.write() as transaction:
        transaction.execute(insert(tables.store_refunds).values(row))
    asked = sides(edges, generous, unasked_after=timedelta(days=3))
    assert sums(run(edges, database_url, asked)) == [(True, 1, 1, "100.00", "236.81", "0.00")]


def test_an_alias_who_was_refunded_before_is_the_same_customer(
    edges: Edges, database_url: str
) -> None:
    """R-1D: who was refunded a product once gets nothing for it again."""
    store_id = add_store(edges)
    sell(edges.database, store_id, 1, (FAULT_IN_TIME,))
    again = edges.clock()
    buy(edges, store_id, woo_order_id=77, email="c1+again@example.com", paid_at=again)
    buy(edges, store_id, woo_order_id=78, email="else@example.com", paid_at=again)
    asked = sides(edges, unasked_after=timedelta(days=3))
    result = run(edges, database_url, asked)
    assert [(one.order, one.after.settled_by) for one in result.changed] == [("78", "R-3A")]


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        pytest.param("2025-01-06", "2025-01-06", 12, id="the first day, from 12:00 to 23:59"),
        pytest.param("2025-01-07", "2025-01-07", 24, id="a whole day in Berlin"),
        pytest.param("2025-01-08", None, 14, id="from a day on"),
        pytest.param(None, "2025-01-05", 0, id="before the first order"),
    ],
)
def test_the_days_are_the_stores_and_both_count(
    edges: Edges, first: str | None, last: str | None, count: int
) -> None:
    """50 orders, one an hour from 11:00 UTC, 12:00 in Berlin, on 6 January."""
    store_id = add_store(edges)
    sell(edges.database, store_id, 50)
    days = (date.fromisoformat(day) if day else None for day in (first, last))
    chunks = list_chunks(edges.database, Span(*days, store_id))
    assert sum(len(chunk.order_ids) for chunk in chunks) == count


def test_a_store_that_is_not_there_is_named(edges: Edges) -> None:
    add_store(edges)
    with pytest.raises(NoSuchStore, match="no store 99"):
        list_chunks(edges.database, Span(store_id=99))


def test_a_second_request_on_an_order_is_not_paid_twice(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    """The desk pays an order once by itself: the first request that is granted counts."""
    sell(edges.database, add_store(edges), 1, (FAULT_IN_TIME,))
    _ask_again(edges.database)
    result = run(edges, database_url, sides(edges, generous))
    assert sums(result) == [(False, 1, 1, "199.00", "236.81", "0.00")]
    assert result.changed[0].requests == (1, 2)


def _ask_again(database: Database) -> None:
    with database.write() as transaction:
        request = dict(
            transaction.execute(tables.refund_requests.select()).one()._mapping, id=2,
            request_key="again",
        )  # fmt: skip
        decision = dict(
            transaction.execute(tables.decisions.select()).one()._mapping, id=2, request_id=2
        )
        transaction.execute(insert(tables.refund_requests).values(request))
        transaction.execute(insert(tables.decisions).values(decision))


def test_the_latest_judgement_of_a_request_is_the_one_replayed(edges: Edges) -> None:
    sell(edges.database, add_store(edges), 3, (FAULT_IN_TIME, NOBODY_ASKED))
    with edges.database.write() as transaction:
        latest = dict(transaction.execute(tables.decisions.select()).first()._mapping)  # type: ignore[union-attr]
        latest |= {"id": 50, "claim": '{"later": 1}'}
        transaction.execute(insert(tables.decisions).values(latest))
        found = decisions.list_claims_of_orders(transaction, [1, 2, 3])
    assert [(one.order_id, one.request_id) for one in found] == [(1, 1), (3, 3)]
    assert found[0].claim == '{"later": 1}'


def test_what_cannot_be_replayed_is_named_and_stops_nothing(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    store_id = add_store(edges)
    sell(edges.database, store_id, 4, (FAULT_IN_TIME, FAULT_ON_DAY_40, NOBODY_ASKED))
    with edges.database.engine.begin() as transaction:
        transaction.execute(insert(tables.decisions).values(
            id=9, request_id=1, judged_at=edges.clock(), policy="crmjetty", policy_version="1",
            outcome="refuse", amount_minor=0, currency="EUR", decimals=2, claim='{"order": {}}',
            decision="{}", snapshot_sha=b"",
        ))  # fmt: skip
        transaction.execute(
            update(tables.orders).where(tables.orders.c.id == 3).values(status="on-hold")
        )
    asked = sides(edges, generous, unasked_after=timedelta(days=3))
    [done] = replay(database_url, list_chunks(edges.database, Span()), asked, processes=1)
    assert [one.order for one in done.replayed] == ["2", "4"]
    assert [problem[:22] for problem in done.unreadable] == [
        "order 1: policy: is mi", "order 3: order: the st",
    ]  # fmt: skip


def test_a_request_that_was_never_judged_is_counted(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    sell(edges.database, add_store(edges), 1, (NOBODY_ASKED,))
    with edges.database.write() as transaction:
        transaction.execute(insert(tables.refund_requests).values(
            id=1, store_id=1, order_id=1, request_key="x", request_sha=b"", channel="portal",
            from_account_address=True, asked_by="staff:1", asked_at=edges.clock(), state="asked",
        ))  # fmt: skip
    [done] = replay(
        database_url, list_chunks(edges.database, Span()), sides(edges, generous), processes=1
    )
    assert (done.undecided, done.replayed) == (1, [])


def test_several_processes_say_what_one_says(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    sell(edges.database, add_store(edges), 60, (NOBODY_ASKED, STILL_SWITCHED_ON))
    chunks = [Chunk(1, tuple(range(first, first + 20))) for first in (1, 21, 41)]
    compared = sides(edges, generous)
    one = list(replay(database_url, chunks, compared, processes=1))
    two = list(replay(database_url, chunks, compared, processes=2))
    assert one == two
    assert sum(len(done.replayed) for done in one) == 30


ADDRESSES = st.sampled_from(
    ["ada@a.test", "ada+1@a.test", "ada+2@a.test", "bob@a.test", "bob+x@b.test", "ada@b.test", ""]
)


@hypothesis_settings(
    max_examples=25,
    deadline=None,
    # Each example is rolled back.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(st.tuples(ADDRESSES, st.sampled_from([None, 1, 2, 3])), max_size=8))
def test_all_customers_at_once_are_the_persons_that_they_are_one_by_one(
    database_of_customers: Database, rows: list[tuple[str, int | None]]
) -> None:
    with database_of_customers.engine.connect() as connection, connection.begin() as transaction:
        ids = {
            customers.record_customer(
                connection, 1, email=email, woo_customer_id=account, country=None
            )
            for email, account in rows
        } - {None}
        persons = customers.list_persons(connection, 1)
        assert set(persons) == ids
        for customer_id in persons:
            person = [each.id for each in customers.list_same_person(connection, customer_id)]
            assert persons[customer_id] == person[0]
        transaction.rollback()


@pytest.fixture
def database_of_customers(edges: Edges) -> Database:
    add_store(edges)
    return edges.database


# ------------------------------------------------------------------------- the command


@pytest.fixture
def command(
    edges: Edges, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """The environment of a desk with five orders, and a document beside it."""
    sell(edges.database, add_store(edges), 5)
    for name, value in {
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": "0" * 64,
        "REFUNDDESK_SEALING_KEYS": settings.sealing_keys[0],
        "DATABASE_URL": settings.database_url,
    }.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "generous.toml"
    path.write_text(GENEROUS, encoding="utf-8")
    return path


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["policy", "replay", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_tells_totals_clauses_and_orders(command: Path) -> None:
    told = invoke("--policy", str(command), "--against", "crmjetty")
    assert "generous (version 2), against crmjetty (version 1). Amounts include tax." in told
    assert "        +298.62  difference" in told
    assert "+274.62 EUR      2 orders  R-3A -> G-1" in told
    assert "2 (store 1): refuse by R-3A -> refund 236.81 by G-1\n    before: " in told
    assert "(30 days) ended on 5 February 2025.\n" in told
    assert "199.00  more, without tax, once what is awaited at the gate is done" in told


def test_an_order_that_changes_says_why_in_the_language_asked_for(command: Path) -> None:
    given = ("--policy", str(command), "--against", "crmjetty", "--json")
    in_time, late, _ = json.loads(invoke(*given, "--lang", "de"))["orders"]
    assert late["before"]["why"] == "window_closed"
    assert "am 5. Februar 2025" in late["before"]["sentence"]
    # The amount says it all.
    assert (in_time["after"]["why"], in_time["after"]["sentence"]) == (None, None)


def test_only_an_order_that_changes_is_put_in_words(
    edges: Edges, database_url: str, generous: Policy
) -> None:
    """One waits for its licence on both sides, and could say so; nobody will read it."""
    sell(edges.database, add_store(edges), 2, (STILL_SWITCHED_ON, FAULT_ON_DAY_40))
    asked = sides(edges, generous, against=load_policy("crmjetty"), language="en")
    [done] = replay(database_url, list_chunks(edges.database, Span()), asked, processes=1)
    assert [(one.changes, one.before.outcome, bool(one.before.sentence)) for one in done.replayed] \
        == [(False, "await", False), (True, "refuse", True)]  # fmt: skip


def test_the_command_answers_in_json_and_csv(command: Path) -> None:
    answer = json.loads(invoke("--policy", str(command), "--json", "--unasked", "10"))
    assert [(each["as_if_asked"], each["after"]) for each in answer["totals"]] == [
        (False, "617.62"), (True, "236.81"),
    ]  # fmt: skip
    assert answer["orders"][0]["after"]["settled_by"] == "G-1"
    rows = list(csv.DictReader(io.StringIO(invoke("--policy", str(command), "--csv"))))
    assert [row["order"] for row in rows] == ["1", "2", "4", "5"]
    assert [row["difference"] for row in rows] == ["37.81", "236.81", "24.00", "0.00"]


def test_a_document_that_is_not_valid_replays_nothing(command: Path) -> None:
    result = CliRunner().invoke(main, ["policy", "replay", "--policy", "absent.toml"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "absent.toml: cannot be read" in result.stderr
