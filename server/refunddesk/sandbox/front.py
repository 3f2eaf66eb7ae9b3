"""What stands in front of the store: proxy answers, slow workers, connections that break."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Flask, Response, g, request

from refunddesk.sandbox.faults import Fault, Mode
from refunddesk.sandbox.rest_orders import BAD_GATEWAY_PAGE
from refunddesk.sandbox.store import SandboxStore

_MAINTENANCE_PAGE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>"
    "<h1>Briefly unavailable for scheduled maintenance. Check back in a minute.</h1></body></html>"
)
_GARBAGE = b"\n<br />\n<b>Notice</b>:  Undefined index in <b>/srv/plugin.php</b> on line <b>1</b>"


class ConnectionCut(ConnectionError):
    """Raised to an in-process client where a real one would find its connection closed."""


class InFlight:
    """Counts the requests being worked on, so that a server can wait for the last of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def wait_until_none(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)


def install(app: Flask, store: SandboxStore) -> None:
    """Let armed faults meet the requests of the API before and after they are worked on."""

    @app.before_request
    def meet_fault() -> Response | None:
        g.fault = None
        if not request.path.startswith("/wp-json"):
            return None
        fault = g.fault = store.faults.take_for_request(request.method, request.path)
        return _before(store, fault) if fault else None

    @app.after_request
    def break_answer(response: Response) -> Response:
        fault: Fault | None = g.get("fault")
        return _after(fault, response) if fault else response


def _before(store: SandboxStore, fault: Fault) -> Response | None:
    """An answer given instead of the store's, or None to go on."""
    request.get_data()
    if fault.mode == Mode.SLOW:
        store.pause(fault.seconds)
    elif fault.mode == Mode.ABANDONED:
        # The client is gone at once; the work waits for a free worker and is then done (A3, i1).
        _cut()
        store.pause(fault.seconds)
    elif fault.mode == Mode.MAINTENANCE:
        headers = {"Retry-After": "600"}
        return Response(_MAINTENANCE_PAGE, 503, headers, content_type="text/html; charset=utf-8")
    elif fault.mode == Mode.BAD_GATEWAY:
        return Response(BAD_GATEWAY_PAGE, 502, content_type="text/html")
    elif fault.mode == Mode.TOO_MANY:
        return Response(fault.message or "Too many requests", 429, content_type="text/html")
    elif fault.mode == Mode.REDIRECT:
        target = fault.message or store.site_url + request.full_path.rstrip("?")
        return Response("", 301, {"Location": target}, content_type="text/html")
    elif fault.mode == Mode.CLOSES_BEFORE:
        _cut()
        return _nobody_hears()
    return None


def _after(fault: Fault, response: Response) -> Response:
    if fault.mode == Mode.CLOSES_AFTER:
        _cut()
        return _nobody_hears()
    if fault.mode == Mode.ABANDONED:
        return _nobody_hears()
    if fault.mode == Mode.CLOSES_MID_BODY:
        whole = response.get_data()
        broken = Response(
            _half(whole, _connection()), response.status_code, content_type=response.content_type
        )
        broken.headers["Content-Length"] = str(len(whole))
        return broken
    if fault.mode == Mode.TRAILING_GARBAGE:
        response.set_data(response.get_data() + _GARBAGE)
    return response


def _half(whole: bytes, connection: socket.socket | None) -> Iterator[bytes]:
    yield whole[: len(whole) // 2]
    _shut(connection)


def _connection() -> socket.socket | None:
    return request.environ.get("werkzeug.socket")


def _cut() -> None:
    _shut(_connection())


def _shut(connection: socket.socket | None) -> None:
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _nobody_hears() -> Response:
    if _connection() is None:
        raise ConnectionCut("the sandbox closed the connection")
    return Response(status=500)
