<?php
/** The store, its desk and its webhooks are all on this machine, under a certificate of the tests' own. */

add_filter(
	'http_request_args',
	static function ( $arguments ) {
		$arguments['sslcertificates'] = STORE_CA_FILE;
		return $arguments;
	}
);
add_filter( 'http_request_host_is_external', '__return_true' );
add_filter(
	'http_allowed_safe_ports',
	static function ( $ports, $host, $address ) {
		$ports[] = (int) parse_url( $address, PHP_URL_PORT );
		return $ports;
	},
	10,
	3
);
add_filter( 'pre_wp_mail', '__return_true' );
