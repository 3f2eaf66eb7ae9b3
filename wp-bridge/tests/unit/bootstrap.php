<?php
/**
 * As much of WordPress and WooCommerce as the bridge's parts call, for tests without either.
 *
 * @package RefundDesk\Bridge
 */

error_reporting( E_ALL );
define( 'ABSPATH', __DIR__ . '/' );
define( 'MINUTE_IN_SECONDS', 60 );
define( 'DAY_IN_SECONDS', 86400 );
define( 'WEEK_IN_SECONDS', 604800 );
define( 'HOUR_IN_SECONDS', 3600 );
define( 'ARRAY_A', 'ARRAY_A' );
define( 'DB_NAME', 'store' );
define( 'REFUND_DESK_BRIDGE_VERSION', '0.1.0' );
define( 'REFUND_DESK_BRIDGE_FILE', dirname( __DIR__, 2 ) . '/refund-desk-bridge.php' );

/** What the functions below read and write; each test begins with a fresh one. */
final class World {
	public static $options     = array();
	public static $hooks       = array();
	public static $home        = 'https://shop.example';
	public static $environment = 'production';
	public static $scheduled   = array();
	public static $answers     = array();
	public static $calls       = array();
	public static $orders      = array();
	/** Of webhooks by id, and who makes the current request; the desk's user has the id 7. */
	public static $webhooks = array();
	public static $user     = 0;
	public static $scheme   = 'https';
	public static $locale   = 'en_US';
	/** What customers were told, as pairs of kind and words. */
	public static $said = array();

	public static function begin() {
		global $wpdb;
		foreach ( array( 'options', 'hooks', 'scheduled', 'answers', 'calls', 'orders', 'webhooks', 'said' ) as $name ) {
			self::$$name = array();
		}
		self::$home        = 'https://shop.example';
		self::$environment = 'production';
		self::$user        = 0;
		self::$scheme      = 'https';
		self::$locale      = 'en_US';
		self::$options     = array( 'permalink_structure' => '/%postname%/' );
		$wpdb              = new Sqlite_Database();
	}
}

function __( $text ) {
	return $text;
}
function _n( $one, $many, $count ) {
	return 1 === $count ? $one : $many;
}
function get_option( $name, $default = false ) {
	if ( 'home' === $name ) {
		return World::$home;
	}
	return World::$options[ $name ] ?? $default;
}
function update_option( $name, $value ) {
	World::$options[ $name ] = $value;
	return true;
}
function add_option( $name, $value ) {
	World::$options += array( $name => $value );
	return true;
}
function delete_option( $name ) {
	unset( World::$options[ $name ] );
	return true;
}
function home_url() {
	return preg_replace( '/^https?/', World::$scheme, World::$home ); // As WordPress: by the request's scheme.
}
function get_current_user_id() {
	return World::$user;
}
function get_users() {
	return array( '7' );
}
function current_user_can() {
	return true;
}
function wc_get_webhook( $id ) {
	return World::$webhooks[ $id ] ?? null;
}
function untrailingslashit( $text ) {
	return rtrim( $text, '/' );
}
function wp_parse_url( $address, $part = -1 ) {
	return parse_url( $address, $part );
}
function wp_json_encode( $value, $flags = 0 ) {
	return json_encode( $value, $flags );
}
function wp_strip_all_tags( $text ) {
	return strip_tags( $text );
}
function wp_generate_uuid4() {
	return bin2hex( random_bytes( 16 ) );
}
function wp_generate_password( $length ) {
	return substr( bin2hex( random_bytes( $length ) ), 0, $length );
}
function wp_get_environment_type() {
	return World::$environment;
}
function absint( $value ) {
	return abs( (int) $value );
}
function add_action( $name, $callback, $priority = 10 ) {
	World::$hooks[ $name ][ $priority ][] = $callback;
}
function add_filter( $name, $callback, $priority = 10 ) {
	add_action( $name, $callback, $priority );
}
function apply_filters( $name, $value, ...$more ) {
	$hooks = World::$hooks[ $name ] ?? array();
	ksort( $hooks );
	foreach ( array_merge( array(), ...array_values( $hooks ) ) as $callback ) {
		$value = $callback( $value, ...$more );
	}
	return $value;
}
function do_action( $name, ...$arguments ) {
	$hooks = World::$hooks[ $name ] ?? array();
	ksort( $hooks );
	foreach ( array_merge( array(), ...array_values( $hooks ) ) as $callback ) {
		$callback( ...$arguments );
	}
}
function did_action() {
	return 1;
}
function as_enqueue_async_action( $hook, $arguments ) {
	World::$scheduled[] = array( 0, $hook, $arguments );
}
function as_schedule_single_action( $due, $hook, $arguments ) {
	World::$scheduled[] = array( $due - time(), $hook, $arguments );
}
function as_has_scheduled_action() {
	return false;
}
function is_wp_error( $thing ) {
	return $thing instanceof WP_Error;
}
function wp_remote_post( $address, $options ) {
	World::$calls[] = array( $address, $options );
	$answer         = array_shift( World::$answers );
	return $answer instanceof Closure ? $answer( $options ) : $answer;
}
function wp_remote_retrieve_response_code( $answer ) {
	return $answer['status'];
}
function wp_remote_retrieve_body( $answer ) {
	return $answer['body'];
}
function wp_remote_retrieve_header( $answer, $name ) {
	return $answer['headers'][ $name ] ?? '';
}
function wc_get_order( $id ) {
	return World::$orders[ $id ] ?? false;
}
function wc_get_orders() {
	return array();
}
function wc_get_logger() {
	return new class() {
		public function error() {}
	};
}
function rest_get_server() {
	return new class() {
		public function response_to_data( $response ) {
			return $response->get_data();
		}
	};
}

