"""The processes of the Procfile: `refunddesk serve`, `worker` and `schedule`."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from datetime import timedelta
from types import FrameType
from typing import Any

import click
import structlog
import waitress
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.extension import create_app
from refunddesk.jobnames import QueueName
from refunddesk.mail.reading import LONGEST_MAIL
from refunddesk.services import journal
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.settings import Settings, read_settings
from refunddesk.wiring import open_edges
from refunddesk.worker import dispatch, work

log = structlog.get_logger(__name__)

#: The routes take bodies of up to 4 MiB, `/mails` a whole mail, and say so themselves. Waitress
#: counts the frame of a chunked body too, so it gets some room, and only keeps out what is far too
#: large. What it takes it keeps before any route is asked: who hands no mails in gets less room.
_LARGEST_BODY = 5 * 1024 * 1024
_WITH_MAILS = LONGEST_MAIL + 1024 * 1024
#: So old a delivery in the journal means that no dispatcher stores what this process takes.
_STORED_WITHIN = timedelta(seconds=5)


def serving_options(settings: Settings) -> dict[str, Any]:
    """How waitress serves: with our address, and forwarded headers only behind trusted proxies."""
    return {
        "listen": settings.listen,
        "threads": settings.web_threads,
        "max_request_body_size": _WITH_MAILS if settings.mail_in_token else _LARGEST_BODY,
        # Clients that never finish cost a socket each and no thread, but at the limit nobody else
        # gets in. select() would stop at 1,024 files.
        "connection_limit": 500,
        "asyncore_use_poll": True,
        # The application reads these headers itself, as many as there are trusted proxies.
        "clear_untrusted_proxy_headers": settings.trusted_proxies == 0,
        "ident": None,
    }


def answer(app: Flask, settings: Settings) -> None:
    """Serve the application until the process is told to stop."""
    keep_to_one_processor()
    keep_out_of_collections()
    waitress.serve(app, **serving_options(settings), _quiet=True)


def keep_to_one_processor() -> None:
    """Python runs one thread at a time. On a second processor the others would only wake up to
    find that out, which costs each request a third of its time (decisions/0009). Holds for this
    thread and those it begins.
    """
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        # Several web processes side by side spread over the processors.
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def keep_out_of_collections() -> None:
    """What was read to begin with stays to the end: Python's collector walked through all of it
    every few hundred requests, which cost each a thirtieth of its time and one of them all.
    """
    gc.collect()
    gc.freeze()


@click.command()
def serve() -> None:
    """Answer stores, people and programs until told to stop."""
    settings = read_settings()
    edges = open_edges(settings)
    app = create_app(settings, edges=edges)
    _store_journal(edges)
    threading.Thread(target=_watch_journal, args=(edges,), name="journal", daemon=True).start()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Waitress ends its loop on this and lets the requests in hand finish.
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    log.info("web listens", address=settings.listen)
    answer(app, settings)


def _store_journal(edges: Edges) -> None:
    try:
        drain_journal(edges)
    except (SQLAlchemyError, OSError) as error:
        # Taking deliveries matters more, and for that the journal is enough.
        log.error("journal not stored", because=type(error).__name__)


def _watch_journal(edges: Edges) -> None:
    # The dispatcher stores what is in it, but it may be down, or on another machine.
    while True:
        time.sleep(_STORED_WITHIN.total_seconds())
        oldest = journal.count(edges).oldest
        if oldest and oldest > _STORED_WITHIN:
            _store_journal(edges)


@click.command()
@click.argument("queue", type=click.Choice([queue.value for queue in QueueName]))
def worker(queue: str) -> None:
    """Do the work of one queue until told to stop."""
    work(read_settings(), QueueName(queue))


@click.command()
def schedule() -> None:
    """Wake the workers for what is due, until told to stop."""
    dispatch(read_settings())
