"""Files that people send are what they say, are kept apart, and never open as a page."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from PIL import Image

from refunddesk.attachments.content import NotTaken, read_content
from refunddesk.db.staff import Role
from refunddesk.services import attachments
from refunddesk.services.edges import Edges
from tests.asking import buy, report
from tests.building import add_store
from tests.conftest import TestClock
from tests.web.test_api import Program, app, employ, once  # noqa: F401

SCRIPT = b"<script>alert(1)</script>"


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "red").save(written, kind)
    return written.getvalue()


def zip_bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.txt", b"0" * 5_000_000)
    return written.getvalue()


def huge_picture() -> bytes:
    """A PNG of a few bytes that claims sixty thousand times sixty thousand points."""
    head = (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    chunk = b"IHDR" + head
    crc = zlib.crc32(chunk).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + len(head).to_bytes(4, "big") + chunk + crc + picture()[33:]


@pytest.fixture
def program(edges: Edges, app: Flask) -> Program:  # noqa: F811
    return employ(edges, app)


@pytest.fixture
def case_id(edges: Edges) -> int:
    order = buy(edges, add_store(edges))
    return report(edges, order, finding=None, gives_up=False, no_screenshots=False).id


def send(program: Program, case_id: int, data: bytes, name: str = "shot.png") -> tuple[int, dict]:
    path = f"/api/cases/{case_id}/attachments?name={name}"
    answer = program.call("POST", path, data=data, content_type="application/octet-stream")
    return answer.status_code, answer.get_json()


def test_a_screenshot_completes_the_report_and_is_saved_never_shown(
    program: Program, case_id: int, clock: TestClock, edges: Edges
) -> None:
    before = program.get(f"/api/cases/{case_id}").get_json()
    assert before["missing"] == ["screenshots"]
    clock.move(hours=1)
    status, kept = send(program, case_id, picture(), "../../<b>shot</b>.svg")
    assert status == 201
    assert kept["name"] == "b>.png"
    after = program.get(f"/api/cases/{case_id}").get_json()
    assert after["missing"] == []
    assert after["complete_at"] == "2026-03-02T11:00:00Z"
    served = program.get(f"/api/attachments/{kept['id']}")
    assert served.headers["Content-Type"] == "image/png"
    assert served.headers["Content-Disposition"].startswith("attachment;")
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in served.headers["Content-Security-Policy"]
    (file,) = (edges.home / "attachments").glob("*/*")
    assert len(file.name) == 40
    assert file.stat().st_mode & 0o077 == 0


def test_the_same_file_again_is_the_same_attachment(program: Program, case_id: int) -> None:
    first, again = send(program, case_id, picture()), send(program, case_id, picture())
    assert first[1] == again[1]


@once
@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(
            b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
            "SVG",
            id="an SVG with a script",
        ),
        pytest.param(b"\xef\xbb\xbf <!DOCTYPE html>" + SCRIPT, "HTML", id="a page"),
        pytest.param(b"%PDF-1.7 /JavaScript", "PDF", id="a PDF with a script"),
        pytest.param(zip_bomb(), "Archives", id="a zip bomb"),
        pytest.param(b"\x1f\x8b" + b"\x00" * 40, "Archives", id="a gzip bomb"),
        pytest.param(huge_picture(), "points", id="a picture bomb"),
        pytest.param(picture("JPEG", (64, 64))[:400], "damaged", id="half a picture"),
        pytest.param(b"MZ\x90\x00\x03", "neither", id="a program"),
        pytest.param(b"\x00" * 100, "neither", id="zeros"),
        pytest.param(b"  \n", "empty", id="nothing"),
        pytest.param(b"\xff\xfe\xff", "neither", id="no text of any kind"),
    ],
)
def test_what_is_neither_picture_nor_log_is_refused_with_its_reason(
    program: Program, case_id: int, edges: Edges, data: bytes, says: str
) -> None:
    status, told = send(program, case_id, data, "shot.png")
    assert (status, told["error"]) == (422, "attachment_not_taken")
    assert says in told["message"]
    assert not list(Path(edges.home).glob("attachments/*/*"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_that_is_a_page_too_is_only_a_picture_afterwards(kind: str) -> None:
    hidden = picture(kind) + b"\n<html>" + SCRIPT + b"PK\x03\x04"
    content = read_content(hidden)
    assert content.media_type == ("image/jpeg" if kind == "JPEG" else "image/png")
    assert b"script" not in content.data
    assert b"PK" not in content.data
    with Image.open(io.BytesIO(content.data)) as made_anew:
        assert made_anew.size == (8, 8)


def test_where_a_photo_was_taken_is_forgotten() -> None:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Ada's living room"
    Image.new("RGB", (8, 8)).save(written, "JPEG", exif=exif)
    assert b"living room" in written.getvalue()
    assert b"living room" not in read_content(written.getvalue()).data


def test_a_log_with_html_in_it_is_a_text_to_be_saved(program: Program, case_id: int) -> None:
    log = b"[02-Mar-2026] PHP Fatal error: " + SCRIPT
    _, kept = send(program, case_id, log, "debug.html")
    served = program.get(f"/api/attachments/{kept['id']}")
    assert kept["name"] == "debug.txt"
    assert served.headers["Content-Type"].startswith("text/plain")
    assert served.headers["Content-Disposition"].startswith("attachment;")
    assert served.data == log


@once
def test_a_file_of_200_mb_is_refused_unread(program: Program, case_id: int) -> None:
    answer = program.client.post(
        f"/api/cases/{case_id}/attachments?name=large.png",
        input_stream=io.BytesIO(b"never read"),
        headers={"Authorization": f"Bearer {program.token}"},
        environ_overrides={"CONTENT_LENGTH": str(200 * 1024**2)},
    )
    assert (answer.status_code, answer.get_json()["error"]) == (413, "body_too_large")
    assert "4 MB" in answer.get_json()["message"]


@once
def test_a_message_of_10_mb_is_refused(program: Program, case_id: int) -> None:
    body = {"kind": "reply", "words": "x" * 10_000_000}
    answer = program.post(f"/api/cases/{case_id}/turns", body)
    assert (answer.status_code, answer.get_json()["error"]) == (413, "body_too_large")
    just = program.post(f"/api/cases/{case_id}/turns", {"kind": "reply", "words": "x" * 20_001})
    assert (just.status_code, just.get_json()["error"]) == (422, "fields_not_valid")
    fine = program.post(f"/api/cases/{case_id}/turns", {"kind": "reply", "words": "x" * 20_000})
    assert fine.status_code == 201


@once
def test_a_case_has_room_for_so_much(
    program: Program, case_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "_MOST_OF_CASE", 30)
    assert send(program, case_id, b"a log of 20 bytes...")[0] == 201
    status, told = send(program, case_id, b"another one of 20...")
    assert (status, told["error"]) == (409, "case_full")


@once
def test_an_attachment_whose_bytes_are_gone_says_so(
    program: Program, case_id: int, edges: Edges
) -> None:
    _, kept = send(program, case_id, picture())
    (file,) = (edges.home / "attachments").glob("*/*")
    file.unlink()
    answer = program.get(f"/api/attachments/{kept['id']}")
    assert (answer.status_code, answer.get_json()["error"]) == (404, "attachment_gone")
    assert program.get("/api/attachments/99").get_json()["error"] == "no_such_attachment"


@once
def test_a_file_whose_row_never_came_is_swept_away(
    program: Program, case_id: int, edges: Edges, clock: TestClock
) -> None:
    send(program, case_id, picture())
    stray = edges.home / "attachments" / "ab"
    stray.mkdir()
    (stray / ("ab" * 20)).write_bytes(b"left behind")
    attachments.drop_strays(edges)
    assert len(list((edges.home / "attachments").glob("*/*"))) == 2, "it may just be in the making"
    clock.at = clock.at.replace(year=2099)
    attachments.drop_strays(edges)
    (kept,) = (edges.home / "attachments").glob("*/*")
    assert not kept.name.startswith("abab")


@once
def test_an_auditor_may_save_and_not_send(edges: Edges, app: Flask, case_id: int) -> None:  # noqa: F811
    _, kept = send(employ(edges, app), case_id, picture())
    auditor = employ(edges, app, Role.AUDITOR)
    assert auditor.get(f"/api/attachments/{kept['id']}").status_code == 200
    assert send(auditor, case_id, picture())[0] == 403


@trying(deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: picture() + tail))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    try:
        content = read_content(data)
    except NotTaken:
        return
    assert content.media_type in ("image/png", "image/jpeg", "text/plain")
