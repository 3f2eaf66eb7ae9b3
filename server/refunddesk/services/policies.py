"""Finds the policy that a store names: a built-in one, or a document in the folder of policies."""

from __future__ import annotations

import re
from pathlib import Path

from refunddesk.policy.document import (
    PolicyNotValid,
    built_in_names,
    load_built_in,
    load_policy,
)
from refunddesk.policy.version import Policy
from refunddesk.services.edges import Edges

_FORMS = (".toml", ".json")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,60}", re.ASCII)


def policies_folder(edges: Edges) -> Path:
    """Where the owner keeps policies: `<name>.toml`, `<name>.json`, or a folder of versions."""
    return edges.home / "policies"


def load_named_policy(edges: Edges, name: str) -> Policy:
    """The policy called `name`; no other file of this machine can be named. Raises PolicyNotValid.

    The owner's document goes before a built-in one of the same name.
    """
    return load_from(policies_folder(edges), name)


def list_policy_names(edges: Edges) -> list[str]:
    """The names of all policies there are, the owner's own and the built-in ones."""
    folder = policies_folder(edges)
    places = list(folder.iterdir()) if folder.is_dir() else []
    own = {place.stem for place in places if place.is_dir() or place.suffix in _FORMS}
    return sorted({*built_in_names(), *filter(_NAME.fullmatch, own)})


def load_from(folder: Path, name: str) -> Policy:
    """The policy called `name`: the owner's document in `folder`, or a built-in one.

    Raises PolicyNotValid.
    """
    if not _NAME.fullmatch(name):
        raise PolicyNotValid("", f"{name[:60]!r} is not the name of a policy, such as crmjetty")
    for place in (folder / f"{name}.toml", folder / f"{name}.json", folder / name):
        if place.exists():
            return load_policy(place)
    try:
        return load_built_in(name)
    except PolicyNotValid as unknown:
        raise PolicyNotValid("", f"{unknown}, and {folder} has no {name}.toml") from None
