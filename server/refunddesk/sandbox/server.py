"""The sandbox on a port of this machine, over https, inside this process."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from refunddesk import clock
from refunddesk.sandbox.answering import Postman
from refunddesk.sandbox.app import create_sandbox_app
from refunddesk.sandbox.certificates import ensure_certificates
from refunddesk.sandbox.front import InFlight
from refunddesk.sandbox.store import SandboxStore, StoreClosed

#: How long `serve` waits at its end for requests still being worked on.
GRACE_SECONDS = 5.0
#: In the directory of `serve`: mails as files, which a page of the sandbox shows.
MAIL_FOLDER = "mails"


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """Where a served sandbox is and how to get in."""

    url: str
    ca_file: Path
    consumer_key: str
    consumer_secret: str
    read_only_key: str
    read_only_secret: str
    store: SandboxStore


class _QuietHandler(WSGIRequestHandler):
    """Speaks HTTP/1.1, as the recorded store does, and logs nothing by itself."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass

    def handle(self) -> None:
        # A client that gives up in the middle is no error of the server's.
        with suppress(ConnectionError, ssl.SSLError, TimeoutError):
            super().handle()


class _HttpsServer(ThreadedWSGIServer):
    """One thread per connection; the handshake happens there, so that no client holds up others."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, port: int, application: Any, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", port, application, _QuietHandler)
        # Tells werkzeug that the scheme is https; the listening socket itself stays plain.
        self.ssl_context = context
        self._open: set[Any] = set()
        self._open_lock = threading.Lock()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        assert self.ssl_context is not None
        try:
            secured = self.ssl_context.wrap_socket(request, server_side=True)
        except (OSError, ValueError):
            request.close()
            return
        with self._open_lock:
            self._open.add(secured)
        try:
            super().process_request_thread(secured, client_address)
        finally:
            with self._open_lock:
                self._open.discard(secured)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A broken connection is the client's affair."""

    def cut_connections(self) -> None:
        with self._open_lock:
            for connection in list(self._open):
                with suppress(OSError):
                    connection.shutdown(2)


@contextmanager
def serve(
    store: SandboxStore, directory: Path | str, port: int = 0, postman: Postman | None = None
) -> Iterator[RunningSandbox]:
    """Serve the store at https://127.0.0.1:<port> (any free one for 0) until the block ends.

    The certificates are kept in `directory`; a client trusts `ca_file`. The store stays open.
    """
    files = ensure_certificates(Path(directory), clock.now())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate_file, files.key_file)
    in_flight = InFlight()
    app = create_sandbox_app(store, Path(directory) / MAIL_FOLDER, postman)

    def counted(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with in_flight.one():
            try:
                return app.wsgi_app(environ, start_response)
            except StoreClosed:
                raise ConnectionAbortedError("the sandbox is closing") from None

    server = _HttpsServer(port, counted, context)
    store.site_url = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox-https"
    )
    thread.start()
    full, reading = store.api_keys
    try:
        yield RunningSandbox(
            store.site_url,
            files.ca_file,
            full.consumer_key,
            full.consumer_secret,
            reading.consumer_key,
            reading.consumer_secret,
            store,
        )
    finally:
        server.shutdown()
        thread.join()
        in_flight.wait_until_none(GRACE_SECONDS)
        store.wake()
        server.cut_connections()
        server.server_close()
