"""What one types to keep a copy of the database and to take it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refunddesk.cli import main
from refunddesk.db import payment_blocks
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.building import add_store

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, edges: Edges) -> Run:
    environment = {
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": ",".join(settings.sealing_keys),
        "DATABASE_URL": settings.database_url,
    }

    def call(*arguments: str) -> Result:
        edges.database.close()  # this process is none of the desk's
        return CliRunner(env=environment).invoke(main, arguments)

    return call


def is_blocked(edges: Edges) -> bool:
    with edges.database.read() as transaction:
        return payment_blocks.find_block(transaction, 1) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_is_made_and_taken_back(run: Run, edges: Edges, tmp_path: Path) -> None:
    add_store(edges)
    file = tmp_path / "saved.db"
    made = run("backup", str(file))
    assert made.exit_code == 0, made.output
    assert f"{file}: {file.stat().st_size} bytes, whole" in made.output
    again = run("backup", str(file))
    assert (again.exit_code, again.output) == (
        1,
        f"Error: {file} is there already. Nothing was written.\n",
    )
    restored = run("restore", str(file))
    assert restored.exit_code == 0, restored.output
    assert f"{file} is the database now." in restored.output
    assert "refunddesk.db.before-" in restored.output
    assert "Payments of 1 stores wait" in restored.output
    assert is_blocked(edges)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_postgresql_is_left_to_its_own_tools(run: Run, tmp_path: Path, command: str) -> None:
    refused = run(command, str(tmp_path / "saved.db"))
    assert refused.exit_code == 1
    assert "use pg_dump and pg_restore" in refused.output


def test_a_restore_by_other_tools_is_marked(run: Run, edges: Edges) -> None:
    add_store(edges)
    assert not is_blocked(edges)
    marked = run("restore", "--mark")
    assert marked.exit_code == 0, marked.output
    assert is_blocked(edges)


@pytest.mark.parametrize(
    "words", [("restore",), ("restore", "saved.db", "--mark")], ids=["nothing", "both"]
)
def test_what_to_restore_is_said_once(run: Run, edges: Edges, words: tuple[str, ...]) -> None:
    refused = run(*words)
    assert refused.exit_code == 2
    assert "not both" in refused.output
