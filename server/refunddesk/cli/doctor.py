"""`refunddesk doctor`: looks the whole deployment over and says what to mend."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from refunddesk import queue
from refunddesk.cli.opening import opened
from refunddesk.cli.stores import base_url
from refunddesk.services.doctor import examine
from refunddesk.services.observation import Grade, Observation, Place
from refunddesk.settings import SettingsIncomplete, read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Look over settings, database, queue, processes, books and every store, in both directions.

    Changes nothing. Exits 1 if anything is bad; each line that is not ok says what to mend.
    """
    observations = list(_examine())
    healthy = not any(one.grade is Grade.BAD for one in observations)
    if as_json:
        told = {"healthy": healthy, "observations": [asdict(one) for one in observations]}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(observations)
    if not healthy:
        raise SystemExit(1)


def _examine() -> Iterator[Observation]:
    try:
        read_settings()
    except SettingsIncomplete as incomplete:
        for line in str(incomplete).splitlines():
            mend = "`refunddesk settings example` shows them all."
            yield Observation("settings", Grade.BAD, line, mend)
        return
    with opened() as (edges, settings):
        yield Observation("settings", Grade.OK, f"Complete. Home: {settings.home}.")
        if not settings.home.is_dir():
            mend = "Set REFUNDDESK_HOME, or make it with `refunddesk db upgrade`."
            yield Observation("home", Grade.BAD, f"{settings.home} is not there.", mend)
            return
        place = Place(base_url(settings), lambda: queue.measure(settings.redis_url))
        yield from examine(edges, place)


def _show(observations: Sequence[Observation]) -> None:
    colors = {Grade.OK: "green", Grade.WARN: "yellow", Grade.BAD: "red"}
    width = max(len(one.part) for one in observations)
    for one in observations:
        grade = click.style(f"{one.grade.value:<4}", fg=colors[one.grade])
        click.echo(f"{grade}  {one.part:<{width}}  {one.says}")
        if one.mend:
            click.echo(f"{'':<{width + 8}}{one.mend}")
    numbers = {kind: sum(one.grade is kind for one in observations) for kind in Grade}
    click.echo(", ".join(f"{number} {kind.value}" for kind, number in numbers.items()))
