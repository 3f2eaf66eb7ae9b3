"""The list of all blueprints, each with its path below the prefix."""

from __future__ import annotations

from flask import Blueprint

#: Every blueprint with its path below the prefix.
BLUEPRINTS: tuple[tuple[Blueprint, str], ...] = ()
