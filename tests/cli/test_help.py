"""The list of commands comes at once, and says of each what the command says of itself."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from refunddesk import cli
from refunddesk.cli import Commands, compat, main, policy

each_group = pytest.mark.parametrize(
    "group",
    [main, policy.policy, compat.compat],
    ids=["refunddesk", "refunddesk policy", "refunddesk compat"],
)


@each_group
def test_the_list_says_of_each_command_what_it_says_itself(group: Commands) -> None:
    says = {
        name: command.get_short_help_str(200)
        for name in group.places
        for command in [group.get_command(click.Context(group), name)]
        if command and not command.hidden
    }
    assert {name: does for name, (_, does) in group.places.items() if does} == says


@each_group
def test_the_list_names_every_command_and_reads_none(
    group: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(module: str) -> None:
        raise AssertionError(f"{module} was read")

    monkeypatch.setattr(cli, "import_module", read)
    shown = CliRunner().invoke(group, ["--help"], catch_exceptions=False).output
    named = [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines()]
    assert named == [name for name in group.list_commands(click.Context(group)) if name != "guide"]
