<?php
/** Listens to what core says about the plugin, and lets nothing out. */

declare( strict_types=1 );

namespace RefundDesk\Smoke;

/** Core's own words for "you use something old", one action each: name => (symbol, version, instead). */
foreach (
	array(
		'deprecated_function_run'    => array( 'function', 0, 2, 1 ),
		'deprecated_class_run'       => array( 'class', 0, 2, 1 ),
		'deprecated_constructor_run' => array( 'constructor', 0, 1, 2 ),
		'deprecated_file_included'   => array( 'file', 0, 2, 1 ),
		'deprecated_argument_run'    => array( 'argument', 0, 2, 1 ),
	) as $hook => $told
) {
	add_action(
		$hook,
		static function ( ...$given ) use ( $told ): void {
			$place = Watch::place( Watch::frames() );
			if ( null !== $place ) {
				Watch::tell_once(
					'deprecated',
					array(
						'what'    => $told[0],
						'symbol'  => Watch::text( (string) ( $given[ $told[1] ] ?? '' ) ),
						'since'   => (string) ( $given[ $told[2] ] ?? '' ),
						'instead' => Watch::text( wp_strip_all_tags( (string) ( $given[ $told[3] ] ?? '' ) ) ),
					) + $place
				);
			}
		},
		10,
		4
	);
}

// Nobody has called the plugin yet when a deprecated hook fires: the place is its callback.
add_action(
	'deprecated_hook_run',
	static function ( $hook, $instead = '', $version = '', $message = '' ): void {
		$place = Watch::own_callback( (string) $hook ) ?? Watch::place( Watch::frames() );
		if ( null !== $place ) {
			Watch::tell_once(
				'deprecated',
				array(
					'what'    => 'hook',
					'symbol'  => (string) $hook,
					'since'   => (string) $version,
					'instead' => (string) $instead,
				) + $place
			);
		}
	},
	10,
	4
);

add_action(
	'doing_it_wrong_run',
	static function ( $function, $message = '', $version = '' ): void {
		$place = Watch::place( Watch::frames() );
		if ( null !== $place ) {
			Watch::tell_once(
				'wrong',
				array(
					'symbol'  => (string) $function,
					'message' => Watch::text( html_entity_decode( wp_strip_all_tags( (string) $message ), ENT_QUOTES ) ),
					'since'   => (string) $version,
				) + $place
			);
		}
	},
	10,
	3
);

// They were told above; PHP need not say them again.
foreach ( array( 'deprecated_function', 'deprecated_class', 'deprecated_constructor', 'deprecated_file', 'deprecated_argument', 'deprecated_hook', 'doing_it_wrong' ) as $name ) {
	add_filter( $name . '_trigger_error', '__return_false' );
}

add_filter(
	'pre_http_request',
	static function ( $answer, $arguments = array(), $url = '' ) {
		if ( false !== $answer ) {
			return $answer;
		}
		$place = Watch::place( Watch::frames() );
		if ( null !== $place ) {
			Watch::tell_once( 'outward', array( 'symbol' => (string) parse_url( (string) $url, PHP_URL_HOST ) ) + $place );
		}
		return new \WP_Error( 'http_request_not_executed', 'User has blocked requests through HTTP.' );
	},
	PHP_INT_MAX,
	3
);

add_filter( 'pre_wp_mail', static function ( $sent ) { return $sent ?? true; }, PHP_INT_MAX );

if ( '' !== REFUNDDESK_ORDER['locale'] ) {
	$spoken = static function (): string {
		return REFUNDDESK_ORDER['locale'];
	};
	add_filter( 'pre_option_WPLANG', $spoken );
	add_filter( 'locale', $spoken );
}

add_filter(
	'status_header',
	static function ( $header, $code = 200 ) {
		Watch::$status = (int) $code;
		return $header;
	},
	PHP_INT_MAX,
	2
);

add_filter(
	'wp_redirect',
	static function ( $location ) {
		Watch::$redirect = Watch::text( (string) $location );
		if ( REFUNDDESK_ORDER['deep'] ) {
			throw new Stopped( 'redirect' );
		}
		return $location;
	},
	PHP_INT_MAX
);

$ended = static function () {
	return static function ( $message = '', $title = '', $arguments = array() ): void {
		if ( $message instanceof \WP_Error ) {
			$message = $message->get_error_message();
		}
		$arguments = is_array( $arguments ) ? $arguments : array( 'response' => $arguments );
		$status    = (int) ( $arguments['response'] ?? 500 );
		if ( REFUNDDESK_ORDER['deep'] ) {
			throw new Stopped( 'died' );
		}
		Watch::$status = 0 === $status ? 500 : $status;
		Watch::tell(
			'died',
			array(
				'message' => Watch::text( wp_strip_all_tags( is_scalar( $message ) ? (string) $message : '' ) ),
				'status'  => Watch::$status,
			)
		);
		exit;
	};
};
foreach ( array( '', '_ajax', '_json', '_jsonp', '_xmlrpc', '_xml' ) as $kind ) {
	add_filter( 'wp_die' . $kind . '_handler', $ended, PHP_INT_MAX );
}
unset( $hook, $told, $name, $spoken, $ended, $kind );

/** What only the end of a page knows: the plugin's own pages and types, and what the database refused. */
function sum_up(): void {
	foreach ( array_slice( $GLOBALS['EZSQL_ERROR'] ?? array(), 0, 20 ) as $error ) {
		$said = wp_strip_all_tags( (string) ( $error['error_str'] ?? '' ) );
		// The drop-in tells the whole story of a query; the database's own words are one line of it.
		preg_match( '/SQLSTATE.*/', $said, $words );
		Watch::tell_once( 'database', array( 'message' => Watch::text( $words[0] ?? $said ) ) );
	}
	if ( ! REFUNDDESK_ORDER['survey'] ) {
		return;
	}
	$slugs = array();
	foreach ( $GLOBALS['menu'] ?? array() as $entry ) {
		$slugs[ (string) $entry[2] ] = '';
	}
	foreach ( $GLOBALS['submenu'] ?? array() as $parent => $entries ) {
		foreach ( $entries as $entry ) {
			$slugs[ (string) $entry[2] ] = (string) $parent;
		}
	}
	$pages = array();
	foreach ( $slugs as $slug => $parent ) {
		$slug = (string) $slug;
		if ( null !== Watch::own_callback( get_plugin_page_hookname( $slug, $parent ) ) ) {
			$pages[] = menu_page_url( $slug, false );
		}
	}
	$types = array();
	foreach ( get_post_types( array( 'show_ui' => true ), 'objects' ) as $type ) {
		if ( ! $type->_builtin ) {
			$types[] = $type->name;
		}
	}
	$taxonomies = array();
	foreach ( get_taxonomies( array( 'show_ui' => true ), 'objects' ) as $taxonomy ) {
		if ( ! $taxonomy->_builtin ) {
			$taxonomies[] = $taxonomy->name;
		}
	}
	Watch::tell( 'survey', array( 'pages' => $pages, 'types' => $types, 'taxonomies' => $taxonomies ) );
}
