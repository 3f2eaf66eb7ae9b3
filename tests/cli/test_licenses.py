"""The commands for licences take over a file, keep a list of staging sites, and check receipts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refunddesk.cli import main
from refunddesk.services import licenses
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.building import add_store

# What the commands say is the same on either database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Run = Callable[..., Result]
KEY = "WXYZ-7742-AB3C-99Q0"


@pytest.fixture
def run(settings: Settings) -> Run:
    environment = {
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": ",".join(settings.sealing_keys),
        "DATABASE_URL": settings.database_url,
    }
    return lambda *arguments: CliRunner(env=environment).invoke(main, ["licenses", *arguments])


def test_a_file_is_tried_mended_and_taken_over(run: Run, edges: Edges, tmp_path: Path) -> None:
    store = str(add_store(edges))
    file = tmp_path / "licences.csv"
    file.write_text(f"key,product,sites_limit,sites\n{KEY},crm-portal,0,ada.example\n")
    refused = run("import", store, str(file))
    assert refused.exit_code == 1
    assert "Nothing was imported" in refused.output
    assert "line 2: sites_limit must be from 1" in refused.output
    file.write_text(f"key,product,sites_limit,sites\n{KEY},crm-portal,2,ada.example\n")
    assert "Would import 1 licences" in run("import", store, str(file), "--dry-run").output
    assert "Imported 1 licences" in run("import", store, str(file)).output
    assert "1 licences were known already" in run("import", store, str(file)).output
    assert licenses.activate(edges, KEY, "bob.example").sites == 2


def test_a_receipt_is_shown_and_checked(run: Run, edges: Edges, tmp_path: Path) -> None:
    store = str(add_store(edges))
    file = tmp_path / "licences.csv"
    file.write_text(f"key,product,sites_limit\n{KEY},crm-portal,2\n")
    run("import", store, str(file))
    licenses.deactivate(edges, licenses.activate(edges, KEY, "ada.example").token)
    shown = run("receipt", "1")
    assert json.loads(shown.output)["site"] == "ada.example"
    kept = tmp_path / "receipt.json"
    kept.write_text(shown.output)
    assert "as this desk signed it" in run("verify", str(kept)).output
    assert "1 receipts" in run("verify").output
    kept.write_text(shown.output.replace("ada.example", "eve.example"))
    broken = run("verify", str(kept))
    assert (broken.exit_code, "another site" in broken.output) == (1, True)
    kept.write_text("no receipt")
    assert "not JSON" in run("verify", str(kept)).output
    assert run("receipt", "9").exit_code == 1


def test_a_store_has_its_own_list_of_staging_sites(run: Run, edges: Edges) -> None:
    store = str(add_store(edges))
    assert run("staging-sites", "add", store, "*.copies.example").exit_code == 0
    assert run("staging-sites", "list", store).output == "*.copies.example\n"
    assert run("staging-sites", "add", store, "a b").exit_code == 1
    assert run("staging-sites", "add", "9", "*.copies.example").exit_code == 1
    run("staging-sites", "remove", store, "*.copies.example")
    assert run("staging-sites", "list", store).output == ""
