"""Reads a release of WordPress or WooCommerce, zip or directory, into its surface."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from tree_sitter import Node, Query

from refunddesk.compat.archive import SourceTree
from refunddesk.compat.coredeprecations import read_deprecations
from refunddesk.compat.handles import read_handles
from refunddesk.compat.phpsource import (
    LANGUAGE,
    PhpFile,
    arguments_of,
    believable,
    class_name,
    declared_name,
    docblock_before,
    line_of,
    literal,
    name_pattern,
    parse_php,
    signature_at,
    tags_of,
    text,
)
from refunddesk.compat.surface import (
    WOOCOMMERCE,
    WORDPRESS,
    ClassSymbol,
    Deprecation,
    Function,
    Hook,
    Place,
    Surface,
)

_CALLS = (
    "do_action do_action_ref_array do_action_deprecated apply_filters apply_filters_ref_array "
    "apply_filters_deprecated wc_do_deprecated_action class_alias wp_register_script "
    "wp_register_style wp_enqueue_script wp_enqueue_style _deprecated_function "
    "_deprecated_argument _deprecated_file _deprecated_class _deprecated_constructor "
    "wc_deprecated_function wc_deprecated_argument"
).split()
_QUERY = Query(
    LANGUAGE,
    f"""
    (function_definition) @function
    [(class_declaration) (interface_declaration) (trait_declaration) (enum_declaration)] @class
    ((function_call_expression function: (name) @called)
     (#any-of? @called {" ".join(f'"{name}"' for name in _CALLS)})) @call
    ((function_call_expression function: (qualified_name) @absolute)
     (#any-of? @absolute {" ".join(f'"{chr(92) * 2}{name}"' for name in _CALLS)})) @call
    ((member_call_expression object: (variable_name) @object)
     (#any-of? @object "$wpdb" "$scripts" "$styles")) @send
    """,
)
_FIRES = re.compile(r"(?:do_action|apply_filters)(?:_ref_array|_deprecated)?")
_WP_VERSION = re.compile(rb"\$wp_version\s*=\s*'([^']+)'")
_WP_PHP = re.compile(rb"\$required_php_version\s*=\s*'([^']+)'")
_HEADER = rb"(?im)^[ \t/*#@]*%s:[ \t]*(\S+)"
_PAIR = re.compile(r"""['"]([A-Za-z_][\w\\]*)['"]\s*=>\s*['"]\\?([A-Za-z_][\w\\]*)['"]""")
_DECLARES = re.compile(
    rb"\b(?:function|class|interface|trait|enum)\s|do_action|apply_filters|deprecated_|"
    rb"class_alias|wp_(?:register|enqueue)_|script-loader|\$wpdb->|\$(?:scripts|styles)->|'dependencies'"
)
_KINDS = {
    "class_declaration": "class",
    "interface_declaration": "interface",
    "trait_declaration": "trait",
    "enum_declaration": "enum",
}
_MODIFIERS = {
    "abstract_modifier": "abstract",
    "final_modifier": "final",
    "static_modifier": "static",
}


class NotARelease(ValueError):
    """A tree that is neither a WordPress nor a WooCommerce release."""


def index_release(tree: SourceTree, progress: Callable[[int, int], None] | None = None) -> Surface:
    """The surface of the release in `tree`; `progress` hears (files done, files in all).

    Raises NotARelease.
    """
    product, version, php_floor = _identify(tree)
    surface = Surface(
        product=product,
        version=version,
        php_floor=php_floor,
        handles={} if product == WORDPRESS else None,
        files={} if product == WORDPRESS else None,
        database_calls={} if product == WORDPRESS else None,
        sha256=tree.sha256,
    )
    paths = [path for path in tree.paths if path.endswith(".php") and _belongs(product, path)]
    unread: list[str] = []
    aliases: dict[str, ClassSymbol] = {}
    for number, path in enumerate(paths, 1):
        source = tree.read(path)
        if surface.files is not None:
            surface.files[path] = None
        if _worth_parsing(source):
            file = parse_php(path, source, _QUERY)
            _read_file(file, surface, aliases)
            if file.broken:
                unread.append(path)
        if progress is not None:
            progress(number, len(paths))
    for key, alias in aliases.items():
        if alias.parents[0].lower() in surface.classes:
            surface.classes.setdefault(key, alias)
    return replace(surface, unread=tuple(unread))


def _identify(tree: SourceTree) -> tuple[str, str, str]:
    if "wp-includes/version.php" in tree.paths:
        source = tree.read("wp-includes/version.php")
        version = _WP_VERSION.search(source)
        if version:
            floor = _WP_PHP.search(source)
            return WORDPRESS, version[1].decode(), floor[1].decode() if floor else ""
    if "woocommerce.php" in tree.paths:
        head = tree.read("woocommerce.php")[:8192]
        version = re.search(_HEADER % b"Version", head)
        if version:
            floor = re.search(_HEADER % b"Requires PHP", head)
            return WOOCOMMERCE, version[1].decode(), floor[1].decode() if floor else ""
    raise NotARelease(
        f"{tree.name} is no WordPress or WooCommerce release:"
        " it has no wp-includes/version.php and no woocommerce.php with a version"
    )


def _belongs(product: str, path: str) -> bool:
    # Bundled plugins and themes are not WordPress: a site may have removed them.
    if product == WORDPRESS:
        return not path.startswith("wp-content/")
    return not path.startswith(("tests/", "bin/", "node_modules/"))


def _worth_parsing(source: bytes) -> bool:
    # Icon and pattern files hold a returned array or markup and nothing a plugin could call.
    return _DECLARES.search(source) is not None


def _read_file(file: PhpFile, surface: Surface, aliases: dict[str, ClassSymbol]) -> None:
    declared: dict[int, tuple[str, str]] = {}
    for node in file.nodes.get("function", ()):
        if believable(file, node):
            function = _function(file, node)
            key = function.name.lower()
            # The unconditional declaration is the one a plugin collides with.
            if key not in surface.functions or surface.functions[key].conditional:
                surface.functions[key] = function
            declared[node.id] = ("", key)
    for node in file.nodes.get("class", ()):
        _read_class(file, node, surface, declared)
    calls = file.nodes.get("call", [])
    _read_hooks(file, calls, surface.hooks)
    _read_aliases(file, calls, aliases)
    read_deprecations(file, calls, declared, surface)
    if surface.handles is not None:
        read_handles(file, calls, file.nodes.get("send", ()), surface.handles)
    if surface.database_calls is not None:
        _read_database_calls(file, surface.database_calls)


def _function(file: PhpFile, node: Node) -> Function:
    since, deprecated = tags_of(docblock_before(node))
    return Function(
        name=declared_name(file, node),
        signature=signature_at(file, node),
        place=Place(file.path, line_of(node)),
        since=since,
        deprecated=deprecated,
        conditional=conditional(node),
    )


def conditional(node: Node) -> bool:
    """Whether a declaration stands inside an `if` or another function."""
    parent = node.parent
    while parent is not None:
        if parent.type in {"if_statement", "function_definition", "method_declaration"}:
            return True
        parent = parent.parent
    return False


def _read_class(
    file: PhpFile, node: Node, surface: Surface, declared: dict[int, tuple[str, str]]
) -> None:
    symbol = class_symbol(file, node)
    key = symbol.name.lower()
    present = surface.classes.get(key)
    if present is not None and not present.conditional:
        return
    surface.classes[key] = symbol
    body = node.child_by_field_name("body")
    for child in body.named_children if body else ():
        if child.type == "method_declaration":
            name = child.child_by_field_name("name")
            if name is not None:
                declared[child.id] = (key, text(name).lower())


def class_symbol(file: PhpFile, node: Node) -> ClassSymbol:
    """The class, interface, trait or enum declared at `node`, with its methods."""
    since, deprecated = tags_of(docblock_before(node))
    kind = _KINDS[node.type]
    parents: list[str] = []
    for child in node.children:
        if child.type in {"base_clause", "class_interface_clause"}:
            parents += [class_name(file, name) for name in child.named_children]
    methods: dict[str, Function] = {}
    body = node.child_by_field_name("body")
    traits: list[str] = []
    for child in body.named_children if body else ():
        if child.type == "method_declaration":
            method = _method(file, child, kind)
            methods[method.name.lower()] = method
        elif child.type == "use_declaration":
            traits += [
                class_name(file, name)
                for name in child.named_children
                if name.type in {"name", "qualified_name"}
            ]
    return ClassSymbol(
        name=declared_name(file, node),
        kind=kind,
        place=Place(file.path, line_of(node)),
        parents=(*traits, *parents),
        modifiers=tuple(_MODIFIERS[c.type] for c in node.children if c.type in _MODIFIERS),
        since=since,
        deprecated=deprecated,
        conditional=conditional(node),
        methods=methods,
    )


def _method(file: PhpFile, node: Node, kind: str) -> Function:
    since, deprecated = tags_of(docblock_before(node))
    modifiers = [_MODIFIERS[c.type] for c in node.children if c.type in _MODIFIERS]
    modifiers += [
        text(c).lower()
        for c in node.children
        if c.type == "visibility_modifier" and text(c).lower() != "public"
    ]
    if kind == "interface":
        modifiers.append("abstract")
    name = node.child_by_field_name("name")
    return Function(
        name=text(name) if name else "",
        signature=signature_at(file, node),
        place=Place(file.path, line_of(node)),
        since=since,
        deprecated=deprecated,
        modifiers=tuple(modifiers),
    )


def _read_hooks(file: PhpFile, calls: Iterable[Node], hooks: dict[str, Hook]) -> None:
    for call in calls:
        called = _called(call)
        if not _FIRES.fullmatch(called) and called != "wc_do_deprecated_action":
            continue
        arguments = arguments_of(call)
        name = name_pattern(arguments[0]) if arguments else None
        if not name or not name.strip("*"):
            continue
        deprecated = None
        if called.endswith("_deprecated") or called == "wc_do_deprecated_action":
            deprecated = Deprecation(
                (literal(arguments[2]) or "") if len(arguments) > 2 else "",
                (name_pattern(arguments[3]) or "") if len(arguments) > 3 else "",
            )
        present = hooks.get(name)
        if present is None or (present.deprecated is not None and deprecated is None):
            hooks[name] = Hook(name, Place(file.path, line_of(call)), deprecated)


def _read_aliases(file: PhpFile, calls: Iterable[Node], aliases: dict[str, ClassSymbol]) -> None:
    for call in calls:
        arguments = arguments_of(call)
        if _called(call) != "class_alias" or len(arguments) < 2:
            continue
        place = Place(file.path, line_of(call))
        target, alias = literal(arguments[0]), literal(arguments[1])
        pairs = [(alias, target)] if alias and target else []
        if not pairs:
            # An autoloader that keeps its old names in a table, as WpOrg\Requests does.
            pairs = _PAIR.findall(file.source.decode("utf-8", "replace").replace("\\\\", "\\"))
        for name, stands_for in pairs:
            clean = name.lstrip("\\")
            aliases.setdefault(
                clean.lower(),
                ClassSymbol(clean, "alias", place, parents=(stands_for.lstrip("\\"),)),
            )


def _read_database_calls(file: PhpFile, calls: dict[str, Place]) -> None:
    for node in file.nodes.get("send", ()):
        receiver = node.child_by_field_name("object")
        name = node.child_by_field_name("name")
        if receiver is not None and name is not None and text(receiver) == "$wpdb":
            calls.setdefault(text(name).lower(), Place(file.path, line_of(node)))


def _called(call: Node) -> str:
    name = call.child_by_field_name("function")
    return text(name).lstrip("\\").lower() if name is not None else ""
