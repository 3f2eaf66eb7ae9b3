<?php
/**
 * Shows one page of the site, as a browser would ask for it.
 *
 * Core's files are written for the global scope, so this one has no function.
 */

require __DIR__ . '/begin.php';

if ( 'index.php' === REFUNDDESK_ORDER['script'] ) {
	define( 'WP_USE_THEMES', true );
}
chdir( dirname( REFUNDDESK_ORDER['core'] . '/' . REFUNDDESK_ORDER['script'] ) );
require REFUNDDESK_ORDER['core'] . '/' . REFUNDDESK_ORDER['script'];

RefundDesk\Smoke\Watch::$returned = true;