/** Thrown where WordPress would send a redirect, after which the bridge ends the request. */
final class Left extends Exception {}
class WP_User {
	public $ID         = 7;
	public $user_email = 'ada@example.com';
}
function wp_get_current_user() {
	return new WP_User();
}
function get_user_by( $field, $email ) {
	return 'ada@example.com' === $email ? new WP_User() : false;
}
function determine_locale() {
	return World::$locale;
}
function esc_html( $text ) {
	return htmlspecialchars( (string) $text, ENT_QUOTES );
}
function esc_attr( $text ) {
	return esc_html( $text );
}
function esc_url( $text ) {
	return esc_html( $text );
}
function esc_html__( $text ) {
	return esc_html( $text );
}
function esc_attr__( $text ) {
	return esc_html( $text );
}
function sanitize_key( $text ) {
	return preg_replace( '/[^a-z0-9_-]/', '', $text );
}
function sanitize_text_field( $text ) {
	return trim( strip_tags( $text ) );
}
function wp_unslash( $text ) {
	return $text;
}
function wp_check_invalid_utf8( $text ) {
	return $text;
}
function trailingslashit( $text ) {
	return rtrim( $text, '/' ) . '/';
}
function add_query_arg( $name, $value, $address ) {
	return $address . '?' . $name . '=' . $value;
}
function wp_create_nonce( $action ) {
	return md5( World::$user . $action );
}
function wp_verify_nonce( $nonce, $action ) {
	return wp_create_nonce( $action ) === $nonce ? 1 : false;
}
function wp_nonce_field( $action ) {
	echo '<input type="hidden" name="_wpnonce" value="' . esc_attr( wp_create_nonce( $action ) ) . '">';
}
function set_transient( $name, $value ) {
	return update_option( '_transient_' . $name, $value );
}
function get_transient( $name ) {
	return get_option( '_transient_' . $name );
}
function delete_transient( $name ) {
	return delete_option( '_transient_' . $name );
}
function wp_safe_redirect( $address ) {
	throw new Left( $address );
}
function rest_url( $path ) {
	return 'https://shop.example/wp-json/' . $path;
}
function admin_url( $path ) {
	return 'https://shop.example/wp-admin/' . $path;
}
function wp_nonce_url( $address, $action ) {
	return $address . '&_wpnonce=' . md5( $action );
}
function get_user_locale() {
	return 'de_DE';
}
function wp_date( $format, $at ) {
	return gmdate( 'Y-m-d H:i:s', $at );
}
function get_role( $role ) {
	return World::$options[ 'role_' . $role ] ?? null;
}
function add_role( $role, $name, $capabilities ) {
	World::$options[ 'role_' . $role ] = $capabilities;
}
function remove_role( $role ) {
	unset( World::$options[ 'role_' . $role ] );
}
function wc_add_notice( $words, $kind ) {
	World::$said[] = array( $kind, $words );
}
function wc_get_page_permalink( $page ) {
	return World::$home . '/' . $page . '/';
}
function wc_get_endpoint_url( $name, $value, $page ) {
	return $page . $name . '/' . ( '' === $value ? '' : $value . '/' );
}
function wc_format_datetime( $date ) {
	return $date->format( 'Y-m-d' );
}

