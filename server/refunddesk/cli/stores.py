"""`refunddesk store`: join a store, give it delivery addresses, and say what its items are."""

from __future__ import annotations

from pathlib import Path

import click

from refunddesk.cli.opening import opened
from refunddesk.cli.store_rules import duplicates, remind
from refunddesk.db import stores as table
from refunddesk.mail.notices import LANGUAGES
from refunddesk.services import approval_limits, bridges, stores
from refunddesk.services.connect_codes import link_to_store, make_code
from refunddesk.services.connections import disconnect_store
from refunddesk.services.stores import ITEM_KINDS, NewStore
from refunddesk.services.webhooks import connect_webhooks, delivery_url
from refunddesk.settings import Settings
from refunddesk.woocommerce.client import StoreCallFailed


@click.group()
def store() -> None:
    """Join stores and say what they sell."""


@store.command()
@click.option("--name", required=True, help="What people here call the store.")
@click.option("--url", required=True, help="Its address, such as https://shop.example.")
@click.option("--timezone", default="", help="Its time zone; by default the store is asked.")
@click.option("--country", required=True, help='Two letters, such as "FR".')
@click.option("--policy", required=True, help="The name of its policy, such as crmjetty.")
@click.option(
    "--language",
    default="en",
    show_default=True,
    type=click.Choice(LANGUAGES),
    help="What to write in to customers whose language is not known.",
)
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the consumer key and secret, one a line; asked for without it.",
)
@click.option("--probe/--no-probe", default=True, help="Ask the store first whether they work.")
def add(
    name: str,
    url: str,
    timezone: str,
    country: str,
    policy: str,
    language: str,
    key_file: Path | None,
    probe: bool,
) -> None:
    """Join a WooCommerce store by a REST API key that may read and write."""
    key, secret = _read_keys(key_file)
    with opened() as (edges, _):
        store_id = stores.add_store(
            edges,
            NewStore(name, url, country, policy, timezone, language),
            consumer_key=key,
            consumer_secret=secret,
            probe=probe,
        )
        if probe and bridges.look_for_bridge(edges, store_id):
            click.echo("It has the Refund Desk Bridge: its refunds go through it.")
    click.echo(f"Store {store_id} is joined. Next: refunddesk store endpoint connect {store_id}")


@store.command("list")
def list_stores() -> None:
    """One line per store."""
    with opened() as (edges, _), edges.database.read() as transaction:
        found = table.list_stores(transaction)
    for one in found:
        held = one.payments_held_because
        click.echo(
            f"{one.id}  {one.name}  {one.url}  {one.timezone}  {one.country}  {one.policy}"
            + (f"  payments held: {held}" if held else "")
            + ("  disconnected" if one.disconnected_at else "")
        )
    if not found:
        click.echo("No store has joined yet.")


@store.command("approval-limit")
@click.argument("store_id", type=int, metavar="STORE")
@click.option("--staff", help='Above it what people grant needs a second one: "500.00", or off.')
@click.option("--policy", help='The same for what the policy grants: "500.00", or off.')
@click.option("--currency", help="Only before the store's first order.")
def approval_limit(
    store_id: int, staff: str | None, policy: str | None, currency: str | None
) -> None:
    """Show above which sum a refund needs a second person, and set it."""
    given = {"staff": staff, "policy": policy}
    changes = {
        side: None if text == "off" else text for side, text in given.items() if text is not None
    }
    with opened() as (edges, _):
        limits = (
            approval_limits.set_limits(edges, store_id, changes, currency=currency, by="command")
            if changes
            else approval_limits.show_limits(edges, store_id)
        )
    for side, limit in limits.items():
        click.echo(f"{side}  {'no limit' if limit is None else f'{limit} {limit.currency}'}")


@store.command("hold-payments")
@click.argument("store_id", type=int, metavar="STORE")
@click.option("--because", required=True, help="Why; staff will read it.")
def hold_payments(store_id: int, because: str) -> None:
    """Let no money leave for the store until its payments are released."""
    with opened() as (edges, _):
        stores.hold_payments(edges, store_id, because)
    click.echo(f"Payments of store {store_id} are held.")


@store.command("release-payments")
@click.argument("store_id", type=int, metavar="STORE")
@click.option("--because", required=True, help="Why; kept in the history.")
def release_payments(store_id: int, because: str) -> None:
    """Let the store's payments run again."""
    with opened() as (edges, _):
        stores.release_payments(edges, store_id, because)
    click.echo(f"Payments of store {store_id} run.")


@store.command()
@click.option("--policy", help="For a new store: the name of its policy, such as crmjetty.")
@click.option("--store", "store_id", type=int, help="For this store to join again, moved or not.")
@click.option("--url", help="The store's address: gives a link, and lets no other store use it.")
def code(policy: str | None, store_id: int | None, url: str | None) -> None:
    """Make a one-time code by which the bridge in a store connects it."""
    if (policy is None) == (store_id is None):
        raise click.UsageError("Say --policy for a new store, or --store for one that is known.")
    with opened() as (edges, settings):
        made = make_code(edges, by="command", policy=policy, store_id=store_id, store_url=url)
    click.echo(f"desk's address  {base_url(settings)}")
    click.echo(f"code            {made.text}")
    link = link_to_store(made, base_url(settings))
    if link:
        click.echo(f"or follow       {link}")
    click.echo(
        f"Paste both in wp-admin, WooCommerce, Refund Desk. The code works once, until "
        f"{made.expires_at:%H:%M} UTC."
    )


