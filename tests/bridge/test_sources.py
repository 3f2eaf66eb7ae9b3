"""What WordPress asks of every plugin, read off the plugin's own sources.

Forms name a nonce, what takes them checks it and the person's right, routes name who may call them,
and what is printed is escaped where it is printed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tree_sitter import Node

from tests.bridge.test_sentences import (
    SOURCES,
    arguments_of,
    name_of,
    read_php,
    sources,
    text,
    walk,
)

ESCAPES = {
    "esc_html",
    "esc_attr",
    "esc_url",
    "esc_html__",
    "esc_attr__",
    "absint",
    "intval",
}
#: What may be asked of, or made of, something that a visitor sent.
CHECKS = {
    "isset",
    "is_string",
    "absint",
    "sanitize_key",
    "sanitize_text_field",
    "sanitize_textarea_field",
    "wp_verify_nonce",
    "wp_check_invalid_utf8",
}
#: What may stand in the text of a statement: names of tables, the plugin's own or well known.
TABLES = {"$wpdb->prefix", "$wpdb->options", "$table", "$this->table()", "$charset"}
#: Sends staff on to the desk that the store is connected with, and to no address that was sent.
LEAD_TO_THE_DESK = {"SignIn.php"}
#: Waits for a lock and nothing else; WooCommerce checks nonce and right after it.
WITHOUT_A_NONCE = {"on_order_page_refund"}

every_source = pytest.mark.parametrize(
    "place", sources(), ids=lambda place: place.relative_to(SOURCES).as_posix()
)


def calls(node: Node, *names: str) -> list[Node]:
    return [
        one
        for one in walk(node)
        if one.type == "function_call_expression" and name_of(one) in names
    ]


def methods(node: Node) -> dict[str, Node]:
    found = ("method_declaration", "function_definition")
    return {text(one.child_by_field_name("name")): one for one in walk(node) if one.type in found}


def is_escaped(node: Node) -> bool:
    """Whether what the expression prints can hold no markup but the plugin's own."""
    kind, inner = node.type, node.named_children
    if kind in ("string", "integer"):
        return True
    if kind in ("argument", "parenthesized_expression"):
        return all(map(is_escaped, inner))
    if kind == "binary_expression":
        return text(node.child_by_field_name("operator")) == "." and all(map(is_escaped, inner))
    if kind == "conditional_expression":
        return all(map(is_escaped, inner[1:]))
    return kind == "function_call_expression" and name_of(node) in ESCAPES


@every_source
def test_whatever_is_printed_is_escaped_where_it_is_printed(place: Path) -> None:
    tree = read_php(place)
    printed = [
        inner for one in walk(tree) if one.type == "echo_statement" for inner in one.named_children
    ]
    printed += [argument for call in calls(tree, "printf") for argument in arguments_of(call)]
    assert [text(one) for one in printed if not is_escaped(one)] == []
    assert calls(tree, "_e", "print_r", "var_dump", "vprintf") == []
    assert not [one for one in walk(tree) if one.type in ("print_intrinsic", "text_interpolation")]


@every_source
def test_every_form_names_a_nonce(place: Path) -> None:
    for name, method in methods(read_php(place)).items():
        if "<form" in text(method):
            assert calls(method, "wp_nonce_field"), name


@every_source
def test_whatever_takes_a_form_checks_nonce_and_right_before_anything_else(place: Path) -> None:
    tree = read_php(place)
    takers = re.findall(
        r"add_action\( '?(?:admin_post_|wp_ajax_)[^,]*, array\( \$this, '(\w+)' \)", text(tree)
    )
    assert "nopriv" not in text(tree)
    found = methods(tree)
    for name in set(takers) - WITHOUT_A_NONCE:
        first = text(found[name].child_by_field_name("body")).strip("{ \t\n").splitlines()[0]
        assert first.strip().startswith("$this->allow( self::"), name
    if set(takers) - WITHOUT_A_NONCE:
        allow = text(found["allow"])
        assert "current_user_can( self::CAPABILITY )" in allow
        assert "check_admin_referer( $action )" in allow
    for name in set(takers) & WITHOUT_A_NONCE:
        assert "current_user_can(" in text(found[name])