class WP_Error {
	private $code;
	private $message;
	private $data;
	public function __construct( $code, $message, $data = null ) {
		list( $this->code, $this->message, $this->data ) = array( $code, $message, $data );
	}
	public function get_error_code() {
		return $this->code;
	}
	public function get_error_message() {
		return $this->message;
	}
	public function get_error_data() {
		return $this->data;
	}
}
class WP_REST_Request implements ArrayAccess {
	public $json   = array();
	public $url    = array();
	public $method = 'POST';
	public function get_method() {
		return $this->method;
	}
	public function set_header() {}
	public function set_body( $body ) {
		$this->json = json_decode( $body, true );
	}
	public function get_json_params() {
		return $this->json;
	}
	public function get_url_params() {
		return $this->url;
	}
	public function offsetExists( $name ): bool {
		return isset( $this->json[ $name ] ) || isset( $this->url[ $name ] );
	}
	#[\ReturnTypeWillChange]
	public function offsetGet( $name ) {
		return $this->json[ $name ] ?? $this->url[ $name ] ?? null; // In WordPress's order.
	}
	public function offsetSet( $name, $value ): void {}
	public function offsetUnset( $name ): void {}
}
class WP_REST_Response {
	public $data;
	public $status;
	public $headers = array();
	public function __construct( $data = null, $status = 200 ) {
		list( $this->data, $this->status ) = array( $data, $status );
	}
	public function header( $name, $value ) {
		$this->headers[ $name ] = $value;
	}
	public function get_data() {
		return $this->data;
	}
	public function set_data( $data ) {
		$this->data = $data;
	}
	public function get_status() {
		return $this->status;
	}
}

/** A webhook, and whose it is. */
class WC_Webhook {
	private $user_id;
	public $topic    = 'order.updated';
	public $status   = 'active';
	public $failures = 0;
	public function __construct( $user_id ) {
		$this->user_id = $user_id;
	}
	public function get_user_id() {
		return $this->user_id;
	}
	public function get_topic() {
		return $this->topic;
	}
	public function get_status() {
		return $this->status;
	}
	public function get_failure_count() {
		return $this->failures;
	}
}
final class WC_Data_Store {
	public static function load() {
		return new self();
	}
	public function get_webhooks_ids() {
		return array_keys( World::$webhooks );
	}
}
class WP_Post {
	public $ID;
	public function __construct( $id ) {
		$this->ID = $id;
	}
}

/** An order, and one refund of it. */
class WC_Order {
	public $id;
	public $type   = 'shop_order';
	public $status = 'processing';
	/** Whose it is, and when it was paid. */
	public $customer_id = 0;
	public $paid        = null;
	public function __construct( $id ) {
		$this->id           = $id;
		World::$orders[ $id ] = $this;
	}
	public function get_id() {
		return $this->id;
	}
	public function get_type() {
		return $this->type;
	}
	public function get_status() {
		return $this->status;
	}
	public function get_customer_id() {
		return $this->customer_id;
	}
	public function get_date_paid() {
		return $this->paid;
	}
	public function get_date_created() {
		return new DateTime( '2026-03-02' );
	}
	public function get_order_number() {
		return (string) $this->id;
	}
	public function get_payment_method() {
		return 'card';
	}
}
class WC_Order_Refund {
	private $parent_id;
	public function __construct( $parent_id ) {
		$this->parent_id = $parent_id;
	}
	public function get_id() {
		return 501;
	}
	public function get_parent_id() {
		return $this->parent_id;
	}
}
class WC_Payment_Gateway {
	public $id                 = 'card';
	public $title              = '';
	public $method_title       = '';
	public $method_description = '';
	public $enabled            = 'yes';
	public $supports           = array( 'refunds' );
	/** What it does with each refund, in turn: true, false, a WP_Error, or an exception to throw. */
	public $will    = array();
	public $refunds = array();
	public function supports( $feature ) {
		return in_array( $feature, $this->supports, true );
	}
	public function process_refund( $order_id, $amount = null, $reason = '' ) {
		$this->refunds[] = array( $order_id, $amount );
		$will            = array_shift( $this->will ) ?? true;
		if ( $will instanceof Throwable ) {
			throw $will;
		}
		return $will;
	}
}
final class WC_Payment_Gateways {
	public $payment_gateways = array();
	private static $one      = null;
	public static function instance() {
		self::$one = self::$one ?? new self();
		return self::$one;
	}
}

