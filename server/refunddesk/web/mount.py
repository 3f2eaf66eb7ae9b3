"""What the routes share: the desk of the current application, and the list of its blueprints."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app

from refunddesk.db.group_commit import GroupCommit
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """Refund Desk as mounted in one application."""

    settings: Settings
    edges: Edges
    inbox_writer: GroupCommit

    @classmethod
    def open(cls, settings: Settings, edges: Edges) -> Desk:
        return cls(settings, edges, GroupCommit(edges.database))


def desk() -> Desk:
    """The desk of the application that answers the current request."""
    mounted: Desk = current_app.extensions["refunddesk"]
    return mounted


#: Every blueprint with its path below the prefix.
BLUEPRINTS: tuple[tuple[Blueprint, str], ...] = ()
