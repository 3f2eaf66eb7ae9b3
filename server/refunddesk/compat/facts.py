"""What one plugin version declares and uses: read once per zip, joined with every release."""

from __future__ import annotations

from dataclasses import dataclass, field

from refunddesk.compat.conditions import Condition
from refunddesk.compat.surface import ClassSymbol, Place


@dataclass(frozen=True, slots=True)
class Headers:
    """What the plugin says of itself in its main file and readme; "" where it says nothing."""

    name: str
    version: str = ""
    text_domain: str = ""
    requires_wordpress: str = ""
    tested_wordpress: str = ""
    requires_php: str = ""
    requires_plugins: tuple[str, ...] = ()
    requires_woocommerce: str = ""
    tested_woocommerce: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """One place that uses a symbol.

    `form`: call, callback, new, static, constant, extends, implements, trait, type, catch,
    instanceof, method, include, hook, handle. `arguments` counts those passed, -1 where it cannot
    be counted; `named` are those passed by name, `empty` the positions of '', null, false, array().
    """

    file: str
    line: int
    form: str
    guards: tuple[Condition, ...] = ()
    arguments: int = -1
    named: tuple[str, ...] = ()
    empty: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """A function the plugin declares. `hoisted`: PHP declares it when it compiles the file, before
    any line of the file can ask whether it exists."""

    name: str
    place: Place
    guards: tuple[Condition, ...] = ()
    hoisted: bool = True


@dataclass(frozen=True, slots=True)
class PluginClass:
    """A class the plugin declares, and the conditions it stands under."""

    symbol: ClassSymbol
    guards: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Include:
    """A file of the plugin that another of its files includes.

    `file` is the one included. `unconditional`: it happens whenever `by` is loaded.
    """

    by: str
    line: int
    file: str
    guards: tuple[Condition, ...] = ()
    unconditional: bool = True


@dataclass(frozen=True, slots=True)
class DropIn:
    """An object the plugin puts in the place of core's $wpdb."""

    class_name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """A block.json and the API version it declares (1 where it declares none)."""

    file: str
    api_version: int


Uses = dict[str, tuple[Use, ...]]


@dataclass(frozen=True, slots=True)
class PluginFacts:
    """Keys are lower-case names; methods are keyed "class::method", scripts' APIs by their name.

    `unread` names files that could not be parsed throughout, with the reason: nothing is known of
    them, so a clean result does not cover them. `left_out` says what was not looked at by intent.
    """

    headers: Headers
    main_file: str
    sha256: str
    files_read: int = 0
    functions: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    classes: dict[str, PluginClass] = field(default_factory=dict)
    function_uses: Uses = field(default_factory=dict)
    class_uses: Uses = field(default_factory=dict)
    method_uses: Uses = field(default_factory=dict)
    hook_uses: Uses = field(default_factory=dict)
    handle_uses: Uses = field(default_factory=dict)
    file_uses: Uses = field(default_factory=dict)
    script_uses: Uses = field(default_factory=dict)
    fired_hooks: frozenset[str] = frozenset()
    registered_handles: frozenset[str] = frozenset()
    includes: tuple[Include, ...] = ()
    drop_ins: tuple[DropIn, ...] = ()
    blocks: tuple[Block, ...] = ()
    autoloads: bool = False
    unread: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