def test_a_customers_form_is_taken_only_from_whose_order_and_form_it_is() -> None:
    deeds = methods(read_php(SOURCES / "includes" / "Account" / "Deeds.php"))
    taken = text(deeds["on_form"].child_by_field_name("body")).strip("{ \t\n").splitlines()
    assert taken[0] == "$order = $this->allow();"
    allow = text(deeds["allow"])
    assert "null === $order" in allow
    assert "Customer::own_order( $order_id )" in allow
    assert "! Form::is_ours( $order_id )" in allow
    is_ours = text(methods(read_php(SOURCES / "includes" / "Account" / "Form.php"))["is_ours"])
    assert "wp_verify_nonce( $nonce, self::NONCE . $order_id )" in is_ours
    assert "get_current_user_id() > 0" in is_ours


@every_source
def test_whoever_reads_a_form_has_checked_a_nonce(place: Path) -> None:
    source = text(read_php(place))
    if "$_POST" in source and place.name != "Guard.php":  # it adds to a check of WooCommerce's own
        assert re.search(r"check_admin_referer\(|wp_verify_nonce\(|Form::is_ours\(", source)


@every_source
def test_no_page_of_the_store_waits_for_the_desk_but_impatiently(place: Path) -> None:
    """Whoever shows a page asks by Impatient, which waits three seconds."""
    name = place.relative_to(SOURCES).as_posix()
    if "->server->call(" in text(read_php(place)):
        assert name in {
            "includes/Account/Deeds.php",  # a form was sent
            "includes/Admin/SignIn.php",  # a button was pressed
            "includes/Checkout/About.php",  # in the background
            "includes/Connect/Checks.php",  # somebody pressed a button
            "includes/Connect/Connection.php",
            "includes/Privacy/PersonalData.php",  # an administrator works a request off
            "includes/Server/Impatient.php",
        }


@every_source
def test_whatever_a_visitor_sent_is_checked_where_it_is_read(place: Path) -> None:
    tree = read_php(place)
    assert re.findall(r"\$_(REQUEST|COOKIE|FILES|SERVER|ENV)\b|php://input", text(tree)) == []
    sent = [one for one in walk(tree) if text(one) in ("$_GET", "$_POST")]
    loose = [one for one in sent if one.type == "variable_name" and not is_checked(one)]
    assert [f"{one.start_point.row + 1}: {text(one.parent)}" for one in loose] == []


def is_checked(sent: Node) -> bool:
    """Whether it is only asked about, or goes through a check at once or on its way out."""
    one: Node | None = sent
    while one is not None and one.type not in ("method_declaration", "function_definition"):
        if one.type == "function_call_expression" and name_of(one) in CHECKS:
            return True
        one = one.parent
    # The words of a customer are kept as they are, but for what is no text.
    return (
        one is not None
        and re.search(r"return (\w+)\(", text(one)) is not None
        and (re.findall(r"return (\w+)\(", text(one)) == ["wp_check_invalid_utf8"])
    )


@every_source
def test_whoever_is_led_elsewhere_stays_in_the_store(place: Path) -> None:
    if place.name in LEAD_TO_THE_DESK:
        assert "0 !== strpos( $link, $this->settings->server() . '/" in text(read_php(place))
        return
    assert calls(read_php(place), "wp_redirect", "header", "setcookie") == []


@every_source
def test_a_statement_names_the_plugins_own_tables_and_is_given_its_values(place: Path) -> None:
    for one in walk(read_php(place)):
        if one.type in ("encapsed_string", "heredoc") and re.search(
            r"\b(FROM|INTO|UPDATE)\b", text(one)
        ):
            put_in = re.findall(r"\{(\$[^}]+)\}", text(one))
            assert set(put_in) <= TABLES, put_in


@every_source
def test_every_route_asks_who_calls(place: Path) -> None:
    for call in calls(read_php(place), "register_rest_route"):
        routed = text(arguments_of(call)[2])
        assert re.search(r"'permission_callback' +=> array\( \$this, 'may_\w+' \)", routed), routed


@every_source
def test_no_file_does_anything_when_it_is_called_by_its_address(place: Path) -> None:
    assert re.search(
        r"^defined\( '(ABSPATH|WP_UNINSTALL_PLUGIN)' \) \|\| exit;",
        place.read_text("utf-8"),
        re.MULTILINE,
    )


def test_there_are_forms_routes_and_prints_to_look_at() -> None:
    trees = [read_php(place) for place in sources()]
    assert sum(len(calls(tree, "register_rest_route")) for tree in trees) >= 5
    assert sum(len(calls(tree, "printf", "wp_nonce_field")) for tree in trees) >= 10
    assert any("admin_post_" in text(tree) for tree in trees)
