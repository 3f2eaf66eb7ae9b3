"""`refunddesk hooks`: deliveries that wait for a person, and recorded ones to replay."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from refunddesk.cli.opening import opened
from refunddesk.cli.stores import base_url
from refunddesk.db import inbox
from refunddesk.db import stores as store_rows
from refunddesk.services import replay as replaying
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import release as release_delivery
from refunddesk.services.replay import Accounted, Target, Work
from refunddesk.services.staff import get_staff

_MOST = 200


@click.group()
def hooks() -> None:
    """Look after the deliveries of the stores."""


@hooks.command()
def quarantine() -> None:
    """The deliveries that wait for a person, newest first, each with its reason."""
    with opened() as (edges, _), edges.database.read() as transaction:
        found = inbox.list_quarantined(transaction, _MOST)
    for one in found:
        named = f"{one.object_type} {one.woo_object_id}  " if one.object_type else ""
        click.echo(
            f"{one.id}  {one.received_at:%Y-%m-%d %H:%M:%S}  store {one.store_id}  {one.topic}  "
            f"{named}{one.quarantined_because}: {one.quarantine_detail}"
        )
    if not found:
        click.echo("No delivery waits.")


@hooks.command()
@click.argument("delivery_id", type=int, metavar="ID")
@click.option("--by", metavar="EMAIL", help="Who releases it; kept in the history.")
def release(delivery_id: int, by: str | None) -> None:
    """Have a quarantined delivery worked off after all."""
    with opened() as (edges, _):
        actor = "command"
        if by:
            with edges.database.read() as transaction:
                actor = f"staff:{get_staff(transaction, by).id}"
        release_delivery(edges, delivery_id, by=actor)
    click.echo(f"Delivery {delivery_id} is released; its object will be looked at.")


@hooks.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--store", "store_id", type=int, help="The sandbox's id here; else the only store.")
@click.option("--secret", help="What the recordings were signed with; else index.json says.")
@click.option("--to", "desk_url", help="The desk's address; else the public one of the settings.")
@click.option("--wait", default=120, show_default=True, help="Seconds to wait for the jobs.")
def replay(
    path: Path, store_id: int | None, secret: str | None, desk_url: str | None, wait: int
) -> None:
    """Send the recorded deliveries below PATH to the running desk and account for every one.

    Their objects are loaded into the sandbox first, so that the jobs find them there. For a desk
    to try things with: the endpoints will accept the secret of the recordings.
    """
    with opened() as (edges, settings):
        recordings = replaying.read_recordings(path)
        secret = secret or _secret_of(path)
        ca_file = str(settings.store_ca_file) if settings.store_ca_file else None
        target = Target(desk_url or base_url(settings), store_id or _only_store(edges), ca_file)
        loaded = replaying.load_objects(edges, target, recordings)
        addresses = replaying.make_endpoints(edges, target.store_id, recordings, secret, _sleep)
        accounted = list(replaying.send_all(edges, target, recordings, addresses))
        work = replaying.wait_for_work(
            edges,
            target.store_id,
            accounted,
            within=timedelta(seconds=wait),
            sleep=_sleep,
        )
    _show_loaded(loaded)
    _show_account(accounted)
    _show_work(work)
    if any(one.outcome.startswith("LOST") for one in accounted):
        raise click.ClickException("A delivery was acknowledged and is not stored.")


def _sleep(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


def _show_loaded(loaded: Counter[str]) -> None:
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(loaded.items()))
    click.echo(f"Loaded into the sandbox: {told or 'nothing'}.\n")


def _show_account(accounted: Sequence[Accounted]) -> None:
    counts = Counter(one.outcome for one in accounted)
    for outcome, count in sorted(counts.items()):
        click.echo(f"{count:6}  {outcome}")
    click.echo(f"{sum(counts.values()):6}  recorded deliveries\n")


def _show_work(work: Work) -> None:
    click.echo(f"{work.recorded:6}  objects looked at by the jobs")
    for named, reason in work.quarantined:
        click.echo(f"        {named} in quarantine: {reason}")
    for named, error in work.waiting:
        click.echo(f"        {named} not done yet: {error}")


def _secret_of(path: Path) -> str:
    for folder in (path, *path.parents):
        index = folder / "index.json"
        if index.is_file():
            told = json.loads(index.read_text("utf-8"))
            if isinstance(told, dict) and isinstance(told.get("secret"), str):
                return str(told["secret"])
    raise click.UsageError("Say with --secret what the recordings were signed with.")


def _only_store(edges: Edges) -> int:
    with edges.database.read() as transaction:
        found = store_rows.list_stores(transaction)
    if len(found) != 1:
        raise click.UsageError(f"There are {len(found)} stores: say with --store which one.")
    return found[0].id
