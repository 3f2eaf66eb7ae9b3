"""Tables that must agree with each other: routes, refusals, jobs, settings, clauses, versions."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import refunddesk
from refunddesk.db.staff import Role
from refunddesk.jobnames import LIMITS, JobName
from refunddesk.jobs import registry
from refunddesk.policy.document import load_policy
from refunddesk.services.refusal import Refusal
from refunddesk.settings import example
from refunddesk.version import __version__
from refunddesk.web.auth import Guard
from refunddesk.web.errors import STATUSES
from refunddesk.web.mount import BLUEPRINTS
from tests.conftest import REPOSITORY

ROLES_PAGE = REPOSITORY / "docs" / "roles.md"


def every_route() -> Iterator[tuple[str, str, Guard | None]]:
    """Method, path and guard of each route of Refund Desk."""
    app = Flask("every route")
    for blueprint, path in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix=path)
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        guard = getattr(app.view_functions[rule.endpoint], "refunddesk_guard", None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule), guard


def row_of(method: str, path: str, guard: Guard) -> str:
    marks = ("yes" if role in guard.roles else "" for role in Role)
    return f"| {method} {path} | {guard.by.value} | {' | '.join(marks)} |".replace("  ", " ")


def test_every_route_names_its_guard() -> None:
    routes = list(every_route())
    assert len(routes) > 10
    assert [f"{method} {path}" for method, path, guard in routes if guard is None] == []


def test_the_role_table_of_the_docs_is_the_guards_of_the_routes() -> None:
    rows = sorted(row_of(method, path, guard) for method, path, guard in every_route() if guard)
    written = [line for line in ROLES_PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert sorted(written[2:]) == rows


def test_every_refusal_has_a_status() -> None:
    for module in pkgutil.walk_packages(refunddesk.__path__, "refunddesk."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)

    def below(parent: type[Refusal]) -> Iterator[type[Refusal]]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    missing = {kind.__name__ for kind in below(Refusal) if kind.__module__.startswith("refunddesk")}
    missing -= {kind.__name__ for kind in STATUSES}
    assert missing == set()
    assert all(400 <= status < 500 or status in (502, 503) for status in STATUSES.values())


@pytest.mark.parametrize("job", list(JobName), ids=lambda job: job.value)
def test_every_job_is_done_by_somebody_on_a_queue_with_a_worker(job: JobName) -> None:
    assert callable(registry.JOBS[job])
    procfile = (REPOSITORY / "Procfile").read_text("utf-8")
    assert re.search(rf"^\w+: refunddesk worker {LIMITS[job].queue.value}$", procfile, re.M)


def test_a_run_that_is_still_allowed_to_be_alive_keeps_others_away() -> None:
    assert all(limits.claim > limits.timeout for limits in LIMITS.values())


def test_the_example_settings_are_the_settings() -> None:
    assert (REPOSITORY / ".env.example").read_text("utf-8") == example()


def clause_ids() -> set[str]:
    policies = Path(refunddesk.__file__).parent / "policies"
    return {
        str(clause.id)
        for document in policies.glob("*.toml")
        for version in load_policy(document.stem).versions
        for clause in version.clauses
    }


@pytest.mark.parametrize("clause", sorted(clause_ids()))
def test_every_clause_of_a_built_in_policy_has_a_test(clause: str) -> None:
    tests = (REPOSITORY / "tests" / "policy").rglob("test_*.py")
    assert any(f'"{clause}"' in path.read_text("utf-8") for path in tests)


def test_the_changelog_begins_with_the_version_of_this_tree() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (\S+)", changelog, re.M)
    assert versions[0] == __version__
