"""Anybody may read a store's policy: in three languages, by version, from any cache."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from refunddesk.extension import create_app
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.building import add_store


@pytest.fixture
def reader(settings: Settings, edges: Edges) -> FlaskClient:
    add_store(edges)
    return create_app(settings, edges=edges).test_client()


once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_page_comes_in_the_readers_language_and_links_the_others(reader: FlaskClient) -> None:
    answer = reader.get("/policies/1/", headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "de")
    assert "Erstattungsrichtlinie" in answer.text
    assert 'href="/policies/1/fr/"' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    assert "Refund policy" in reader.get("/policies/1/").text
    assert "Politique de remboursement" in reader.get("/policies/1/fr/").text


@once
def test_a_cache_may_keep_the_page_and_ask_whether_it_is_still_the_same(
    reader: FlaskClient,
) -> None:
    first = reader.get("/policies/1/en/")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = reader.get("/policies/1/en/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Security-Policy" in again.headers
    assert "Set-Cookie" not in first.headers


@once
def test_nothing_but_the_pages_own_style_is_allowed_on_it(reader: FlaskClient) -> None:
    headers = reader.get("/policies/1/en/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert headers["X-Frame-Options"] == "DENY"


def test_a_version_has_an_address_of_its_own(reader: FlaskClient) -> None:
    assert reader.get("/policies/1/en/1").status_code == 200
    missing = reader.get("/policies/1/en/7")
    assert (missing.status_code, missing.text) == (404, "This policy has no such version.\n")


@once
@pytest.mark.parametrize("path", ["/policies/2/", "/policies/2/en/", "/policies/1/it/"])
def test_what_is_not_there_is_said_to_be_missing(reader: FlaskClient, path: str) -> None:
    assert reader.get(path).status_code == 404


@once
def test_a_policy_that_cannot_be_read_is_not_shown_and_gives_nothing_away(
    reader: FlaskClient, edges: Edges
) -> None:
    folder = edges.home / "policies"
    folder.mkdir(parents=True)
    (folder / "crmjetty.toml").write_text("broken = ", encoding="utf-8")
    answer = reader.get("/policies/1/en/")
    assert answer.status_code == 503
    assert answer.text == "The policy of this store cannot be shown just now.\n"
    (folder / "crmjetty.toml").unlink()
    assert reader.get("/policies/1/en/").status_code == 200
