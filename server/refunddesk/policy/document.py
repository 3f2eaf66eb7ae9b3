"""A policy document: TOML or JSON that people read and diff, checked whole before it judges."""

from __future__ import annotations

import json
import tomllib
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any

from refunddesk.policy.entries import NAME, PolicyNotValid, load_version
from refunddesk.policy.version import Policy, PolicyVersion, Readings

__all__ = [
    "PolicyNotValid",
    "built_in_names",
    "load_built_in",
    "load_policy",
    "policy_file",
    "policy_of",
]


def load_policy(source: str | Path, readings: Readings | None = None) -> Policy:
    """The policy built in by that name, or that of a file or a folder with one file per version.

    A built-in policy goes before a folder of its name, which "./" tells apart. `readings` sets
    readings aside the document's own choice, to see what they would give. Raises PolicyNotValid.
    """
    if isinstance(source, str) and source in built_in_names():
        return load_built_in(source, readings)
    path = Path(source)
    if isinstance(source, str) and NAME.fullmatch(source) and not path.exists():
        raise _not_built_in(source, ", nor is there a file or folder of that name")
    if not path.is_dir():
        return _gather(_read_versions(path, readings or {}), path.name)
    try:
        files = sorted(p for p in path.iterdir() if p.suffix in (".toml", ".json"))
    except OSError as error:
        raise PolicyNotValid(path.name, f"cannot be read: {error.strerror}") from error
    found = [v for file in files for v in _read_versions(file, readings or {})]
    return _gather(found, path.name or str(path))


def policy_of(data: object, file: str) -> Policy:
    """The policy of one document that is parsed already; `file` names it in refusals.

    Raises PolicyNotValid.
    """
    return _gather([load_version(file, data, {})], file)


def policy_file(file: Path | Traversable) -> Policy:
    """The policy of one file. Raises PolicyNotValid."""
    return _gather(_read_versions(file, {}), file.name)


def built_in_names() -> tuple[str, ...]:
    return tuple(sorted(_built_in()))


def _built_in() -> dict[str, Traversable]:
    folder = resources.files("refunddesk") / "policies"
    return {f.name.removesuffix(".toml"): f for f in folder.iterdir() if f.name.endswith(".toml")}


def load_built_in(name: str, readings: Readings | None = None) -> Policy:
    """A policy that comes with Refund Desk. Raises PolicyNotValid for a name that does not."""
    return _load_built_in(name, tuple(sorted((readings or {}).items())))


@lru_cache(maxsize=32)
def _load_built_in(name: str, readings: tuple[tuple[str, str | int], ...]) -> Policy:
    known = _built_in()
    if name not in known:
        raise _not_built_in(name)
    return _gather(_read_versions(known[name], dict(readings)), known[name].name)


def _not_built_in(name: str, nor: str = "") -> PolicyNotValid:
    listed = ", ".join(built_in_names())
    problem = f"no built-in policy is called {name[:60]!r}{nor}; there is {listed}"
    return PolicyNotValid("", problem)


def _gather(versions: list[PolicyVersion], file: str) -> Policy:
    """One policy out of its versions, which must not contend with each other."""
    if not versions:
        raise PolicyNotValid(file, "there is no .toml or .json document in it")
    versions = sorted(versions, key=lambda version: version.in_force_from)
    first = versions[0]
    for earlier, later in pairwise(versions):
        if later.policy != first.policy:
            problem = f"versions of two policies, {first.policy} and {later.policy}"
            raise PolicyNotValid(file, problem, key="id")
        if later.in_force_from == earlier.in_force_from:
            problem = f"versions {earlier.version} and {later.version} begin at the same instant"
            raise PolicyNotValid(file, problem, key="in_force_from")
    names = [version.version for version in versions]
    for name in names:
        if names.count(name) > 1:
            raise PolicyNotValid(file, f"there are two versions called {name}", key="version")
    return Policy(first.policy, tuple(versions))


def _read_versions(file: Path | Traversable, readings: Readings) -> list[PolicyVersion]:
    data = _parse(file)
    documents = data["versions"] if isinstance(data, dict) and set(data) == {"versions"} else [data]
    if not isinstance(documents, list) or not documents:
        raise PolicyNotValid(file.name, "must be a list of versions", key="versions")
    return [load_version(file.name, document, readings) for document in documents]


def _parse(file: Path | Traversable) -> Any:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        if file.name.endswith(".toml"):
            return tomllib.loads(text)
        if file.name.endswith(".json"):
            return json.loads(text, object_pairs_hook=_distinct)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise PolicyNotValid(file.name, f"cannot be read: {reason}") from error
    except (ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise PolicyNotValid(file.name, f"is not well formed: {problem}") from error
    raise PolicyNotValid(file.name, "must be a .toml or .json file")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice in one object")
    return found
