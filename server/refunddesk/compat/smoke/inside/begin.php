<?php
/**
 * The first lines of every process: takes the order from the command line, then looks like a server
 * that answers a browser.
 */

define( 'REFUNDDESK_ORDER', json_decode( $argv[1], true ) );

require __DIR__ . '/watch.php';
RefundDesk\Smoke\Watch::begin();

// A plugin sees what it sees on the web: no command line.
unset( $argv, $argc );
$_SERVER = array(
	'REQUEST_METHOD'       => 'GET',
	'REQUEST_URI'          => REFUNDDESK_ORDER['uri'],
	'QUERY_STRING'         => (string) parse_url( REFUNDDESK_ORDER['uri'], PHP_URL_QUERY ),
	'SCRIPT_NAME'          => '/' . REFUNDDESK_ORDER['script'],
	'SCRIPT_FILENAME'      => REFUNDDESK_ORDER['core'] . '/' . REFUNDDESK_ORDER['script'],
	'PHP_SELF'             => '/' . REFUNDDESK_ORDER['script'],
	'DOCUMENT_ROOT'        => REFUNDDESK_ORDER['core'],
	'HTTP_HOST'            => 'smoke.test',
	'HTTP_USER_AGENT'      => 'Mozilla/5.0 (smoke)',
	'HTTP_ACCEPT'          => 'text/html,*/*',
	'HTTP_ACCEPT_LANGUAGE' => 'en',
	'SERVER_NAME'          => 'smoke.test',
	'SERVER_ADDR'          => '127.0.0.1',
	'SERVER_PORT'          => '80',
	'SERVER_PROTOCOL'      => 'HTTP/1.1',
	'SERVER_SOFTWARE'      => 'Apache',
	'REMOTE_ADDR'          => '127.0.0.1',
	'REMOTE_PORT'          => '40000',
	'GATEWAY_INTERFACE'    => 'CGI/1.1',
	'REQUEST_TIME'         => $_SERVER['REQUEST_TIME'],
	'REQUEST_TIME_FLOAT'   => $_SERVER['REQUEST_TIME_FLOAT'],
);
parse_str( $_SERVER['QUERY_STRING'], $_GET );
$_POST    = array();
$_COOKIE  = REFUNDDESK_ORDER['cookies'];
$_REQUEST = $_GET;
