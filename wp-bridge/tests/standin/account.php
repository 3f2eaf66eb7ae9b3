<?php
/**
 * Pages, mostly the customer's: what they are called, where they are, and what is said on them.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * Whether the page that is shown is the customer's account.
 *
 * @return bool
 */
function is_account_page() {
	return false;
}

/**
 * Whether the page that is shown is the checkout.
 *
 * @return bool
 */
function is_checkout() {
	return false;
}

/**
 * Whether a part of such a page is shown.
 *
 * @param string|false $endpoint Its name.
 * @return bool
 */
function is_wc_endpoint_url( $endpoint = false ) {
	return false;
}

/**
 * The address of a page of the store.
 *
 * @param string      $page     Its name.
 * @param string|null $fallback Where there is no such page.
 * @return string
 */
function wc_get_page_permalink( $page, $fallback = null ) {
	return home_url( '/' . $page . '/' );
}

/**
 * The address of a part of a page.
 *
 * @param string $endpoint  The part.
 * @param string $value     What follows it.
 * @param string $permalink The page.
 * @return string
 */
function wc_get_endpoint_url( $endpoint, $value = '', $permalink = '' ) {
	return trailingslashit( $permalink ) . trailingslashit( $endpoint ) . ( '' === $value ? '' : trailingslashit( $value ) );
}

/**
 * The orders that fit; this store has too few to look for.
 *
 * @param array<string, mixed> $args What is looked for.
 * @return object
 */
function wc_get_orders( $args ) {
	return (object) array(
		'orders'        => array(),
		'total'         => 0,
		'max_num_pages' => 0,
	);
}

/**
 * A date as the store writes it.
 *
 * @param WC_DateTime $date   The date.
 * @param string      $format How.
 * @return string
 */
function wc_format_datetime( $date, $format = '' ) {
	return $date->format( 'Y-m-d' );
}

/**
 * Says something on the page that comes next.
 *
 * @param string               $message     The words.
 * @param string               $notice_type What sort.
 * @param array<string, mixed> $data        More of it.
 * @return void
 */
function wc_add_notice( $message, $notice_type = 'success', $data = array() ) {
	set_transient( 'standin_said', array( $notice_type, $message ), MINUTE_IN_SECONDS );
}

/**
 * Says something here.
 *
 * @param string               $message     The words.
 * @param string               $notice_type What sort.
 * @param array<string, mixed> $data        More of it.
 * @param bool                 $return      Whether to give it back instead.
 * @return string|null
 */
function wc_print_notice( $message, $notice_type = 'success', $data = array(), $return = false ) {
	$said = '<div class="woocommerce-' . esc_attr( $notice_type ) . '">' . wp_kses_post( $message ) . '</div>';
	if ( $return ) {
		return $said;
	}
	echo $said; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped above.
	return null;
}

/**
 * The name of an administration screen: here an order is edited as the post it is.
 *
 * @param string $for The type of what is shown there.
 * @return string
 */
function wc_get_page_screen_id( $for ) {
	return str_replace( '-', '_', $for );
}
