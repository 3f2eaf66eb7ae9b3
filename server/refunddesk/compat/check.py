"""Checks one plugin against one release: findings on the target that the baseline does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from refunddesk.compat.facts import PluginFacts
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.lifecycle import Lifecycle
from refunddesk.compat.rules import RULES
from refunddesk.compat.surface import Surface
from refunddesk.compat.unswept import unswept
from refunddesk.compat.world import World

_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Site:
    """The releases a plugin is checked on: WordPress, and WooCommerce where it needs it."""

    surfaces: tuple[Surface, ...]

    @property
    def title(self) -> str:
        return " with ".join(surface.title for surface in self.surfaces)


@dataclass(frozen=True, slots=True)
class StaticPass:
    """What reading alone found. `findings`: new ones first, then by weight and place."""

    facts: PluginFacts
    target: Site
    baseline: Site | None
    findings: tuple[Finding, ...] = field(default=())

    @property
    def new(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.new)

    @property
    def standing(self) -> tuple[Finding, ...]:
        """What the baseline has as well: the plugin is known to live with it."""
        return tuple(finding for finding in self.findings if not finding.new)


@unswept()
def check_static(
    facts: PluginFacts,
    target: Site,
    baseline: Site | None = None,
    lifecycles: Mapping[str, Lifecycle] | None = None,
) -> StaticPass:
    """Joins the facts with the target, and with the baseline to know what is new.

    Without a baseline everything counts as new: nothing is known to have worked.
    """
    known = lifecycles or {}
    earlier = baseline.surfaces if baseline else ()
    found = _findings(World(facts, target.surfaces, earlier, known))
    before: set[tuple[str, str, str, int, str]] = set()
    if baseline is not None:
        before = {f.identity for f in _findings(World(facts, earlier, (), known)).values()}
    findings = [replace(finding, new=identity not in before) for identity, finding in found.items()]
    findings.sort(
        key=lambda f: (not f.new, _ORDER[f.level], not f.on_load, f.place.file, f.place.line)
    )
    return StaticPass(facts, target, baseline, tuple(findings))


def _findings(world: World) -> dict[tuple[str, str, str, int, str], Finding]:
    found: dict[tuple[str, str, str, int, str], Finding] = {}
    for rule in RULES:
        for finding in rule(world):
            found.setdefault(finding.identity, finding)
    return found
