"""The audit log's head is kept outside the database, so that cutting or rewriting it shows."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from refunddesk.db import append_only, history
from refunddesk.jobs import registry, schedule
from refunddesk.services import audit
from refunddesk.services.edges import Edges
from tests.conftest import TestClock


def record(edges: Edges, action: str) -> None:
    with edges.database.write() as transaction:
        history.record_deed(
            transaction, at=edges.clock(), actor="policy", action=action, subject="refund:7"
        )


def test_an_empty_log_has_no_head_to_keep(edges: Edges) -> None:
    assert not audit.keep_head(edges)
    assert audit.verify(edges) == 0


def test_a_head_is_kept_once_and_again_when_the_log_has_grown(
    edges: Edges, clock: TestClock
) -> None:
    record(edges, "granted")
    assert audit.keep_head(edges)
    assert not audit.keep_head(edges)
    record(edges, "paid")
    clock.move(hours=1)
    assert audit.keep_head(edges)
    assert [head.seq for head in audit.kept_heads(edges)] == [1, 2]
    assert audit.verify(edges) == 2


def test_the_dispatcher_keeps_the_head_once_an_hour(edges: Edges, clock: TestClock) -> None:
    rounds = [work for work in registry.ROUNDS if work.run is audit.keep_head]
    record(edges, "granted")
    schedule.run_rounds(edges, rounds)
    record(edges, "paid")
    clock.move(minutes=59, seconds=59)
    schedule.run_rounds(edges, rounds)
    assert [head.seq for head in audit.kept_heads(edges)] == [1]
    clock.move(seconds=1)
    schedule.run_rounds(edges, rounds)
    assert [head.seq for head in audit.kept_heads(edges)] == [1, 2]


def test_a_log_whose_tail_was_cut_after_its_head_was_kept_does_not_verify(edges: Edges) -> None:
    record(edges, "granted")
    record(edges, "paid")
    audit.keep_head(edges)
    with edges.database.write() as transaction:
        for statement in append_only.allow_changes(transaction.dialect.name, "history"):
            transaction.execute(text(statement))
        transaction.execute(text("DELETE FROM history WHERE seq = 2"))
    with pytest.raises(history.HistoryBroken, match="its tail was cut off"):
        audit.verify(edges)


def test_a_log_that_was_rewritten_does_not_verify_even_if_its_new_head_was_kept_too(
    edges: Edges,
) -> None:
    record(edges, "granted")
    audit.keep_head(edges)
    with edges.database.write() as transaction:
        for statement in append_only.allow_changes(transaction.dialect.name, "history"):
            transaction.execute(text(statement))
        transaction.execute(text("DELETE FROM history"))
    record(edges, "refused")
    assert audit.keep_head(edges)
    with pytest.raises(history.HistoryBroken, match="up to line 1 was rewritten"):
        audit.verify(edges)


def test_a_line_in_the_anchor_file_that_is_not_ours_is_named(edges: Edges) -> None:
    record(edges, "granted")
    audit.keep_head(edges)
    with audit.anchor_file(edges).open("a") as anchors:
        anchors.write("not a head\n")
    with pytest.raises(audit.AnchorUnreadable, match="Line 2 "):
        audit.verify(edges)
