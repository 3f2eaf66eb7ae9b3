"""Finds functions and methods that are handed over by name: add_action( 'init', 'my_function' )."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from refunddesk.compat.phpsource import PhpFile, class_name, literal, text, value_of

_NAME = re.compile(r"\\?[A-Za-z_][\w\\]*(?:::\w+)?")
#: Function -> positions of its callable parameters, from 0.
_POSITIONS = {
    **dict.fromkeys(
        "call_user_func call_user_func_array forward_static_call forward_static_call_array "
        "array_map register_shutdown_function spl_autoload_register ob_start set_error_handler "
        "set_exception_handler register_tick_function".split(),
        (0,),
    ),
    **dict.fromkeys(
        "array_filter array_walk array_walk_recursive array_reduce usort uasort uksort "
        "preg_replace_callback iterator_apply add_action add_filter add_shortcode "
        "register_activation_hook register_deactivation_hook register_uninstall_hook".split(),
        (1,),
    ),
    **dict.fromkeys("add_meta_box add_settings_section add_settings_field".split(), (2,)),
    **dict.fromkeys("wp_add_dashboard_widget wp_register_sidebar_widget".split(), (2,)),
    **dict.fromkeys(
        "add_options_page add_management_page add_theme_page add_plugins_page add_users_page "
        "add_dashboard_page add_posts_page add_media_page add_links_page add_pages_page "
        "add_comments_page add_menu_page".split(),
        (4,),
    ),
    "add_submenu_page": (5,),
    "register_setting": (2,),
    "add_feed": (1,),
}
#: Array keys whose value WordPress calls.
CALLBACK_KEYS = (
    "callback permission_callback sanitize_callback validate_callback render_callback "
    "get_callback update_callback auth_callback active_callback display_callback "
    "meta_box_cb update_count_callback".split()
)


def callbacks_of(
    called: str, arguments: list[Node], file: PhpFile
) -> Iterator[tuple[Node, str, str]]:
    """(place, class or "", name) of each callable a call of `called` hands over by name."""
    for position in _POSITIONS.get(called, ()):
        if position < len(arguments):
            yield from callable_at(value_of(arguments[position]), file)


def callable_at(node: Node, file: PhpFile) -> Iterator[tuple[Node, str, str]]:
    """The function or method that `node` names, if it names one."""
    plain = literal(node)
    if plain is not None:
        if _NAME.fullmatch(plain):
            named_class, _, name = plain.lstrip("\\").rpartition("::")
            yield node, named_class, name
        return
    if node.type != "array_creation_expression":
        return
    items = [
        child.named_children[-1]
        for child in node.named_children
        if child.type == "array_element_initializer" and child.named_children
    ]
    method = literal(items[1]) if len(items) == 2 else None
    if method is None:
        return
    owner = literal(items[0])
    if owner is None and text(items[0]) == "$this":
        owner = "self"
    elif owner is None and items[0].type == "class_constant_access_expression":
        owner = class_name(file, items[0].named_children[0])
    elif owner is None and text(items[0]) == "__CLASS__":
        owner = "self"
    if owner:
        yield node, owner.lstrip("\\"), method.removeprefix("parent::")
