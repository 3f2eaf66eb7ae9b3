<?php
/**
 * A WordPress site of a few functions, for one command: what the licence client calls of WordPress, kept
 * in a file between runs. Reads the command as JSON from standard input and prints what came of it.
 *
 * @package RefundDesk\Tests
 */

error_reporting( E_ALL );
set_error_handler(
	function ( $level, $message, $file, $line ) {
		throw new ErrorException( $message, 0, $level, $file, $line );
	}
);
define( 'ABSPATH', __DIR__ );

$command = json_decode( stream_get_contents( STDIN ), true );
$options = is_file( $command['options'] ) ? json_decode( file_get_contents( $command['options'] ), true ) : array();
$hooks   = array();

/** An answer that never came. */
final class WP_Error {}

/** What ends a request in WordPress. */
final class Ended extends Exception {}

function get_option( $name, $otherwise = false ) {
	global $options;
	return array_key_exists( $name, $options ) ? $options[ $name ] : $otherwise;
}
function update_option( $name, $value, $autoload = null ) {
	global $options;
	$options[ $name ] = $value;
	return true;
}
function delete_option( $name ) {
	global $options;
	unset( $options[ $name ] );
	return true;
}
function get_transient( $name ) {
	return get_option( '_transient_' . $name );
}
function set_transient( $name, $value, $seconds = 0 ) {
	return update_option( '_transient_' . $name, $value );
}
function delete_transient( $name ) {
	return delete_option( '_transient_' . $name );
}
function home_url() {
	global $command;
	return $command['home'];
}
function admin_url( $path = '' ) {
	return home_url() . '/wp-admin/' . $path;
}
function add_action( $hook, $callback ) {
	global $hooks;
	$hooks[ $hook ] = $callback;
}
function add_options_page( $title, $menu, $capability, $slug, $callback ) {
	global $hooks;
	$hooks['page'] = array( $capability, $slug, $callback );
}
function current_user_can( $capability ) {
	global $command;
	return in_array( $capability, $command['may'], true );
}
function check_admin_referer( $action ) {
	if ( ! isset( $_POST['_wpnonce'] ) || 'nonce of ' . $action !== $_POST['_wpnonce'] ) {
		throw new Ended( 'the link has expired' );
	}
}
function wp_nonce_field( $action ) {
	printf( '<input type="hidden" name="_wpnonce" value="nonce of %s">', esc_attr( $action ) );
}
function wp_die( $message, $title = '', $more = array() ) {
	throw new Ended( $message );
}
function wp_safe_redirect( $address ) {
	throw new Ended( 'to ' . $address );
}
function wp_unslash( $value ) {
	return stripslashes( $value );
}
function sanitize_text_field( $text ) {
	return trim( preg_replace( '/[\r\n\t ]+/', ' ', strip_tags( $text ) ) );
}
function esc_html( $text ) {
	return htmlspecialchars( (string) $text, ENT_QUOTES );
}
function esc_attr( $text ) {
	return htmlspecialchars( (string) $text, ENT_QUOTES );
}
function esc_url( $text ) {
	return htmlspecialchars( (string) $text, ENT_QUOTES );
}
function wp_json_encode( $value ) {
	return json_encode( $value );
}
function is_wp_error( $value ) {
	return $value instanceof WP_Error;
}
function wp_remote_post( $address, $how ) {
	$lines = array();
	foreach ( $how['headers'] as $name => $value ) {
		$lines[] = $name . ': ' . $value;
	}
	$context = stream_context_create(
		array(
			'http' => array(
				'method'          => 'POST',
				'header'          => $lines,
				'content'         => $how['body'],
				'timeout'         => $how['timeout'],
				'follow_location' => 0,
				'ignore_errors'   => true,
			),
		)
	);
	try {
		$body = file_get_contents( $address, false, $context );
	} catch ( ErrorException $error ) {
		return new WP_Error();
	}
	return array( 'body' => $body, 'head' => $http_response_header );
}
function wp_remote_retrieve_body( $answer ) {
	return $answer['body'];
}
function wp_remote_retrieve_response_code( $answer ) {
	return (int) explode( ' ', $answer['head'][0] )[1];
}
function wp_remote_retrieve_header( $answer, $name ) {
	foreach ( $answer['head'] as $line ) {
		if ( 0 === stripos( $line, $name . ':' ) ) {
			return trim( substr( $line, strlen( $name ) + 1 ) );
		}
	}
	return '';
}

require $command['client'];

$now     = $command['now'];
$license = new Refund_Desk_License(
	array(
		'server'        => $command['server'],
		'slug'          => 'acme_crm',
		'name'          => $command['name'],
		'imported_keys' => $command['imported_keys'],
		'clock'         => function () use ( $now ) {
			return $now;
		},
	)
);
$license->add_hooks();

$_POST = array_map( 'addslashes', $command['post'] );
ob_start();
try {
	if ( 'post' === $command['do'] ) {
		call_user_func( $hooks['admin_post_acme_crm_license'] );
		$came = 'came back';
	} elseif ( 'page' === $command['do'] ) {
		call_user_func( $hooks['admin_menu'] );
		call_user_func( $hooks['page'][2] );
		$came = $hooks['page'][0];
	} else {
		$came = call_user_func_array( array( $license, $command['do'] ), $command['with'] );
	}
} catch ( Ended $ended ) {
	$came = $ended->getMessage();
}
$shown = ob_get_clean();
file_put_contents( $command['options'], json_encode( $options, JSON_FORCE_OBJECT ) );
echo json_encode( array( 'came' => $came, 'shown' => $shown ) );
