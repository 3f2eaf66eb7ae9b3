<?php
/** WordPress asks its makers for news on many pages; there are none for this store. */

add_filter(
	'pre_http_request',
	static function ( $answer, $request, $address ) {
		if ( '127.0.0.1' === parse_url( $address, PHP_URL_HOST ) ) {
			return $answer;
		}
		// What the different pages look for in different answers.
		$said = array_fill_keys( array( 'plugins', 'themes', 'no_update', 'translations', 'offers' ), array() ) + array_fill_keys( array( 'name', 'slug', 'version', 'external', 'upgrade', 'insecure', 'platform', 'update_url', 'recommended_version', 'minimum_version', 'is_supported', 'is_secure', 'is_acceptable' ), '' );
		return array(
			'headers'  => array(),
			'body'     => wp_json_encode( $said ),
			'response' => array( 'code' => 200, 'message' => 'OK' ),
			'cookies'  => array(),
			'filename' => null,
		);
	},
	10,
	3
);
