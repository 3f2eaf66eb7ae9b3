"""Log lines tell what happened and never who somebody is or what opens a door."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from refunddesk import logs

Lines = Callable[[], list[dict[str, Any]]]
SECRET = "karla.kunde@example.test"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    yield io.StringIO()
    logs.set_up("json")


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    logs.set_up("json", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def fail_over(row: dict[str, str]) -> None:
    try:
        raise KeyError(f"no such column in {row}")
    except KeyError as error:
        raise ValueError(f"cannot use {row['email']}") from error


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "consumer_secret",
        "token",
        "staff_tokens",
        "Authorization",
        "password",
        "email",
        "customer_email",
        "mail",
        "body",
        "license_key",
        "keys",
        "name",
        "first_name",
        "billing",
        "claim",
    ],
)
def test_what_has_the_name_of_a_secret_is_withheld(lines: Lines, name: str) -> None:
    structlog.get_logger().info("something", **{name: "Karla"}, refund=7)
    (line,) = lines()
    assert line[name] == "[withheld]"
    assert line["refund"] == 7


@pytest.mark.parametrize(
    "name", ["subject", "queue", "job", "round", "because", "endpoint", "route", "keyboard"]
)
def test_what_happened_is_told(lines: Lines, name: str) -> None:
    structlog.get_logger().info("something", **{name: "order.updated"})
    assert lines()[0][name] == "order.updated"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"mail to <{SECRET}>, refused", "mail to <[e-mail]>, refused"),
        (f"Key (email)=({SECRET}) exists", "Key (email)=([e-mail]) exists"),
        ("with ck_0123456789abcdef", "with [key]"),
        ("with cs_0123456789abcdef.", "with [key]."),
        ("sent Bearer rdt_abcdefgh-1234", "sent [authorization]"),
        ("sent basic Y2s6Y3M=", "sent [authorization]"),
        ("key 0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV", "key [key]"),
        ("GET https://s.test/x?oauth_signature=abc now", "GET https://s.test/x?[query] now"),
        ("Is it there? x=1", "Is it there? x=1"),
        ("refund 7 of order 12 at 10:30", "refund 7 of order 12 at 10:30"),
    ],
    ids=[
        "an address in brackets",
        "an address in a database's words",
        "a store's key",
        "a store's secret",
        "a token",
        "a pair of keys",
        "a licence key",
        "a query",
        "a question",
        "numbers",
    ],
)
def test_what_gives_itself_away_is_taken_out_of_any_text(
    lines: Lines, text: str, told: str
) -> None:
    structlog.get_logger().warning(text, because=[text], more={"detail": text})
    (line,) = lines()
    assert (line["event"], line["because"], line["more"]) == (told, [told], {"detail": told})


def test_an_exception_is_told_by_its_kinds_and_places_alone(
    lines: Lines, stream: io.StringIO
) -> None:
    try:
        fail_over({"email": SECRET, "said": "Karla Kunde"})
    except ValueError:
        structlog.get_logger().exception("reading failed")
    (line,) = lines()
    told = line["exception"]
    assert [one for one in told if not one.startswith(" ")] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
    assert any("test_logs.py" in one and "in fail_over" in one for one in told)
    assert "Karla" not in stream.getvalue()
    assert "example.test" not in stream.getvalue()


def test_libraries_speak_the_same_way(lines: Lines, stream: io.StringIO) -> None:
    try:
        fail_over({"email": SECRET})
    except ValueError:
        logging.getLogger("some.library").exception("refused %s", SECRET)
    logging.getLogger("some.library").info("not worth a line")
    (line,) = lines()
    assert line["event"] == "refused [e-mail]"
    assert line["level"] == "error"
    assert line["exception"][0] == "builtins.ValueError"
    assert "example.test" not in stream.getvalue()


def test_a_terminal_shows_the_same_and_no_more(stream: io.StringIO) -> None:
    logs.set_up("console", stream)
    try:
        fail_over({"email": SECRET})
    except ValueError:
        structlog.get_logger().exception("reading failed", token="abc", store=3)
    shown = stream.getvalue()
    assert "reading failed" in shown
    assert "store=3" in shown
    assert "in fail_over" in shown
    assert "example.test" not in shown
    assert "abc" not in shown


def test_lines_are_written_once_however_often_they_are_set_up(stream: io.StringIO) -> None:
    logs.set_up("json", stream)
    logs.set_up("json", stream)
    logging.getLogger("some.library").warning("hello")
    assert len(stream.getvalue().splitlines()) == 1
