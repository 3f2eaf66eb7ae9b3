<?php
/**
 * The bridge's record of attempts on a database of a few functions: plays the steps that it reads as JSON
 * from standard input and prints what each came to.
 *
 * @package RefundDesk\Tests
 */

error_reporting( E_ALL );
define( 'ABSPATH', __DIR__ );
define( 'HOUR_IN_SECONDS', 3600 );
define( 'ARRAY_A', 'ARRAY_A' );

function apply_filters( $name, $value ) {
	return $value;
}
function wp_strip_all_tags( $text ) {
	return strip_tags( $text );
}

/** WordPress's database class, as far as the record calls it. Its name makes the bridge use it as it is. */
final class Sqlite_Database extends wpdb {}

/** The same for all sites. */
class wpdb {
	public $prefix     = 'wp_';
	public $last_error = '';
	private $rows;

	public function __construct() {
		$this->rows = new PDO( 'sqlite::memory:' );
		$this->rows->exec(
			"CREATE TABLE wp_refund_desk_attempts (id INTEGER PRIMARY KEY, refund_key TEXT UNIQUE, order_id INT,
			amount TEXT, state TEXT, tries INT DEFAULT 1, announced INT DEFAULT 0, refund_id INT DEFAULT 0, gateway TEXT DEFAULT '',
			gateway_said TEXT DEFAULT '', answer_status INT DEFAULT 0, answer TEXT, begun_gmt TEXT, called_gmt TEXT,
			settled_gmt TEXT)"
		);
	}
	public function prepare( $statement, ...$values ) {
		$values = is_array( $values[0] ) ? $values[0] : $values;
		$quoted = array_map( array( $this->rows, 'quote' ), array_map( 'strval', $values ) );
		return vsprintf( str_replace( '%d', '%s', $statement ), $quoted );
	}
	public function query( $statement ) {
		return $this->rows->exec( str_replace( 'ON DUPLICATE KEY UPDATE', 'ON CONFLICT (refund_key) DO UPDATE SET', $statement ) );
	}
	public function get_row( $statement, $form ) {
		return $this->rows->query( $statement )->fetch( PDO::FETCH_ASSOC ) ?: null;
	}
}

/** WooCommerce's rows of order 1001: 37 and 38 unpaid, both with the desk's marker in front, 39 paid. */
class WC_Order_Refund {
	public static $rows = array();
	private $id;

	public function __construct( int $id ) {
		$this->id = $id;
	}
	public function get_parent_id() {
		return 1001;
	}
	public function get_reason() {
		return 'RD-7F3K2QXM refund';
	}
	public function get_refunded_payment() {
		return 39 === $this->id;
	}
	public function delete( $force ) {
		unset( self::$rows[ $this->id ] );
	}
}
foreach ( array( 37, 38, 39 ) as $id ) {
	WC_Order_Refund::$rows[ $id ] = new WC_Order_Refund( $id );
}
function wc_get_order( $id ) {
	return WC_Order_Refund::$rows[ $id ] ?? false;
}
function wc_get_orders( $of ) {
	return WC_Order_Refund::$rows;
}

$wpdb = new Sqlite_Database();
foreach ( array( 'OwnConnection', 'RecordUnavailable', 'GatewayWatch', 'Attempt', 'AttemptRecord', 'RefundRoute' ) as $name ) {
	require $argv[1] . "/includes/Refunds/$name.php";
}
$record = new RefundDesk\Bridge\Refunds\AttemptRecord( new RefundDesk\Bridge\Refunds\OwnConnection() );
$came   = array();
foreach ( json_decode( stream_get_contents( STDIN ), true ) as $step ) {
	$what = array_shift( $step );
	try {
		if ( 'may_be_sent_again' === $what ) {
			$came[] = $record->find( 'RD-7F3K2QXM' )->may_be_sent_again( (int) ( time() + $step[0] * HOUR_IN_SECONDS ) );
		} elseif ( 'told' === $what ) {
			$came[] = $record->find( 'RD-7F3K2QXM' )->to_json();
		} elseif ( 'delete_orphan' === $what ) {
			RefundDesk\Bridge\Refunds\RefundRoute::delete_orphan( $record->find( 'RD-7F3K2QXM' ) );
			$came[] = array_keys( WC_Order_Refund::$rows );
		} elseif ( 'state' === $what ) {
			$came[] = $record->find( 'RD-7F3K2QXM' )->state;
		} else {
			$came[] = $record->$what( 'RD-7F3K2QXM', ...$step );
		}
	} catch ( RefundDesk\Bridge\Refunds\RecordUnavailable $unavailable ) {
		$came[] = 'unavailable';
	}
}
echo json_encode( $came );
