"""`refunddesk policy replay`: what a policy would have paid on the orders and requests held."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

import click

from refunddesk.cli.opening import opened
from refunddesk.money import Money
from refunddesk.policy.document import PolicyNotValid, load_policy
from refunddesk.policy.replay import Answer, Replayed, Result, Totals
from refunddesk.policy.version import Policy
from refunddesk.policy.wording import LANGUAGES, Language
from refunddesk.services import policy_replay as service
from refunddesk.services.policies import policies_folder
from refunddesk.services.policy_replay import Done, Sides, Span

_DAY = click.DateTime(["%Y-%m-%d"])
_COLUMNS = (
    "store", "order", "requests", "as_if_asked", "currency",
    "before_outcome", "before_amount", "before_clause", "before_why",
    "after_outcome", "after_amount", "after_clause", "after_why", "after_held", "difference",
)  # fmt: skip
#: What a spreadsheet would take for a formula; order numbers are the store's own texts.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.command()
@click.option("--from", "first", type=_DAY, metavar="DAY", help="Only orders paid from this day.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Only orders paid up to this day.")
@click.option("--store", "store_id", type=int, metavar="ID", help="Only orders of this store.")
@click.option("--policy", "file", metavar="FILE", help="Judge by this document, not the store's.")
@click.option(
    "--against", metavar="FILE", help="Compare with this document, not with what was paid."
)
@click.option(
    "--unasked",
    type=click.IntRange(0, 3650),
    metavar="DAYS",
    help="Also take orders nobody asked about, as if asked so many days after the payment "
    "with every condition met.",
)
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="The language of the reasons.",
)
@click.option("--json", "form", flag_value="json", help="Totals and changed orders as JSON.")
@click.option("--csv", "form", flag_value="csv", help="Every order replayed, one per line.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes; otherwise one for each core.")
def replay(
    first: datetime | None,
    last: datetime | None,
    store_id: int | None,
    file: str | None,
    against: str | None,
    unasked: int | None,
    lang: str,
    form: str | None,
    jobs: int | None,
) -> None:
    """Say what a policy would have paid, against what was paid or against another policy.

    Every claim that was decided is judged again as it stood then. DAY is YYYY-MM-DD, in the zone
    of the order's store, and included.
    """
    span = Span(first.date() if first else None, last.date() if last else None, store_id)
    try:
        policy, other = (load_policy(name) if name else None for name in (file, against))
    except PolicyNotValid as error:
        raise click.UsageError(str(error)) from error
    after = None if unasked is None else timedelta(days=unasked)
    with opened() as (edges, settings):
        # A table for spreadsheets has a line for every order; reasons stand there as codes.
        language = None if form == "csv" else cast(Language, lang)
        sides = Sides(policy, other, after, policies_folder(edges), language)
        chunks = service.list_chunks(edges.database, span)
        count = sum(len(chunk.order_ids) for chunk in chunks)
        cores = os.cpu_count() or 1 if count >= service.WORTH_PROCESSES else 1
        done = service.replay(settings.database_url, chunks, sides, jobs or cores)
        _tell(_with_bar(done, count), sides, form or "text")


def _with_bar(done: Iterator[Done], count: int) -> Iterator[Done]:
    with click.progressbar(length=count, label="Replaying", file=sys.stderr) as bar:
        for chunk in done:
            bar.update(chunk.orders)
            yield chunk


def _tell(chunks: Iterator[Done], sides: Sides, form: str) -> None:
    result, undecided = Result(), 0
    unreadable: list[str] = []
    writer = csv.writer(sys.stdout, lineterminator="\n") if form == "csv" else None
    if writer:
        writer.writerow(_COLUMNS)
    for chunk in chunks:
        undecided += chunk.undecided
        unreadable += chunk.unreadable
        for one in chunk.replayed:
            result.count(one)
            if writer:
                writer.writerow(_row(one))
    if form == "json":
        click.echo(
            json.dumps(_json(result, sides, undecided, unreadable), indent=2, ensure_ascii=False)
        )
    elif form == "text":
        click.echo("\n".join(_text(result, sides)))
    if form != "json":
        _tell_left_out(undecided, unreadable)


def _tell_left_out(undecided: int, unreadable: Sequence[str]) -> None:
    if undecided:
        click.echo(f"{undecided} requests were never judged and are left out.", err=True)
    if unreadable:
        click.echo(f"{len(unreadable)} orders could not be replayed:", err=True)
    for problem in unreadable:
        click.echo(f"  {problem}", err=True)


def _text(result: Result, sides: Sides) -> Iterator[str]:
    before, after = _labels(sides)
    yield f"{after}, against {before}. Amounts include tax."
    if not result.totals:
        yield "No order was replayed: none in this span was asked about and judged."
        return
    for totals in result.totals.values():
        yield from ("", *_totals_lines(totals, sides))
    if result.moves:
        yield from ("", "What settled the orders that change:")
    for move in result.moves.values():
        money = f"{_signed(move.more)} {move.more.currency}"
        yield f"  {money:>16}  {_orders(move.orders):>12}  {move.before} -> {move.after}"
    if result.changed:
        yield from ("", "Orders that change:")
    for one in result.changed:
        assumed = ", as if asked" if one.as_if_asked else ""
        yield (
            f"  {one.order} (store {one.store_id}{assumed}): "
            f"{_words(one.before)} -> {_words(one.after)}"
        )
        for side, answer in (("before", one.before), ("now", one.after)):
            if answer.sentence:
                yield f"    {side}: {answer.sentence}"


def _totals_lines(totals: Totals, sides: Sides) -> Iterator[str]:
    asked = "  (as if asked, every condition met)" if totals.as_if_asked else ""
    yield f"{totals.after.currency}{asked}"
    paid = "was paid" if sides.against is None else "would have paid before"
    yield f"  {_orders(totals.orders)}, {totals.changed} of them change"
    yield f"  {totals.before!s:>14}  {paid}"
    yield f"  {totals.after!s:>14}  would have been paid"
    yield f"  {_signed(totals.after - totals.before):>14}  difference"
    if totals.held:
        yield f"  {totals.held!s:>14}  more, without tax, once what is awaited at the gate is done"


def _labels(sides: Sides) -> tuple[str, str]:
    before = "what was paid" if sides.against is None else _name(sides.against)
    after = "Each store's own policy" if sides.policy is None else _name(sides.policy)
    return before, after


def _name(policy: Policy) -> str:
    versions = ", ".join(version.version for version in policy.versions)
    return f"{policy.id} (version {versions})"


def _words(answer: Answer) -> str:
    settled = f" by {answer.settled_by}" if answer.settled_by else ""
    amount = f" {answer.amount}" if answer.amount else ""
    return f"{answer.outcome.replace('_', ' ')}{amount}{settled}"


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count:,} orders"


def _signed(amount: Money) -> str:
    return f"+{amount}" if amount.minor > 0 else str(amount)


def _row(one: Replayed) -> list[object]:
    number = f"'{one.order}" if one.order.startswith(_FORMULA) else one.order
    before, after = one.before, one.after
    return [
        one.store_id, number, " ".join(map(str, one.requests)),
        "yes" if one.as_if_asked else "no", after.amount.currency,
        before.outcome, before.amount, before.settled_by, before.why,
        after.outcome, after.amount, after.settled_by, after.why, after.held,
        after.amount - before.amount,
    ]  # fmt: skip


def _json(
    result: Result, sides: Sides, undecided: int, unreadable: Sequence[str]
) -> dict[str, object]:
    before, after = _labels(sides)
    return {
        "policy": after,
        "against": before,
        "totals": [
            {
                "currency": totals.after.currency,
                "as_if_asked": totals.as_if_asked,
                "orders": totals.orders,
                "changed": totals.changed,
                "before": str(totals.before),
                "after": str(totals.after),
                "difference": str(totals.after - totals.before),
                "held": str(totals.held),
            }
            for totals in result.totals.values()
        ],
        "moves": [
            {
                "before": move.before,
                "after": move.after,
                "orders": move.orders,
                "difference": str(move.more),
                "currency": move.more.currency,
            }
            for move in result.moves.values()
        ],
        "orders": [_order_json(one) for one in result.changed],
        "never_judged": undecided,
        "not_replayed": list(unreadable),
    }


def _order_json(one: Replayed) -> dict[str, object]:
    return {
        "store": one.store_id,
        "order": one.order,
        "requests": list(one.requests),
        "as_if_asked": one.as_if_asked,
        "currency": one.after.amount.currency,
        "before": _answer_json(one.before),
        "after": _answer_json(one.after),
        "difference": str(one.after.amount - one.before.amount),
    }


def _answer_json(answer: Answer) -> dict[str, object]:
    return {
        "outcome": answer.outcome,
        "amount": str(answer.amount),
        "held": str(answer.held) if answer.held else None,
        "settled_by": answer.settled_by,
        "why": answer.why,
        "sentence": answer.sentence,
    }
