"""Templates: policies to begin from, which no store can be judged by until they are copied."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable

from refunddesk.policy.document import built_in_names, policy_file
from refunddesk.policy.version import Policy

_NAME = re.compile(r"[a-z][a-z0-9-]{0,60}", re.ASCII)


class NoSuchTemplate(LookupError):
    """A name that is no template's, or one that a policy of one's own cannot have."""


def list_templates() -> dict[str, Mapping[str, str]]:
    """The title of each template in en, fr and de, by the template's name."""
    return {name: load_template(name).versions[0].title for name in sorted(_files())}


def load_template(name: str) -> Policy:
    """Raises NoSuchTemplate."""
    return policy_file(_file(name))


def new_from_template(name: str, template: str, in_force_on: date) -> str:
    """The text of a policy called `name`, in force from the first second, UTC, of that day.

    A template's or a built-in policy's name is refused: nobody could tell later which is meant.
    Raises NoSuchTemplate.
    """
    if not _NAME.fullmatch(name):
        raise NoSuchTemplate(f"{name[:60]!r} cannot name a policy: lower-case letters, digits, -")
    if name in _files() or name in built_in_names():
        raise NoSuchTemplate(f"{name!r} comes with Refund Desk. Nothing was written; take another.")
    text = _file(template).read_text(encoding="utf-8")
    about, _, rest = text.partition("\n#\n")
    _, _, document = rest.partition(f'id = "{template}"\n')
    since = f"in_force_from = {in_force_on}T00:00:00Z"
    document = re.sub(r"in_force_from = \S+", since, document, count=1)
    return f'{about}\n# Begun from the template {template}.\n\nid = "{name}"\n{document}'


def _file(name: str) -> Traversable:
    files = _files()
    if name not in files:
        raise NoSuchTemplate(
            f"no template is called {name[:60]!r}; there is {', '.join(sorted(files))}"
        )
    return files[name]


def _files() -> dict[str, Traversable]:
    folder = resources.files("refunddesk") / "policies" / "templates"
    return {f.name.removesuffix(".toml"): f for f in folder.iterdir() if f.name.endswith(".toml")}
