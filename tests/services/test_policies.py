"""A store names its policy: a built-in one or one of the owner's folder, and no other file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from refunddesk.policy.document import PolicyNotValid
from refunddesk.services.edges import Edges
from refunddesk.services.policies import load_named_policy, policies_folder
from refunddesk.services.stores import NewStore, StoreNotValid, add_store


def _keep(edges: Edges, path: str, name: str) -> Path:
    text = (resources.files("refunddesk") / "policies" / "crmjetty.toml").read_text("utf-8")
    document = policies_folder(edges) / path
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(text.replace('id = "crmjetty"', f'id = "{name}"'), "utf-8")
    return document


def test_a_built_in_policy_is_known_by_its_name(edges: Edges) -> None:
    assert load_named_policy(edges, "crmjetty").id == "crmjetty"


@pytest.mark.parametrize("path", ["ours.toml", "ours/2026.toml"])
def test_the_owners_policy_is_a_file_or_a_folder_of_versions(edges: Edges, path: str) -> None:
    _keep(edges, path, "ours")
    assert load_named_policy(edges, "ours").id == "ours"


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../policies/ours", "ours.toml", "Ours", "", "x" * 80]
)
def test_no_other_file_of_the_machine_can_be_named(edges: Edges, name: str) -> None:
    _keep(edges, "ours.toml", "ours")
    with pytest.raises(PolicyNotValid, match="is not the name of a policy"):
        load_named_policy(edges, name)


def test_a_store_cannot_join_with_a_policy_nobody_has(edges: Edges) -> None:
    store = NewStore("Store", "https://store.test", "DE", "ours", "Europe/Berlin")
    with pytest.raises(StoreNotValid, match=r"ours\.toml"):
        add_store(edges, store, consumer_key="ck", consumer_secret="cs", probe=False)
