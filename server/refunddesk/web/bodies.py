"""Reads what a program sends: strict JSON of known keys, or a refusal that names what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flask import request
from marshmallow import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from refunddesk.policy.fields import StrictSchema, first_problem
from refunddesk.services.refusal import Refusal
from refunddesk.woocommerce.strictjson import IllJson, read_json

MOST_BYTES = 64 * 1024
#: The largest row number of both databases.
MOST_ID = 2**63 - 1
# PostgreSQL stores no zero byte, and no encoding knows half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBER = re.compile("[0-9]{1,19}")


class BodyNotJson(Refusal):
    """The body is not one JSON value, strictly read."""


class BodyTooLarge(Refusal):
    """The body has more bytes than any request needs."""


class WrongContentType(Refusal):
    """The body is not said to be JSON."""


class FieldsNotValid(Refusal):
    """A key is missing, unknown, or holds what it may not."""


def read_body(schema: StrictSchema, *, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """The body of the current request, loaded by `schema`.

    Raises WrongContentType, BodyTooLarge, BodyNotJson, FieldsNotValid.
    """
    if request.mimetype != "application/json":
        raise WrongContentType("Nothing was done: send JSON, as Content-Type: application/json.")
    request.max_content_length = most_bytes
    try:
        body = read_json(request.get_data())
    except RequestEntityTooLarge:
        raise BodyTooLarge(
            f"Nothing was done: a body here has at most {most_bytes} bytes."
        ) from None
    except IllJson as error:
        raise BodyNotJson(f"Nothing was done: the body is not strict JSON. {error}") from None
    if any(_UNSTORABLE.search(text) for text in _texts(body)):
        raise BodyNotJson("Nothing was done: a text holds a character that cannot be stored.")
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        path, problem = first_problem(error.messages)
        raise _not_valid(path or "the body", problem) from None
    return loaded


def read_bytes(most_bytes: int) -> bytes:
    """The body of the current request as it is, refused unread where it is said to be too large.

    Raises BodyTooLarge.
    """
    request.max_content_length = most_bytes
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        raise BodyTooLarge(
            f"Nothing was kept: a file has at most {most_bytes // 1024**2} MB."
        ) from None


def read_name() -> str:
    """The query's `name`, of at most 300 characters. Raises FieldsNotValid."""
    names = request.args.getlist("name")
    if set(request.args) != {"name"} or len(names) != 1:
        raise _not_valid("name", "is to be given once in the query, and nothing else")
    if not 0 < len(names[0]) <= 300 or _UNSTORABLE.search(names[0]):
        raise _not_valid("name", "must have 1 to 300 characters")
    return names[0]


def read_query(*names: str) -> list[int]:
    """The query's numbers of these names, all of them and nothing else. Raises FieldsNotValid."""
    for name in request.args:
        if name not in names:
            raise _not_valid(repr(name[:60]), "is not a known key")
    values = []
    for name in names:
        given = request.args.getlist(name)
        if not given:
            raise _not_valid(name, "is missing")
        if len(given) > 1:
            raise _not_valid(name, "is given more than once")
        (text,) = given
        if not _NUMBER.fullmatch(text) or int(text) > MOST_ID:
            raise _not_valid(name, "must be a whole number")
        values.append(int(text))
    return values


def read_choices(**choices: Sequence[str]) -> dict[str, str]:
    """One of its values for each of these names of the query; the first where it is not given.

    Raises FieldsNotValid, also for any other name.
    """
    for name in request.args:
        if name not in choices:
            raise _not_valid(repr(name[:60]), "is not a known key")
    chosen = {}
    for name, values in choices.items():
        given = request.args.getlist(name) or [values[0]]
        if len(given) > 1:
            raise _not_valid(name, "is given more than once")
        if given[0] not in values:
            raise _not_valid(name, f"must be one of {', '.join(values)}")
        chosen[name] = given[0]
    return chosen


def _not_valid(path: str, problem: str) -> FieldsNotValid:
    return FieldsNotValid(f"Nothing was done: {path} {problem}.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _texts(part)
