"""How the sandbox answers over REST: keys, bodies, pages, errors, as WordPress gives them."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, Response, abort, current_app, g, request

from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.store import ApiKey, SandboxStore
from refunddesk.sandbox.webhooks import encode

API = "/wp-json/wc/v3"
BRIDGE_API = "/wp-json/wc-refund-desk/v1"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_CANNOT = {
    "GET": ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource."),
    "POST": (
        "woocommerce_rest_cannot_create",
        "Sorry, you are not allowed to create resources.",
    ),
    "PUT": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "DELETE": (
        "woocommerce_rest_cannot_delete",
        "Sorry, you are not allowed to delete this resource.",
    ),
}

_CRITICAL_ERROR = (
    "<p>There has been a critical error on this website.</p>"
    '<p><a href="https://wordpress.org/documentation/article/faq-troubleshooting/">'
    "Learn more about troubleshooting WordPress.</a></p>"
)


class RestError(Exception):
    """An error answer. `data` is usually `{"status": ...}`, but a bare number for refunds (A4)."""

    def __init__(self, status: int, code: str, message: str, data: object = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.data = {"status": status} if data is None else data


def invalid_id(noun: str, status: int = 404) -> RestError:
    return RestError(status, f"woocommerce_rest_{noun}_invalid_id", "Invalid ID.")


def invalid_param(name: str, reason: str, code: str = "rest_invalid_type") -> RestError:
    """A parameter of the wrong type or out of its range: the only 400 of the refund route."""
    detail_data = {"param": name} if code == "rest_invalid_type" else None
    data = {
        "status": 400,
        "params": {name: reason},
        "details": {name: {"code": code, "message": reason, "data": detail_data}},
    }
    return RestError(400, "rest_invalid_param", f"Invalid parameter(s): {name}", data)


def not_one_of(name: str, allowed: Sequence[str], at: str = "") -> RestError:
    reason = f"{name}{at} is not one of {', '.join(allowed[:-1])}, and {allowed[-1]}."
    return invalid_param(name, reason, "rest_not_in_enum")


def answer(
    store: SandboxStore, body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A JSON answer with the headers every answer of the API carries."""
    response = Response(encode(body), status=status, content_type="application/json; charset=UTF-8")
    response.headers["Link"] = f'<{store.site_url}/wp-json/>; rel="https://api.w.org/"'
    if request.url_rule is not None and status != 401:
        response.headers["Allow"] = ", ".join(_allowed_here())
    response.headers.extend(headers or {})
    return response


def _allowed_here() -> list[str]:
    adapter = current_app.create_url_adapter(request)
    found = set(adapter.allowed_methods()) if adapter else set()
    return [method for method in _METHODS if method in found]


def error_answer(store: SandboxStore, error: RestError) -> Response:
    body = {"code": error.code, "message": error.message, "data": error.data}
    return answer(store, body, error.status)


def critical_error(store: SandboxStore) -> Response:
    """What WordPress answers when PHP died of an uncaught exception while it spoke JSON."""
    body = {
        "code": "internal_server_error",
        "message": _CRITICAL_ERROR,
        "data": {"status": 500},
        "additional_errors": [],
    }
    response = answer(store, body, 500)
    del response.headers["Allow"]
    return response


def created(store: SandboxStore, body: Document, location: str) -> Response:
    return answer(store, body, 201, {"Location": store.site_url + location})


# -- keys ------------------------------------------------------------------------------------


def check_key(store: SandboxStore) -> None:
    """Let a request through, or raise RestError as WooCommerce words it.

    Basic auth counts over https only; over http a key is as good as none (A14).
    """
    key = _key_of_request(store)
    if key is None:
        method = "PUT" if request.method == "PATCH" else request.method
        code, message = _CANNOT.get(method, _CANNOT["GET"])
        if method == "GET" and request.view_args == {}:
            message = "Sorry, you cannot list resources."
        raise RestError(401, code, message)
    if key.permissions == "read" and request.method not in ("GET", "HEAD", "OPTIONS"):
        raise RestError(
            401,
            "woocommerce_rest_authentication_error",
            "The API key provided does not have write permissions.",
        )


def _key_of_request(store: SandboxStore) -> ApiKey | None:
    header = request.headers.get("Authorization", "")
    if not request.is_secure or not header.startswith("Basic "):
        return None
    try:
        name, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (ValueError, UnicodeDecodeError):
        return None
    for key in store.api_keys:
        if key.consumer_key == name:
            if hmac.compare_digest(key.consumer_secret.encode(), secret.encode()):
                return key
            raise RestError(
                401, "woocommerce_rest_authentication_error", "Consumer secret is invalid."
            )
    return None


def read_body() -> None:
    """Parse the request's JSON into `g.body`; raises RestError for anything but an object."""
    g.body = {}
    raw = request.get_data()
    if not raw or request.mimetype != "application/json":
        return
    try:
        body = json.loads(raw)
    except ValueError as error:
        data = {"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"}
        raise RestError(400, "rest_invalid_json", "Invalid JSON body passed.", data) from error
    g.body = body if isinstance(body, dict) else {}


