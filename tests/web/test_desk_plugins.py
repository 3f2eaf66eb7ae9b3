"""Staff see every plugin on every release, the line that breaks, and hand in the next zip."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.compat.surface import WORDPRESS
from refunddesk.db import plugins
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services.edges import Edges
from refunddesk.services.releases import add_release, promise_readings
from refunddesk.settings import Settings
from tests.compat.synthetic import HEADER, write_zip
from tests.services.checking import (
    BREAKS,
    VENDOR,
    WORKS,
    hand_in,
    plugin_zip,
    upload,
    wordpress_org,
    wordpress_zip,
    work,
)
from tests.web.test_desk import Browser, employ


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def browser(app: Flask, edges: Edges) -> Browser:
    employ(edges)
    browser = Browser(app.test_client())
    browser.sign_in()
    return browser


@pytest.fixture
def broken(edges: Edges, tmp_path: Path) -> str:
    """The path of a check that found a line."""
    hand_in(edges, wordpress_zip(tmp_path, "8.0"))
    upload(edges, plugin_zip(tmp_path, f"/* <script> */\n{BREAKS}"))
    hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    return "/desk/checks/2"


def give(browser: Browser, place: Path, **fields: str) -> TestResponse:
    token = fields.pop("csrf_token", None) or browser.form_token("/desk/plugins")
    data = {"csrf_token": token, **fields, "zip": (io.BytesIO(place.read_bytes()), place.name)}
    return browser.client.post("/desk/plugins", data=data)


def test_the_matrix_shows_each_plugin_on_each_release(browser: Browser, broken: str) -> None:
    page = browser.see("/desk/plugins").text
    assert page.index("WordPress 8.1") < page.index("WordPress 8.0")
    assert "Mine 1.0" in page
    assert f'<a href="{broken}"><span class="state broken">Broken</span></a>' in page
    assert '<span class="state unverified">Unverified</span>' in page
    assert "Plugins that need work" in page


def test_a_check_shows_the_line_that_breaks_and_where_it_was_seen_last(
    browser: Browser, broken: str
) -> None:
    page = browser.see(broken).text
    assert "<code>mine.php:7</code> gone" in page
    assert "The function gone() is gone since WordPress 8.1." in page
    assert "Last seen in WordPress 8.0, wp-includes/a.php." in page
    assert "/* &lt;script&gt; */" in page
    assert "<mark>" in page
    assert "opened by this check" in page
    assert "plugin checked" in page


def test_while_checks_are_made_the_page_says_how_far_they_are(
    browser: Browser, edges: Edges, tmp_path: Path
) -> None:
    for slug in ("one", "two"):
        upload(edges, plugin_zip(tmp_path, WORKS, slug=slug))
    add_release(edges, wordpress_zip(tmp_path, "8.0"), by=VENDOR)
    assert "0 of 2 plugins checked" in browser.see("/desk/plugins").text
    work(edges)
    assert "plugins checked" not in browser.see("/desk/plugins").text


def test_a_zip_given_on_the_page_is_taken_in_and_checked(
    browser: Browser, edges: Edges, broken: str, tmp_path: Path
) -> None:
    answer = give(browser, plugin_zip(tmp_path, WORKS, version="1.1"), products="PORTAL-1 portal")
    assert (answer.status_code, answer.location) == (303, "/desk/plugins")
    work(edges)
    page = browser.see("/desk/plugins").text
    assert "Mine 1.1" in page
    assert "Plugins that need work" not in page
    assert "closed by" in browser.see(broken).text
    with edges.database.read() as transaction:
        (plugin,) = plugins.list_plugins(transaction)
        assert plugin.products == ("PORTAL-1", "portal")
        (current,) = plugins.list_current(transaction)
        assert current.uploaded_by == "staff:1"


def test_what_is_no_plugin_is_refused_with_its_reason(browser: Browser, tmp_path: Path) -> None:
    theme = write_zip(tmp_path / "theme.zip", {"style.css": ""})
    answer = give(browser, theme)
    assert answer.status_code == 422
    assert "theme.zip is no plugin" in answer.text
    assert "No plugin is known yet" in browser.see("/desk/plugins").text
    nothing = browser.client.post(
        "/desk/plugins", data={"csrf_token": browser.form_token("/desk/plugins")}
    )
    assert (nothing.status_code, "No file was chosen" in nothing.text) == (422, True)


def test_names_from_a_zip_are_shown_and_never_run(
    browser: Browser, edges: Edges, tmp_path: Path
) -> None:
    source = HEADER.format(name="<script>alert(1)</script>")
    give(browser, write_zip(tmp_path / "<b>.zip", {"odd/odd.php": source}))
    page = browser.see("/desk/plugins").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("size", "status"), [(4 << 20, 413), ((4 << 20) - 2000, 422)], ids=["too large", "just fits"]
)
def test_a_file_beyond_the_limit_is_not_read(browser: Browser, size: int, status: int) -> None:
    token = browser.form_token("/desk/plugins")
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
        '--b\r\nContent-Disposition: form-data; name="zip"; filename="large.zip"\r\n\r\n'
    )
    body = parts.encode() + b"\0" * size + b"\r\n--b--\r\n"
    answer = browser.client.post(
        "/desk/plugins", data=body, content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code == status
    if status == 413:
        assert "More than 4 MiB cannot be given here" in answer.text


def test_an_auditor_reads_and_changes_nothing(
    app: Flask, edges: Edges, broken: str, tmp_path: Path
) -> None:
    employ(edges, "audit@store.test", Role.AUDITOR)
    auditor = Browser(app.test_client())
    auditor.sign_in("audit@store.test")
    for path in ("/desk/plugins", broken):
        page = auditor.see(path)
        assert page.status_code == 200
        assert "<form" not in page.text.partition("<main")[2]
    token = auditor.form_token("/desk/")
    assert give(auditor, plugin_zip(tmp_path, WORKS), csrf_token=token).status_code == 403
    again = auditor.client.post(f"{broken}/again", data={"csrf_token": token})
    assert again.status_code == 403


def test_a_check_can_be_made_again(browser: Browser, edges: Edges, broken: str) -> None:
    token = browser.form_token(broken)
    answer = browser.client.post(f"{broken}/again", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, broken)
    assert "it is being checked again" in browser.see(broken).text
    work(edges)
    assert "There is a newer check of this pair" in browser.see(broken).text


def test_a_form_of_another_site_changes_nothing(
    browser: Browser, edges: Edges, tmp_path: Path
) -> None:
    assert give(browser, plugin_zip(tmp_path, WORKS), csrf_token="x").status_code == 400
    with edges.database.read() as transaction:
        assert plugins.list_plugins(transaction) == []


def test_a_feed_that_cannot_be_read_is_told(browser: Browser, edges: Edges, tmp_path: Path) -> None:
    upload(edges, plugin_zip(tmp_path, WORKS))
    with wordpress_org() as site:
        reading = site.read_by(edges, addresses={WORDPRESS: f"{site.address}/core"})
        promise_readings(reading)
        work(reading)
    page = browser.see("/desk/plugins").text
    assert "The releases of WordPress cannot be heard of" in page
    assert "it answers 404" in page


@pytest.mark.parametrize("path", ["/desk/plugins", "/desk/checks/1"])
def test_a_stranger_is_led_to_the_sign_in_page(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.location) == (303, "/desk/sign-in")


def test_a_check_that_is_not_there_is_said_to_be_missing(browser: Browser) -> None:
    assert browser.see("/desk/checks/7").status_code == 404
