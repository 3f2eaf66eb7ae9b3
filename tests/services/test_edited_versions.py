"""A version of a policy that has judged is never edited: an edited one decides nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from refunddesk.db import decisions, refunds, requests
from refunddesk.db.history import list_deeds
from refunddesk.policy.templates import new_from_template
from refunddesk.services.edges import Edges
from tests.asking import Bought, ask, buy, work
from tests.building import add_store

FREE = Bought(sites=0)


def keep(edges: Edges, old: str = "", new: str = "") -> Path:
    """The owner's policy, thirty days without questions, with `old` written as `new`."""
    text = new_from_template("ours", "thirty-days", date(2020, 1, 1))
    assert old in text
    document = edges.home / "policies" / "ours.toml"
    document.parent.mkdir(exist_ok=True)
    document.write_text(text.replace(old, new) if old else text, "utf-8")
    return document


def outcome(edges: Edges, store_id: int, woo_order_id: int) -> tuple[str, int, int, str]:
    """Buy and ask: the request's state, its decisions, its refunds, and the last reason told."""
    order = buy(edges, store_id, FREE, woo_order_id=woo_order_id)
    request_id = ask(edges, order, f"of {woo_order_id}")
    work(edges)
    with edges.database.read() as transaction:
        state = requests.get_request(transaction, request_id).state
        judged = decisions.list_decisions(transaction, request_id)
        paid = refunds.list_for_order(transaction, order.id)
        because = list_deeds(transaction, f"request:{request_id}")[-1].data.get("because")
    return state, len(judged), len(paid), str(because)


def test_a_version_edited_after_it_judged_leaves_requests_to_a_person(edges: Edges) -> None:
    keep(edges)
    store_id = add_store(edges, policy="ours")
    assert outcome(edges, store_id, 1001)[0] == "granted"
    keep(edges, '"30 days"', '"60 days"')
    state, judged, paid, because = outcome(edges, store_id, 1002)
    assert (state, judged, paid) == ("in_review", 0, 0)
    assert because.startswith(
        "ours: version 1 was changed after it had judged. Nothing was decided"
    )
    keep(edges)
    assert outcome(edges, store_id, 1003)[0] == "granted", "its old text judges on"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("# Begun from", "# Made of", id="a comment"),
        pytest.param("\n[[clause]]", "\n\n\n[[clause]]", id="blank lines"),
        pytest.param('version = "1"', 'version = "2"', id="a version of its own"),
    ],
)
def test_a_change_that_changes_no_rule_of_a_version_that_judged_is_none(
    edges: Edges, old: str, new: str
) -> None:
    keep(edges)
    store_id = add_store(edges, policy="ours")
    assert outcome(edges, store_id, 1001)[0] == "granted"
    keep(edges, old, new)
    assert outcome(edges, store_id, 1002)[0] == "granted"


def test_a_version_that_never_judged_may_still_be_edited(edges: Edges) -> None:
    keep(edges)
    store_id = add_store(edges, policy="ours")
    keep(edges, '"30 days"', '"60 days"')
    assert outcome(edges, store_id, 1001)[0] == "granted"
