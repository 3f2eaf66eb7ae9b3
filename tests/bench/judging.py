"""`make bench`, its second part: decisions a second on one core, beside two other ways."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from refunddesk.policy.claim import Claim
from refunddesk.policy.document import load_policy
from refunddesk.policy.examples import examples
from refunddesk.policy.judge import judge
from tests.bench import by_hand, by_rules
from tests.bench.replaying import measure_both
from tests.conftest import REPOSITORY

REPORT = REPOSITORY / "docs" / "bench-policy.md"
BUILT_IN = load_policy("crmjetty")
AIM_PER_SECOND = 20_000
AIM_RATIO = 3

JUDGE, HAND, RULES = "**the judge**", "a function by hand", "rules of a library"
WAYS: dict[str, Callable[[Claim], object]] = {
    JUDGE: lambda claim: judge(claim, BUILT_IN),
    HAND: by_hand.decide,
    RULES: by_rules.decide,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Decisions a second of each way, one figure per round."""

    rates: dict[str, list[float]]

    def ratio(self, way: str) -> float:
        """How many times as fast as the judge: the median of each round's own ratio."""
        pairs = zip(self.rates[way], self.rates[JUDGE], strict=True)
        return median(rate / judged for rate, judged in pairs)


def claims() -> list[Claim]:
    """Some two thousand claims of every sort, as the check makes them: a seventh is paid."""
    found = [example.claim for example in examples(BUILT_IN.versions[0])]
    return found[::2]


def measure(rounds: int, seconds: float) -> Figures:
    """Processor time, not time of day: what else runs on the machine does not count."""
    measured = claims()
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, decide in WAYS.items():
            rates[way].append(_rate(decide, measured, seconds))
    return Figures(rates)


def _rate(decide: Callable[[Claim], object], measured: Sequence[Claim], seconds: float) -> float:
    done, began = 0, time.process_time()
    while (took := time.process_time() - began) < seconds:
        for claim in measured:
            decide(claim)
        done += len(measured)
    return done / took


def as_markdown(figures: Figures, replays: Sequence[str], rounds: int, seconds: float) -> str:
    rows = [
        f"| {way} | {median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) "
        f"| {figures.ratio(way):.2f} |"
        for way, rates in figures.rates.items()
    ]
    rate, ratio = median(figures.rates[JUDGE]), figures.ratio(HAND)
    aims = (
        f"Aim: {AIM_PER_SECOND:,} a second (here {rate:,.0f}: {_met(rate >= AIM_PER_SECOND)}), and "
        f"the function by hand at most {AIM_RATIO} times as fast (here {ratio:.2f}: "
        f"{_met(ratio <= AIM_RATIO)})."
    )
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    when = (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {rounds} rounds of {seconds:g} s for "
        f"each, interleaved, in processor time. {os.cpu_count()} cores, load average {load}; "
        f"Python {platform.python_version()}, rule-engine {version('rule-engine')}."
    )
    table = ["| | decisions a second (lowest–highest) | ratio |", "|---|---|---|", *rows]
    told = [f"- {line}." for line in replays]
    return "\n".join((_HEAD, when, "", *table, "", aims, _REPLAYS, *told, _FOOT))


def _met(met: bool) -> str:
    return "met" if met else "missed"


_HEAD = """\
# How fast claims are judged

Written by `make bench`; not to be edited by hand. This page alone: `python -m tests.bench.judging`.

Claims under the built-in policy, on one core, already read into memory. *The judge* is
`policy.judge`: outcome, amount and tax of every line, what every clause said with its reason and
facts, what is awaited until when, and how long the answer holds. *A function by hand*
(`tests/bench/by_hand.py`) does the same windows and reasons for this one policy; it gives the
outcome, the amount of each line, and what every clause said in one word, without facts, dates or
tax. *Rules of a library* (`tests/bench/by_rules.py`) give the outcome and the amounts, no trace, by
expressions of rule-engine on facts that were reckoned before. A test holds both to the judge's
answers. *Ratio* is the rate next to the judge's in the same round.
"""

_REPLAYS = """
## A policy tried on all orders

`refunddesk policy replay` of a document against the built-in one, over made-up orders of which four
in five were asked about, the others as if asked; with `--csv`, the start of Python included. Aim:
100,000 orders in under a minute on two cores.
"""

_FOOT = """
Processor time is what all processes of the command used together; on two idle cores the command
takes about half of it.
"""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="each measures every way once")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each way of a round")
    parser.add_argument(
        "--orders", type=int, default=10_000, help="for the replay; the aim names 100000"
    )
    parser.add_argument("--report", type=Path, default=REPORT)
    asked = parser.parse_args(arguments)
    figures = measure(asked.rounds, asked.seconds)
    replays = measure_both(asked.orders)
    report = as_markdown(figures, replays, asked.rounds, asked.seconds)
    asked.report.write_text(report, "utf-8")
    print(report)


if __name__ == "__main__":
    main(sys.argv[1:])
