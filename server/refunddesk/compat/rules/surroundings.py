"""Rules for what is not code: hooks, script handles, files, scripts, blocks and PHP itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from refunddesk.compat.facts import Use
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.javascript import find_api, missing_in
from refunddesk.compat.rules.making import broken, deprecated, removed
from refunddesk.compat.surface import Handle, Place, any_of
from refunddesk.compat.versions import compare
from refunddesk.compat.world import World

#: WordPress 7.0 shows the editor in an iframe, in which blocks of older API versions do not work.
_IFRAMED_EDITOR = "7.0"
_BLOCK_API = 3


def hooks(world: World) -> Iterator[Finding]:
    """removed-hook and deprecated-hook."""
    for name, uses in world.facts.hook_uses.items():
        surface = next((s for s in world.surfaces if name in s.hooks), None)
        if surface is not None:
            hook = surface.hooks[name]
            for use in filter(world.reached, uses if hook.deprecated else ()):
                assert hook.deprecated is not None
                what, said = f"The hook {name}", hook.deprecated
                yield deprecated(
                    world, "deprecated-hook", use, surface, name, said, what, hook.place
                )
        elif (gone := world.gone_hook(name)) and not _fired(world, name):
            for use in filter(world.reached, uses):
                what = f"The hook {name}, which this listens to,"
                yield removed(world, "removed-hook", use, gone, what, Level.WARNING)


def _fired(world: World, name: str) -> bool:
    """Whether the plugin fires the hook itself."""
    names = world.facts.fired_hooks
    return name in names or bool(any_of(n for n in names if "*" in n and n != "*").fullmatch(name))


def handles(world: World) -> Iterator[Finding]:
    """removed-handle: a script or style that the release no longer registers."""
    wordpress = world.wordpress
    if wordpress is None or wordpress.handles is None:
        return
    for key, uses in world.facts.handle_uses.items():
        if key in wordpress.handles or key in world.facts.registered_handles:
            continue
        gone = world.gone("handles", key)
        if gone is None:
            continue
        kind, _, name = key.partition(":")
        for use in filter(world.reached, uses):
            what = f"The {kind} {name}, which this needs,"
            yield removed(world, "removed-handle", use, gone, what, Level.WARNING)


def files(world: World) -> Iterator[Finding]:
    """removed-file and deprecated-file."""
    wordpress = world.wordpress
    if wordpress is None or wordpress.files is None:
        return
    for path, uses in world.facts.file_uses.items():
        said = wordpress.files.get(path)
        if path in wordpress.files and said is None:
            continue
        gone = None if path in wordpress.files else world.gone("files", path)
        for use in uses:
            if not world.reached(use):
                continue
            what = f"The file {path}"
            # A deprecated file is there to be found, so asking for it is no precaution.
            if said is not None:
                yield deprecated(
                    world, "deprecated-file", use, wordpress, path, said, what, Place(path, 1)
                )
            elif gone is not None and not world.asks_for(use, "file", path):
                yield removed(world, "removed-file", use, gone, what, Level.ERROR)


def script_apis(world: World) -> Iterator[Finding]:
    """removed-script-api: JavaScript that the bundled library no longer understands."""
    wordpress = world.wordpress
    if wordpress is None or wordpress.handles is None:
        return
    for name, uses in world.facts.script_uses.items():
        api = find_api(name)
        if not missing_in(api, wordpress):
            continue
        library = wordpress.handles.get(f"script:{api.library}") or Handle("", Place("", 0))
        for use in filter(world.reached, uses):
            sentence = (
                f"{wordpress.title} brings {api.library} {library.version}, which has no"
                f" {name}() any more."
            )
            made = broken(
                world,
                "removed-script-api",
                use,
                wordpress,
                name,
                sentence,
                library.place,
                level=Level.WARNING,
            )
            yield replace(made, instead=api.instead)


def blocks(world: World) -> Iterator[Finding]:
    """block-api-version."""
    wordpress = world.wordpress
    if wordpress is None or compare(wordpress.version, _IFRAMED_EDITOR) < 0:
        return
    for block in world.facts.blocks:
        if block.api_version < _BLOCK_API:
            use = Use(block.file, 1, "block")
            sentence = (
                f"The block has API version {block.api_version}: since WordPress"
                f" {_IFRAMED_EDITOR} the editor is an iframe, for which blocks need"
                f" {_BLOCK_API}."
            )
            yield broken(
                world,
                "block-api-version",
                use,
                wordpress,
                "apiVersion",
                sentence,
                Place("", 0),
                level=Level.WARNING,
            )


def php_floor(world: World) -> Iterator[Finding]:
    """php-floor: the header promises a PHP that the release no longer runs on."""
    promised = world.facts.headers.requires_php
    for surface in world.surfaces:
        if promised and surface.php_floor and compare(promised, surface.php_floor) < 0:
            use = Use(world.facts.main_file, 1, "header")
            sentence = (
                f"{surface.title} needs PHP {surface.php_floor}; the plugin says it runs from"
                f" {promised}."
            )
            yield broken(
                world,
                "php-floor",
                use,
                surface,
                f"PHP {promised}",
                sentence,
                Place("", 0),
                level=Level.NOTE,
            )
