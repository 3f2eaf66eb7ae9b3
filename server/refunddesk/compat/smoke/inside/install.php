<?php
/** Installs the site that every check of a release begins with, and signs its administrator in. */

require __DIR__ . '/begin.php';

define( 'WP_INSTALLING', true );
require REFUNDDESK_ORDER['core'] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install( 'Smoke', 'admin', 'admin@smoke.test', true, '', 'a password nobody needs' );
update_option( 'template', 'smoke' );
update_option( 'stylesheet', 'smoke' );
update_option( 'permalink_structure', '/%year%/%postname%/' );
// The first request of a new site writes its rules; every copy of it has them.
delete_option( 'rewrite_rules' );

$refunddesk_until = gmmktime( 0, 0, 0, 1, 1, 2100 );
$refunddesk_token = WP_Session_Tokens::get_instance( 1 )->create( $refunddesk_until );
$refunddesk_made  = array();
foreach ( array( 'auth' => AUTH_COOKIE, 'secure_auth' => SECURE_AUTH_COOKIE, 'logged_in' => LOGGED_IN_COOKIE ) as $refunddesk_scheme => $refunddesk_name ) {
	$refunddesk_made[ $refunddesk_name ] = wp_generate_auth_cookie( 1, $refunddesk_until, $refunddesk_scheme, $refunddesk_token );
}
RefundDesk\Smoke\Watch::tell( 'cookies', array( 'cookies' => $refunddesk_made ) );
RefundDesk\Smoke\Watch::$returned = true;
