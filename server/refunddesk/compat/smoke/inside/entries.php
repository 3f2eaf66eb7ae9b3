<?php
/**
 * Runs what a plugin offers to be called: shortcodes, blocks, REST routes, scheduled work, widgets,
 * AJAX handlers. One after another, from the one the order names; each is announced before it runs,
 * so that whoever waits knows which one ended the process.
 */

require __DIR__ . '/begin.php';
require __DIR__ . '/offers.php';

if ( 'ajax' === REFUNDDESK_ORDER['deep'] ) {
	define( 'WP_ADMIN', true );
	define( 'DOING_AJAX', true );
}

// A handler behind a nonce would stop at its first line: here every nonce holds.
function check_ajax_referer( $action = -1, $query_arg = false, $stop = true ) {
	do_action( 'check_ajax_referer', $action, 1 );
	return 1;
}
function check_admin_referer( $action = -1, $query_arg = '_wpnonce' ) {
	do_action( 'check_admin_referer', $action, 1 );
	return 1;
}
function wp_verify_nonce( $nonce, $action = -1 ) {
	return 1;
}

require REFUNDDESK_ORDER['core'] . '/wp-load.php';

if ( 'ajax' === REFUNDDESK_ORDER['deep'] ) {
	require_once ABSPATH . 'wp-admin/includes/admin.php';
	try {
		do_action( 'admin_init' );
	} catch ( RefundDesk\Smoke\Stopped $refunddesk_stopped ) {
		unset( $refunddesk_stopped );
	}
} else {
	wp();
	while ( have_posts() ) {
		the_post();
		break;
	}
}

RefundDesk\Smoke\run_offers();
RefundDesk\Smoke\Watch::$returned = true;