def body_text(name: str) -> str | None:
    """A parameter that must be a string where it is given."""
    value = g.body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid_param(name, f"{name} is not of type string.")
    return value


def body_flag(name: str, default: bool) -> bool:
    """A yes or no; the strings "false" and "0" are a no (A6)."""
    value = g.body.get(name, default)
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    if not isinstance(value, bool | int):
        raise invalid_param(name, f"{name} is not of type boolean.")
    return bool(value)


# -- lists -----------------------------------------------------------------------------------


def page_of(
    store: SandboxStore, rows: list[Document], show: Callable[[Document], Document]
) -> Response:
    """The page of `rows` the query asks for, with totals and links as WordPress gives them.

    Understands `per_page` (1 to 100, else 10), `page`, `offset` (in place of `page`), `_fields`.
    """
    per_page, page = _whole("per_page", 10, 100), _whole("page", 1, 10**6)
    pages = -(-len(rows) // per_page)
    begin = _whole("offset", (page - 1) * per_page, 10**8, least=0)
    shown = [only_fields(show(row)) for row in rows[begin : begin + per_page]]
    if page > max(pages, 1):
        # Past its last page WooCommerce counts nothing at all.
        rows, pages = [], 0
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
    response = answer(store, shown, headers=headers)
    for name, number in (("prev", page - 1), ("next", page + 1)):
        if 1 <= number <= pages:
            query = urlencode({**request.args.to_dict(), "page": number})
            link = f'<{store.site_url}{request.path}?{query}>; rel="{name}"'
            response.headers["Link"] += f", {link}"
    return response


def only_fields(shown: Document) -> Document:
    """The fields asked for by `_fields`, or all."""
    wanted = request.args.get("_fields")
    if not wanted:
        return shown
    names = re.split(r"[, ]+", wanted)
    return {key: value for key, value in shown.items() if key in names}


def _whole(name: str, default: int, most: int, least: int = 1) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal():
        raise invalid_param(name, f"{name} is not of type integer.")
    if not least <= int(text) <= most:
        reason = f"{name} must be between {least} (inclusive) and {most} (inclusive)"
        raise invalid_param(name, reason, "rest_out_of_bounds")
    return int(text)


def matching(store: SandboxStore, rows: list[Document]) -> list[Document]:
    """The rows the query's filters leave, in the order it asks for (newest first by default).

    Understands `after`, `before`, `modified_after`, `modified_before`, `dates_are_gmt`,
    `include`, `exclude`, `parent`, `customer`, `orderby` (date, modified, id) and `order`.
    """
    for name, key, newer in (
        ("after", "date_created_gmt", True),
        ("before", "date_created_gmt", False),
        ("modified_after", "date_modified_gmt", True),
        ("modified_before", "date_modified_gmt", False),
    ):
        if limit := _instant(store, name):
            rows = [row for row in rows if row[key] != limit and (row[key] > limit) == newer]
    for name, key, keep in (
        ("include", "id", True),
        ("exclude", "id", False),
        ("parent", "parent_id", True),
        ("customer", "customer_id", True),
    ):
        if numbers := _numbers(name):
            rows = [row for row in rows if (row[key] in numbers) == keep]
    sort_key = {"date": "date_created_gmt", "modified": "date_modified_gmt"}.get(
        request.args.get("orderby", "date"), "id"
    )
    descending = request.args.get("order", "desc") != "asc"
    return sorted(rows, key=lambda row: (row[sort_key], row["id"]), reverse=descending)


def _numbers(name: str) -> set[int]:
    texts = [*request.args.getlist(name), *request.args.getlist(f"{name}[]")]
    parts = [part for text in texts for part in text.split(",") if part.strip()]
    if not all(part.strip().isdecimal() for part in parts):
        raise invalid_param(name, f"{name}[0] is not of type integer.")
    return {int(part) for part in parts}


def _instant(store: SandboxStore, name: str) -> str | None:
    """A date of the query as UTC text; without `dates_are_gmt` it means the store's zone (F1)."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid_param(name, "Invalid date.", "rest_invalid_date") from error
    if at.tzinfo is None:
        is_utc = request.args.get("dates_are_gmt", "").lower() in ("true", "1")
        at = at.replace(tzinfo=UTC if is_utc else ZoneInfo(store.settings.timezone))
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def install(app: Flask, store: SandboxStore) -> None:
    """Keys and bodies before every API request, WordPress' errors after."""

    @app.before_request
    def admit() -> None:
        if request.path.startswith(BRIDGE_API) and not store.bridge.installed:
            abort(404)
        if request.path.startswith((API, BRIDGE_API)):
            read_body()
            if request.url_rule is not None:
                check_key(store)

    @app.errorhandler(RestError)
    def refused(error: RestError) -> Response:
        return error_answer(store, error)

    @app.errorhandler(404)
    @app.errorhandler(405)
    def no_route(error: Exception) -> Response | tuple[str, int]:
        if not request.path.startswith("/wp-json"):
            return "Nothing here. The sandbox is at /sandbox/.", 404
        message = "No route was found matching the URL and request method."
        return error_answer(store, RestError(404, "rest_no_route", message))
