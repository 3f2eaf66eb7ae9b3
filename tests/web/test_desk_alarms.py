"""The status page and the command line tell what keeps the desk from seeing a store as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from refunddesk.cli import main
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.edges import Edges
from refunddesk.services.payment_blocks import block_all_payments
from refunddesk.settings import Settings
from tests import building
from tests.web.test_desk import Browser, employ

OFF = "The store has set its webhook for order.updated to disabled."
GONE = "Refund 7 was paid, and the store has deleted its row 31."


@pytest.fixture
def raised(edges: Edges) -> Edges:
    """A desk with an alarm that ends by itself and one that a person settles."""
    store_id = building.add_store(edges)
    now = edges.clock()
    with edges.database.write() as transaction:
        off, gone = AlarmKind.WEBHOOK_OFF, AlarmKind.REFUND_ROW_GONE
        keep_alarm(transaction, store_id, off, "order.updated", trouble=OFF, now=now)
        keep_alarm(transaction, store_id, gone, "store_refund:31", trouble=GONE, now=now)
    return edges


def test_the_status_page_tells_alarms_and_payments_that_wait(
    raised: Edges, settings: Settings
) -> None:
    block_all_payments(raised, "the server was restored from a backup")
    employ(raised)
    browser = Browser(create_app(settings, edges=raised).test_client())
    browser.sign_in()
    page = browser.see("/desk/").text
    assert "2 things wait for a person" in page
    assert OFF in page
    assert GONE in page
    assert "the server was restored from a backup" in page


@pytest.fixture
def terminal(
    raised: Edges,
    settings: Settings,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> CliRunner:
    building.add_staff(raised, ("olga@store.test", Role.APPROVER))
    told = {
        "REFUNDDESK_HOME": str(tmp_path),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": settings.sealing_keys[0],
        "DATABASE_URL": make_url(database_url).render_as_string(hide_password=False),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return CliRunner()


def test_the_alarm_of_a_refund_is_settled_by_a_person(terminal: CliRunner) -> None:
    assert GONE in terminal.invoke(main, ["alarms", "list"]).output
    said = ["--by", "olga@store.test", "--because", "the gateway paid once"]
    settled = terminal.invoke(main, ["alarms", "settle", "2", *said])
    assert settled.output.endswith("Alarm 2 is settled.\n")
    listed = terminal.invoke(main, ["alarms", "list"]).output
    assert GONE not in listed
    assert OFF in listed
    again = terminal.invoke(main, ["alarms", "settle", "2", *said])
    assert "No alarm 2 is raised" in again.output


def test_an_alarm_that_ends_by_itself_is_not_settled(terminal: CliRunner) -> None:
    said = ["--by", "olga@store.test", "--because", "never mind"]
    refused = terminal.invoke(main, ["alarms", "settle", "1", *said])
    assert refused.exit_code == 1
    assert OFF in refused.output
