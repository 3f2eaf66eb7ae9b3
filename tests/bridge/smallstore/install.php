<?php
/** Installs the store; with the argument "network", as the first site of several. */

$address  = file_get_contents( __DIR__ . '/address' );
$_SERVER += array( 'HTTP_HOST' => substr( $address, 7 ), 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'REMOTE_ADDR' => '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1' );

define( 'WP_INSTALLING', true );
require __DIR__ . '/wp/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';

wp_install( 'The small store', 'admin', 'admin@store.test', true, '', 'small-store-pw' );
update_option( 'siteurl', $address );
update_option( 'home', $address );
update_option( 'permalink_structure', '/%postname%/' );
flush_rewrite_rules();

if ( 'network' === ( $argv[1] ?? '' ) ) {
	global $wpdb;
	foreach ( $wpdb->tables( 'ms_global' ) as $table => $prefixed ) {
		$wpdb->$table = $prefixed;
	}
	install_network();
	populate_network( 1, $_SERVER['HTTP_HOST'], 'admin@store.test', 'Small stores', '/', false );
	file_put_contents( __DIR__ . '/network', '' );
}
