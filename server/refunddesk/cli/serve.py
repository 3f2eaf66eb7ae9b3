"""The processes of the Procfile: `refunddesk serve`, `worker` and `schedule`."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

import click
import structlog
import waitress
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.extension import create_app
from refunddesk.jobnames import QueueName
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_spool
from refunddesk.settings import Settings, read_settings
from refunddesk.wiring import open_edges
from refunddesk.worker import dispatch, work

log = structlog.get_logger(__name__)

#: The routes take bodies of up to 4 MiB and say so themselves. Waitress counts the frame of a
#: chunked body too, so it gets some room, and only keeps out what is far too large.
_LARGEST_BODY = 5 * 1024 * 1024
_SPOOL_SECONDS = 5.0


def serving_options(settings: Settings) -> dict[str, Any]:
    """How waitress serves: with our address, and forwarded headers only behind trusted proxies."""
    return {
        "listen": settings.listen,
        "threads": settings.web_threads,
        "max_request_body_size": _LARGEST_BODY,
        # Clients that never finish cost a socket each and no thread, but at the limit nobody else
        # gets in. select() would stop at 1,024 files.
        "connection_limit": 500,
        "asyncore_use_poll": True,
        # The application reads these headers itself, as many as there are trusted proxies.
        "clear_untrusted_proxy_headers": settings.trusted_proxies == 0,
        "ident": None,
    }


@click.command()
def serve() -> None:
    """Answer stores, people and programs until told to stop."""
    settings = read_settings()
    edges = open_edges(settings)
    app = create_app(settings, edges=edges)
    _store_spooled(edges)
    threading.Thread(target=_keep_spool_empty, args=(edges,), name="spool", daemon=True).start()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Waitress ends its loop on this and lets the requests in hand finish.
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    log.info("web listens", address=settings.listen)
    waitress.serve(app, **serving_options(settings), _quiet=True)


def _store_spooled(edges: Edges) -> None:
    """What the database did not take before, now that it may."""
    try:
        drain_spool(edges)
    except (SQLAlchemyError, OSError) as error:
        # Taking deliveries matters more: they can be spooled as well.
        log.error("spool not drained", because=type(error).__name__)


def _keep_spool_empty(edges: Edges) -> None:
    # The dispatcher does so too, but it may be down, or on another machine.
    while True:
        time.sleep(_SPOOL_SECONDS)
        _store_spooled(edges)


@click.command()
@click.argument("queue", type=click.Choice([queue.value for queue in QueueName]))
def worker(queue: str) -> None:
    """Do the work of one queue until told to stop."""
    work(read_settings(), QueueName(queue))


@click.command()
def schedule() -> None:
    """Wake the workers for what is due, until told to stop."""
    dispatch(read_settings())
