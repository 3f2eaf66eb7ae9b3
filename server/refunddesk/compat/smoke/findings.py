"""From what happened to findings: a fatal error, a notice of core's, a page that stays away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.smoke.boot import OUT_OF_CPU, Boot
from refunddesk.compat.smoke.events import Event
from refunddesk.compat.smoke.keeping import OUT_OF_TIME
from refunddesk.compat.surface import PRODUCT_NAMES, WOOCOMMERCE, WORDPRESS, Place

_SYMBOLS = (
    re.compile(r"undefined (?:function|method) ([\w\\:]+)\(\)"),
    re.compile(r'(?:Class|Interface|Trait) "([\w\\]+)" not found'),
    re.compile(r"Cannot (?:re)?declare (?:class |interface |trait )?([\w\\:]+)"),
    re.compile(r"Declaration of ([\w\\:]+)\("),
    re.compile(r"[Uu]ndefined constant \"?([\w\\:]+)"),
    re.compile(r"Class ([\w\\]+) contains \d+ abstract"),
    re.compile(r"undefined property: ([\w\\:$]+)", re.IGNORECASE),
    re.compile(r"Undefined variable (\$\w+)"),
)
_EARLY = "_load_textdomain_just_in_time"
_DOMAIN = re.compile(r"loading for the (\S+) domain")
_DEPRECATED = {
    "function": "deprecated-function",
    "class": "deprecated-class",
    "constructor": "deprecated-method",
    "argument": "deprecated-argument",
    "file": "deprecated-file",
    "hook": "deprecated-hook",
}
#: PHP's own limits: a slow machine or a small one may be to blame.
_LIMITS = (OUT_OF_CPU, "Allowed memory size")
_WOOCOMMERCE_FILES = "wp-content/plugins/woocommerce/"
_DOUBTFUL = "A limit was hit here and not on the baseline; a busy machine may have a part in it."
_NOT_COMPARED = "Booted on this release alone: nothing shows that it worked before."

Identity = tuple[str, str, str, int]


def findings_of(target: Boot, baseline: Boot | None, main: str) -> tuple[Finding, ...]:
    """What booting found on the target, each marked whether it is new; fatal errors first.

    `main` is the plugin's main file, the place of what no line of the plugin can be blamed for.
    """
    before = {_identity(finding) for finding in _all(baseline, main)} if baseline else set()
    found: dict[Identity, Finding] = {}
    for finding in (*_all(target, main), *_lost(target, baseline, main)):
        found.setdefault(_identity(finding), finding)
    marked = [
        replace(_marked(finding, before, baseline), product=_product(finding, target, baseline))
        for finding in found.values()
    ]
    order = [Level.ERROR, Level.WARNING, Level.NOTE]
    return tuple(
        sorted(marked, key=lambda f: (not f.new, order.index(f.level), f.place.file, f.place.line))
    )


def _product(finding: Finding, target: Boot, baseline: Boot | None) -> str:
    """WooCommerce, where it stands beside the plugin and either led to what happened or is all that
    differs between the two sites."""
    if not any(name.startswith(PRODUCT_NAMES[WOOCOMMERCE]) for name in target.beside):
        return WORDPRESS
    through = any(step.startswith(_WOOCOMMERCE_FILES) for step in finding.stack)
    same = baseline is not None and baseline.sha256 == target.sha256
    return WOOCOMMERCE if through or same else WORDPRESS


def _marked(finding: Finding, before: set[Identity], baseline: Boot | None) -> Finding:
    compared = baseline is not None and baseline.activated
    remark = finding.remark
    if not compared and finding.level is Level.ERROR and not remark:
        remark = _NOT_COMPARED
    return replace(finding, new=_identity(finding) not in before, remark=remark)


def _identity(finding: Finding) -> Identity:
    """The same on two releases: of what PHP says the line alone, as its words may differ."""
    by_php = finding.rule == "fatal-error" or finding.rule.startswith("php-")
    symbol = "" if by_php else finding.symbol.lower()
    return finding.rule, symbol, finding.place.file, finding.place.line


def _all(boot: Boot, main: str) -> Iterator[Finding]:
    for event in boot.events:
        maker = _MAKERS.get(event.kind)
        if maker is not None:
            yield maker(event, boot.title, Place(event.file or main, event.line))
    if boot.refusal and not any(event.kind == "fatal" for event in boot.events):
        yield _seen_in(
            Event("refused", "its activation", message=boot.refusal),
            rule="activation-refused",
            level=Level.ERROR,
            symbol="activation",
            place=Place(main, 0),
            sentence=f"{boot.title} does not activate it: {boot.refusal}",
        )


def _fatal(event: Event, release: str, place: Place) -> Finding:
    said = event.message.split("\n")[0]
    where = "This line stops" if event.file else f"With the plugin, {event.at or 'core'} stops"
    return _seen_in(
        event,
        rule="fatal-error",
        level=Level.ERROR,
        symbol=_symbol(said),
        place=place,
        sentence=f"{where} {event.request} on {release}: {said.removeprefix('Error: ')}",
        remark=_DOUBTFUL if any(limit in said for limit in _LIMITS) else "",
    )


def _symbol(said: str) -> str:
    found = next((match for match in (one.search(said) for one in _SYMBOLS) if match), None)
    return found[1] if found else said.partition(":")[0][:60]


def _deprecated(event: Event, release: str, place: Place) -> Finding:
    since = f" since {event.since}" if event.since else ""
    return _seen_in(
        event,
        rule=_DEPRECATED.get(event.what, "deprecated-function"),
        level=Level.WARNING,
        symbol=event.symbol,
        place=place,
        sentence=f"{release} says that the {event.what} {event.symbol} is deprecated{since}.",
        deprecated_in=event.since,
        instead=event.instead,
    )


def _wrong(event: Event, release: str, place: Place) -> Finding:
    if event.symbol == _EARLY:
        domain = _DOMAIN.search(event.message)
        name = domain[1] if domain else "its"
        return _seen_in(
            event,
            rule="early-translation",
            level=Level.WARNING,
            symbol=name,
            place=place,
            sentence=(
                f"A text of the domain {name} is translated here before the theme is set up."
                f" {release} then loads translations too early and says so on every request."
            ),
            since=event.since,
            instead="translate at the action init or later",
        )
    return _seen_in(
        event,
        rule="doing-it-wrong",
        level=Level.WARNING,
        symbol=event.symbol,
        place=place,
        sentence=f"{release} says of {event.symbol}: {event.message}",
        since=event.since,
    )


def _php(event: Event, release: str, place: Place) -> Finding:
    return _seen_in(
        event,
        rule=f"php-{event.what}",
        level=Level.WARNING,
        symbol=_symbol(event.message),
        place=place,
        sentence=f"PHP says on {event.request}: {event.message}",
    )


_MAKERS: dict[str, Callable[[Event, str, Place], Finding]] = {
    "fatal": _fatal,
    "deprecated": _deprecated,
    "wrong": _wrong,
    "php": _php,
}


def _lost(target: Boot, baseline: Boot | None, main: str) -> Iterator[Finding]:
    """Pages and entry points that came on the baseline and, without a fatal error, do not here."""
    if baseline is None or not baseline.activated:
        return
    blamed = {event.request for event in target.events if event.kind == "fatal"}
    came = {*baseline.visited, *baseline.run}
    lost = {label: f"it {what}" for label, what in target.stalled.items()} | target.failed
    for label, reason in lost.items():
        # What ran out of wall time says more about the machine than about the plugin.
        slow = target.stalled.get(label, "") == OUT_OF_TIME
        if label in came and label not in blamed and not slow:
            yield _lost_page(target, label, reason, main)


def _lost_page(target: Boot, label: str, reason: str, main: str) -> Finding:
    return _seen_in(
        Event("lost", label, message=reason),
        rule="page-lost",
        level=Level.ERROR,
        symbol=label,
        place=Place(main, 0),
        sentence=f"On {target.title} {label} does not come any more: {reason}",
        remark=_DOUBTFUL if label in target.stalled else "No line of the plugin was named.",
    )


def _seen_in(
    event: Event,
    *,
    rule: str,
    level: Level,
    symbol: str,
    place: Place,
    sentence: str,
    since: str = "",
    deprecated_in: str = "",
    instead: str = "",
    remark: str = "",
) -> Finding:
    return Finding(
        rule=rule,
        level=level,
        product=WORDPRESS,
        symbol=symbol,
        place=place,
        form="run",
        sentence=sentence,
        since=since,
        deprecated_in=deprecated_in,
        instead=instead,
        remark=remark,
        confirmed_by="dynamic",
        request=event.request,
        message=event.message,
        stack=event.trace,
    )
