"""The walks over the plugin's sources find what they are for: each is shown a broken copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bridge import test_sources as walks
from tests.bridge.test_sentences import SOURCES

Walk = Callable[[Path], None]


@pytest.mark.parametrize(
    ("name", "right", "wrong", "walk"),
    [
        pytest.param(
            "Admin/ConnectPage.php",
            "esc_html( $told['words'] ) );",
            "$told['words'] );",
            walks.test_whatever_is_printed_is_escaped_where_it_is_printed,
            id="words that are not escaped",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "echo '</div>';",
            "print $this->server_before;",
            walks.test_whatever_is_printed_is_escaped_where_it_is_printed,
            id="words printed by another way",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "wp_nonce_field( $action );",
            "",
            walks.test_every_form_names_a_nonce,
            id="a form without a nonce",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "$this->allow( self::CONNECT );",
            "",
            walks.test_whatever_takes_a_form_checks_nonce_and_right_before_anything_else,
            id="a form taken without a check",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "check_admin_referer( $action );",
            "",
            walks.test_whatever_takes_a_form_checks_nonce_and_right_before_anything_else,
            id="a check that forgets the nonce",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "current_user_can( self::CAPABILITY ) ) {\n\t\t\twp_die",
            "is_user_logged_in() ) {\n\t\t\twp_die",
            walks.test_whatever_takes_a_form_checks_nonce_and_right_before_anything_else,
            id="a check that forgets the right",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "'admin_post_' . self::CONNECT",
            "'admin_post_nopriv_' . self::CONNECT",
            walks.test_whatever_takes_a_form_checks_nonce_and_right_before_anything_else,
            id="a form for everybody",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "sanitize_text_field( wp_unslash( $_POST['code'] ) )",
            "$_POST['code']",
            walks.test_whatever_a_visitor_sent_is_checked_where_it_is_read,
            id="a field taken as it comes",
        ),
        pytest.param(
            "Refunds/Guard.php",
            "absint( $_POST['order_id'] )",
            "$_REQUEST['order_id']",
            walks.test_whatever_a_visitor_sent_is_checked_where_it_is_read,
            id="a field from anywhere",
        ),
        pytest.param(
            "Admin/ConnectPage.php",
            "wp_safe_redirect(",
            "wp_redirect(",
            walks.test_whoever_is_led_elsewhere_stays_in_the_store,
            id="a way out of the store",
        ),
        pytest.param(
            "Refunds/AttemptRecord.php",
            'WHERE refund_key = %s", $key',
            "WHERE refund_key = '{$key}'\"",
            walks.test_a_statement_names_the_plugins_own_tables_and_is_given_its_values,
            id="a value in a statement",
        ),
        pytest.param(
            "Refunds/RefundRoute.php",
            "array( $this, 'may_refund' )",
            "'__return_true'",
            walks.test_every_route_asks_who_calls,
            id="a route for everybody",
        ),
        pytest.param(
            "Refunds/RefundRoute.php",
            "defined( 'ABSPATH' ) || exit;",
            "",
            walks.test_no_file_does_anything_when_it_is_called_by_its_address,
            id="a file that runs by its address",
        ),
    ],
)
def test_a_broken_copy_is_found(
    tmp_path: Path, name: str, right: str, wrong: str, walk: Walk
) -> None:
    whole = (SOURCES / "includes" / name).read_text("utf-8")
    assert right in whole, "the copy would not be broken"
    place = tmp_path / Path(name).name
    place.write_text(whole, "utf-8")
    walk(place)
    place.write_text(whole.replace(right, wrong, 1), "utf-8")
    with pytest.raises(AssertionError):
        walk(place)
