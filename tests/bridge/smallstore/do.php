<?php
/** Runs the PHP of its first argument inside the store, as its administrator; what it returns, as JSON. */

$_SERVER += array( 'HTTP_HOST' => substr( file_get_contents( __DIR__ . '/address' ), 7 ), 'REQUEST_URI' => $argv[2] ?? '/', 'REQUEST_METHOD' => 'GET', 'REMOTE_ADDR' => '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1' );

define( 'WP_ADMIN', true );
require __DIR__ . '/wp/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
wp_set_current_user( 1 );
echo "\n", json_encode( eval( $argv[1] ) ); // phpcs:ignore Squiz.PHP.Eval
