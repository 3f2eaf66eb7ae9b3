"""`refunddesk sandbox`: a WooCommerce stand-in to try everything with, no real money anywhere."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import click

from refunddesk import own_address
from refunddesk.sandbox.answering import AnswerNotTaken, Postman
from refunddesk.sandbox.gateway import Movement
from refunddesk.sandbox.samples import place_sample_orders
from refunddesk.sandbox.server import RunningSandbox, serve
from refunddesk.sandbox.store import SandboxStore
from refunddesk.sandbox.webhooks import Delivery
from refunddesk.settings import read_setting


@click.command()
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where the store's data, certificates and access file are kept.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True)
@click.option("--deliver/--no-deliver", default=False, help="Send webhooks in the background.")
def sandbox(directory: Path, port: int, deliver: bool) -> None:
    """Serve a sandbox store over https until SIGTERM or Ctrl-C; a later start finds its data.

    The address, the API keys and the CA file to trust are written to DIRECTORY/access.json.
    """
    directory.mkdir(parents=True, exist_ok=True)
    store = SandboxStore(str(directory / "store.db"))
    store.webhooks.on_delivery = _log_delivery
    store.gateway.on_movement = _log_movement
    place_sample_orders(store)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with serve(store, directory, port, _postman()) as running:
            _write_access(directory / "access.json", running)
            if deliver:
                store.webhooks.start_delivering()
            click.echo(f"sandbox store at {running.url}/sandbox/")
            stopped.wait()
    finally:
        store.close()


def _postman() -> Postman | None:
    """Takes answers to the desk of this machine's settings; None where it takes no mails in."""
    token: str = read_setting("mail_in_token")
    address = f"{read_setting('public_url')}{read_setting('url_prefix')}/mails"

    def hand_in(raw: bytes) -> None:
        try:
            status = own_address.hand_in_mail(address, token, raw)
        except own_address.AddressNotAnswering as error:
            raise AnswerNotTaken(str(error)) from error
        if status not in (200, 201):
            raise AnswerNotTaken(f"The desk answered {status}.")

    return Postman(read_setting("mail_receiver"), hand_in) if token else None


def _write_access(path: Path, running: RunningSandbox) -> None:
    access = {
        "url": running.url,
        "ca_file": str(running.ca_file),
        "consumer_key": running.consumer_key,
        "consumer_secret": running.consumer_secret,
    }
    # Replaced in one step, for a reader that waits for it.
    waiting = path.with_suffix(".new")
    waiting.touch(mode=0o600)
    waiting.write_text(json.dumps(access, indent=1) + "\n")
    os.replace(waiting, path)


def _log_delivery(made: Delivery) -> None:
    answered = "no answer" if made.status is None else str(made.status)
    click.echo(f"webhook {made.webhook_id} {made.topic} -> {made.url}: {answered}")


def _log_movement(moved: Movement) -> None:
    click.echo(
        f"refund {moved.refund_id} of order {moved.order_id}: "
        f"{moved.amount} {moved.currency} paid back ({moved.reason})"
    )
