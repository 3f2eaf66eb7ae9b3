"""The jobs of the compatibility checks: feeds, releases, plugins, and their pairs."""

from __future__ import annotations

from refunddesk.jobs.keeping import NotYet
from refunddesk.services import checks, plugins, releases
from refunddesk.services.edges import Edges


def read_feed(edges: Edges, subject: str) -> None:
    """`subject` is the product."""
    releases.read_feed(edges, subject)


def read_release(edges: Edges, subject: str) -> None:
    """`subject` is the release's id."""
    again_at = releases.read_release(edges, int(subject))
    if again_at:
        raise NotYet(again_at)


def read_plugin(edges: Edges, subject: str) -> None:
    """`subject` is the id of the uploaded version."""
    plugins.read_facts(edges, int(subject))


def check_plugin(edges: Edges, subject: str) -> None:
    """`subject` is "<version id>:<release id>"."""
    version_id, _, release_id = subject.partition(":")
    checks.check_plugin(edges, int(version_id), int(release_id))