@store.command()
@click.argument("store_id", type=int, metavar="STORE")
def disconnect(store_id: int) -> None:
    """End the connection with a store, here and there; its books are kept."""
    with opened() as (edges, _):
        left = disconnect_store(edges, store_id, by="command")
    if left:
        click.echo(left)
    click.echo(f"Store {store_id} is disconnected. Its books are kept.")


store.add_command(remind)
store.add_command(duplicates)


@store.group()
def endpoint() -> None:
    """The addresses at which a store delivers its webhooks."""


@endpoint.command("add")
@click.argument("store_id", type=int, metavar="STORE")
@click.argument("topic")
def add_endpoint(store_id: int, topic: str) -> None:
    """Make an address for one TOPIC; the secret is shown this once."""
    with opened() as (edges, settings):
        made = stores.add_endpoint(edges, store_id, topic)
    _show(settings, made)


@endpoint.command()
@click.argument("store_id", type=int, metavar="STORE")
@click.argument("topic")
def rotate(store_id: int, topic: str) -> None:
    """Make a new secret for TOPIC; the old one stays valid until the next time."""
    with opened() as (edges, settings):
        made = stores.rotate_endpoint(edges, store_id, topic)
    _show(settings, made)


@endpoint.command("list")
@click.argument("store_id", type=int, metavar="STORE")
def list_endpoints(store_id: int) -> None:
    """One line per topic; secrets are never shown again."""
    with opened() as (edges, settings):
        found = stores.list_endpoints(edges, store_id)
    for one in found:
        click.echo(f"{one.topic}  {delivery_url(base_url(settings), one.id)}")


@endpoint.command()
@click.argument("store_id", type=int, metavar="STORE")
def connect(store_id: int) -> None:
    """Make all webhooks in the store itself, over its REST API; safe to repeat."""
    with opened() as (edges, settings):
        try:
            done = connect_webhooks(edges, store_id, base_url(settings))
        except StoreCallFailed as failure:
            raise click.ClickException(f"{failure} Run it again: it goes on.") from failure
    for one in done:
        click.echo(f"{one.topic}: {one.done}")


@store.group()
def rule() -> None:
    """What the line items of a store are."""


@rule.command("add")
@click.argument("store_id", type=int, metavar="STORE")
@click.option(
    "--field", required=True, type=click.Choice(["product_id", "sku", "category", "meta"])
)
@click.option("--value", required=True, help='"LIC-*", a product id, a slug, or "key=value".')
@click.option("--kind", required=True, type=click.Choice(ITEM_KINDS), help="What it is.")
@click.option("--product", help="What the policy calls it; by default its SKU.")
@click.option("--sites", type=int, help="Sites of one licence; 0: it needs none.")
@click.option("--lifetime", is_flag=True, help="It is sold for a lifetime.")
@click.option("--outside-programme", is_flag=True, help="It is never refunded.")
def add_rule(
    store_id: int,
    field: str,
    value: str,
    kind: str,
    product: str | None,
    sites: int | None,
    lifetime: bool,
    outside_programme: bool,
) -> None:
    """Add a rule after those there are; the first that fits an item counts."""
    with opened() as (edges, _):
        made = stores.add_item_rule(
            edges,
            store_id,
            field=field,
            value=value,
            item_kind=kind,
            product=product,
            sites_limit=sites,
            lifetime=lifetime,
            in_programme=not outside_programme,
        )
    click.echo(f"Rule {made.position} holds for orders recorded from now on.")


@rule.command("list")
@click.argument("store_id", type=int, metavar="STORE")
def list_rules(store_id: int) -> None:
    """The rules in the sequence in which they are tried."""
    with opened() as (edges, _):
        found = stores.list_item_rules(edges, store_id)
    for one in found:
        told = [f"{one.position}", f"{one.field} {one.value}", one.item_kind]
        told += [f"product {one.product}"] if one.product else []
        told += [f"{one.sites_limit} sites"] if one.sites_limit else []
        told += ["lifetime"] if one.lifetime else []
        told += [] if one.in_programme else ["outside the programme"]
        click.echo("  ".join(told))


def base_url(settings: Settings) -> str:
    return settings.public_url + settings.url_prefix


def _show(settings: Settings, made: stores.NewEndpoint) -> None:
    click.echo(f"delivery URL  {delivery_url(base_url(settings), made.endpoint_id)}")
    click.echo(f"secret        {made.secret}")


def _read_keys(key_file: Path | None) -> tuple[str, str]:
    if key_file is None:
        key: str = click.prompt("Consumer key", hide_input=True)
        secret: str = click.prompt("Consumer secret", hide_input=True)
        return key.strip(), secret.strip()
    lines = key_file.read_text("utf-8").split()
    if len(lines) != 2:
        raise click.ClickException(f"{key_file} must hold the key and the secret, one a line.")
    return lines[0], lines[1]