/** WooCommerce's own route: checks nothing, saves nothing, calls the gateway between the hooks it has. */
function rest_do_request( $request ) {
	$refund = new WC_Order_Refund( 1001 );
	try {
		do_action( 'woocommerce_create_refund', $refund, array( 'refund_payment' => true ) );
		$list   = WC_Payment_Gateways::instance()->payment_gateways;
		$answer = $list[0]->process_refund( 1001, (float) $request->json['amount'], $request->json['reason'] ?? '' );
	} catch ( Exception $refused ) {
		$answer = new WP_Error( 'error', $refused->getMessage() );
	}
	if ( true === $answer ) {
		return new WP_REST_Response( array( 'id' => 501, 'refunded_payment' => true ), 201 );
	}
	$said = is_wp_error( $answer ) ? $answer->get_error_message() : 'An error occurred.';
	return new WP_REST_Response( array( 'code' => 'woocommerce_rest_cannot_create_order_refund', 'message' => $said, 'data' => 500 ), 500 );
}

/** WordPress's database class, as far as the bridge calls it. Its name makes the bridge use it as it is. */
class wpdb {
	public $prefix     = 'wp_';
	public $options    = 'wp_options';
	public $last_error = '';
	public $insert_id  = 0;
	public $broken     = false;
	private $rows;

	public function __construct() {
		$this->rows = new PDO( 'sqlite::memory:' );
		$this->rows->exec(
			"CREATE TABLE wp_refund_desk_attempts (id INTEGER PRIMARY KEY, refund_key TEXT UNIQUE, order_id INT,
			amount TEXT, state TEXT, tries INT DEFAULT 1, announced INT DEFAULT 0, refund_id INT DEFAULT 0, gateway TEXT DEFAULT '',
			gateway_said TEXT DEFAULT '', answer_status INT DEFAULT 0, answer TEXT, begun_gmt TEXT, called_gmt TEXT,
			settled_gmt TEXT)"
		);
		$this->rows->exec( 'CREATE TABLE wp_options (option_name TEXT)' );
		$this->rows->exec( "CREATE TABLE wp_refund_desk_events (id INTEGER PRIMARY KEY, event_id TEXT, body TEXT, tries INT DEFAULT 0, given_up INT DEFAULT 0, due_gmt TEXT)" );
	}
	public function esc_like( $text ) {
		return addcslashes( $text, '_%' );
	}
	public function get_blog_prefix() {
		return $this->prefix;
	}
	public function prepare( $statement, ...$values ) {
		$values = is_array( $values[0] ) ? $values[0] : $values;
		$quoted = array_map( array( $this->rows, 'quote' ), array_map( 'strval', $values ) );
		return vsprintf( str_replace( '%d', '%s', $statement ), $quoted );
	}
	public function query( $statement ) {
		return $this->broken ? false : $this->rows->exec( str_replace( 'ON DUPLICATE KEY UPDATE', 'ON CONFLICT (refund_key) DO UPDATE SET', $statement ) );
	}
	public function get_row( $statement ) {
		return $this->rows->query( $statement )->fetch( PDO::FETCH_ASSOC ) ?: null;
	}
	public function get_results( $statement ) {
		return $this->rows->query( $statement )->fetchAll( PDO::FETCH_ASSOC );
	}
	public function get_var( $statement ) {
		return $this->rows->query( $statement )->fetchColumn();
	}
	public function get_col( $statement ) {
		return $this->rows->query( $statement )->fetchAll( PDO::FETCH_COLUMN );
	}
	public function insert( $table, $row ) {
		$marks = implode( ', ', array_fill( 0, count( $row ), '?' ) );
		$this->rows->prepare( "INSERT INTO $table (" . implode( ', ', array_keys( $row ) ) . ") VALUES ($marks)" )->execute( array_values( $row ) );
		$this->insert_id = (int) $this->rows->lastInsertId();
		return 1;
	}
	public function delete( $table, $where ) {
		return $this->rows->exec( "DELETE FROM $table WHERE id = " . (int) $where['id'] );
	}
}
final class Sqlite_Database extends wpdb {}

require dirname( __DIR__, 2 ) . '/includes/autoload.php';
World::begin();
