"""`refunddesk policy kinds`, `templates` and `new`: what to write a policy document with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from refunddesk.cli.policy import NotJudged
from refunddesk.policy.clauses import KINDS
from refunddesk.policy.kindpages import index_page, page_of, summary_of
from refunddesk.policy.templates import NoSuchTemplate, list_templates, new_from_template


@click.command("kinds")
@click.argument("name", required=False)
@click.option("--write", "folder", type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Write the reference pages of all kinds.")  # fmt: skip
def kinds(name: str | None, folder: Path | None) -> None:
    """List the kinds of clause, or show the page of one."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        pages = {f"{kind}.md": page_of(kind) for kind in KINDS} | {"README.md": index_page()}
        for file, text in pages.items():
            (folder / file).write_text(text, encoding="utf-8")
        click.echo(f"{len(KINDS)} pages and their index are in {folder}.")
    elif name is None:
        width = max(map(len, KINDS))
        for kind in KINDS.values():
            click.echo(f"{kind.name:{width}}  {kind.stage:6}  {summary_of(kind)}")
    elif name in KINDS:
        click.echo(page_of(name), nl=False)
    else:
        raise NotJudged(f"no kind of clause is called {name[:60]!r}; see refunddesk policy kinds")


@click.command("templates")
@click.option("--lang", type=click.Choice(["en", "fr", "de"]), default="en")
def templates(lang: str) -> None:
    """List the policies that a store can begin from."""
    found = list_templates()
    width = max(map(len, found))
    for name, title in found.items():
        click.echo(f"{name:{width}}  {title[lang]}")


@click.command("new")
@click.argument("name")
@click.option("--from", "template", metavar="TEMPLATE", required=True)
@click.option("--in", "folder", default=".", help="The folder to write it to.", metavar="FOLDER",
              type=click.Path(file_okay=False, path_type=Path))  # fmt: skip
@click.option("--in-force-from", "since", type=click.DateTime(["%Y-%m-%d"]), required=True,
              help="The day from whose first second, UTC, the policy is in force.")  # fmt: skip
def new(name: str, template: str, folder: Path, since: datetime) -> None:
    """Write NAME.toml, a policy of your own, as a copy of a template."""
    file = folder / f"{name}.toml"
    try:
        text = new_from_template(name, template, since.date())
        with file.open("x", encoding="utf-8") as written:
            written.write(text)
    except NoSuchTemplate as error:
        raise NotJudged(str(error)) from error
    except FileExistsError as error:
        problem = f"{file} is there already. Nothing was written; take another name."
        raise NotJudged(problem) from error
    except OSError as error:
        raise NotJudged(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"{file} is written. Read it, change it, then: refunddesk policy check {file}")
