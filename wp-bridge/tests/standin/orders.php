<?php
/**
 * Orders and refunds, kept as posts with their data beside them.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * Something that is kept.
 */
abstract class WC_Data {

	/**
	 * Its id, 0 while it is not kept.
	 *
	 * @var int
	 */
	protected $id = 0;

	/**
	 * What it is.
	 *
	 * @var array<string, mixed>
	 */
	protected $data = array();

	/**
	 * Its id.
	 *
	 * @return int
	 */
	public function get_id() {
		return $this->id;
	}
}

/**
 * What orders and refunds share.
 */
abstract class WC_Abstract_Order extends WC_Data {

	/**
	 * Reads one, or begins one.
	 *
	 * @param int $order The id, 0 for a new one.
	 */
	public function __construct( $order = 0 ) {
		$this->id = (int) $order;
		if ( 0 !== $this->id ) {
			$kept       = get_post_meta( $this->id, '_standin', true );
			$this->data = ( is_array( $kept ) ? $kept : array() ) + $this->data;
			$this->data = array( 'status' => substr( (string) get_post_status( $this->id ), 3 ), 'parent_id' => (int) wp_get_post_parent_id( $this->id ) ) + $this->data;
		}
	}

	/**
	 * What kind it is.
	 *
	 * @return string
	 */
	abstract public function get_type();

	/**
	 * Whose refund it is.
	 *
	 * @return int 0 for an order.
	 */
	public function get_parent_id() {
		return (int) ( $this->data['parent_id'] ?? 0 );
	}

	/**
	 * Its status, without "wc-".
	 *
	 * @return string
	 */
	public function get_status() {
		return (string) $this->data['status'];
	}

	/**
	 * The currency.
	 *
	 * @return string
	 */
	public function get_currency() {
		return 'EUR';
	}

	/**
	 * Keeps it.
	 *
	 * @return int Its id.
	 */
	public function save() {
		$post = array(
			'ID'          => $this->id,
			'post_type'   => $this->get_type(),
			'post_status' => 'wc-' . $this->get_status(),
			'post_parent' => $this->get_parent_id(),
			'post_title'  => 'Order',
		);
		// An update without an id is an insert.
		$this->id = (int) wp_insert_post( $post );
		update_post_meta( $this->id, '_standin', $this->data );
		do_action( 'woocommerce_after_' . ( 'shop_order' === $this->get_type() ? 'order' : 'order_refund' ) . '_object_save', $this );
		return $this->id;
	}

	/**
	 * Deletes it.
	 *
	 * @param bool $force_delete Whether for good.
	 * @return bool
	 */
	public function delete( $force_delete = false ) {
		$name  = 'shop_order' === $this->get_type() ? 'order' : 'order_refund';
		$check = apply_filters( "woocommerce_pre_delete_{$name}", null, $this, $force_delete );
		if ( null !== $check ) {
			return (bool) $check;
		}
		$gone = $force_delete ? wp_delete_post( $this->id, true ) : wp_trash_post( $this->id );
		if ( $gone ) {
			$this->id = 0;
		}
		return (bool) $gone;
	}
}

/**
 * An order.
 */
class WC_Order extends WC_Abstract_Order {

	/**
	 * What it is.
	 *
	 * @var array<string, mixed>
	 */
	protected $data = array( 'status' => 'pending', 'total' => '0.00', 'payment_method' => '' );

	/**
	 * What kind it is.
	 *
	 * @return string
	 */
	public function get_type() {
		return 'shop_order';
	}

	/**
	 * What it came to.
	 *
	 * @return string
	 */
	public function get_total() {
		return (string) $this->data['total'];
	}

	/**
	 * Sets what it comes to.
	 *
	 * @param string $value The amount.
	 * @return void
	 */
	public function set_total( $value ) {
		$this->data['total'] = $value;
	}

	/**
	 * The id of the gateway that took the money.
	 *
	 * @return string
	 */
	public function get_payment_method() {
		return (string) $this->data['payment_method'];
	}

	/**
	 * Sets the gateway.
	 *
	 * @param string $payment_method Its id.
	 * @return void
	 */
	public function set_payment_method( $payment_method = '' ) {
		$this->data['payment_method'] = $payment_method;
	}

	/**
	 * Sets the status.
	 *
	 * @param string $new_status The status.
	 * @return void
	 */
	public function set_status( $new_status ) {
		$this->data['status'] = $new_status;
	}

	/**
	 * Its refunds, the newest first.
	 *
	 * @return WC_Order_Refund[]
	 */
	public function get_refunds() {
		$ids = get_posts( array( 'post_type' => 'shop_order_refund', 'post_parent' => $this->id, 'post_status' => 'any', 'fields' => 'ids', 'numberposts' => -1, 'orderby' => 'ID', 'order' => 'DESC' ) );
		return array_map( static function ( $id ) { return new WC_Order_Refund( $id ); }, $ids );
	}

	/**
	 * What is left of it, refunds with a dead process behind them counted as paid.
	 *
	 * @return string
	 */
	public function get_remaining_refund_amount() {
		$left = standin_cents( $this->get_total() );
		foreach ( $this->get_refunds() as $refund ) {
			$left -= standin_cents( $refund->get_amount() );
		}
		return sprintf( '%d.%02d', intdiv( $left, 100 ), $left % 100 );
	}

	/**
	 * Notes something, for nobody to read.
	 *
	 * @param string $note What.
	 * @return int
	 */
	public function add_order_note( $note ) {
		return (int) wp_insert_comment( array( 'comment_post_ID' => $this->id, 'comment_content' => $note, 'comment_type' => 'order_note' ) );
	}
}

/**
 * A refund.
 */
class WC_Order_Refund extends WC_Abstract_Order {

	/**
	 * What it is.
	 *
	 * @var array<string, mixed>
	 */
	protected $data = array( 'status' => 'completed', 'amount' => '0.00', 'reason' => '', 'refunded_payment' => false );

	/**
	 * What kind it is.
	 *
	 * @return string
	 */
	public function get_type() {
		return 'shop_order_refund';
	}

	/**
	 * Sets whose it is.
	 *
	 * @param int $value The order's id.
	 * @return void
	 */
	public function set_parent_id( $value ) {
		$this->data['parent_id'] = (int) $value;
	}

	/**
	 * How much.
	 *
	 * @return string
	 */
	public function get_amount() {
		return (string) $this->data['amount'];
	}

	/**
	 * Sets how much.
	 *
	 * @param string $value The amount.
	 * @return void
	 */
	public function set_amount( $value ) {
		$this->data['amount'] = (string) $value;
	}

	/**
	 * Why.
	 *
	 * @return string
	 */
	public function get_reason() {
		return (string) $this->data['reason'];
	}

	/**
	 * Sets why.
	 *
	 * @param string $value The reason.
	 * @return void
	 */
	public function set_reason( $value ) {
		$this->data['reason'] = (string) $value;
	}

	/**
	 * Whether the gateway paid.
	 *
	 * @return bool
	 */
	public function get_refunded_payment() {
		return (bool) $this->data['refunded_payment'];
	}

	/**
	 * Sets whether the gateway paid.
	 *
	 * @param bool $value Whether.
	 * @return void
	 */
	public function set_refunded_payment( $value ) {
		$this->data['refunded_payment'] = (bool) $value;
	}
}

/**
 * Whole cents of an amount.
 *
 * @param string $amount As "12.34".
 * @return int
 */
function standin_cents( string $amount ): int {
	list( $whole, $rest ) = explode( '.', $amount . '.' );
	return 100 * (int) $whole + (int) str_pad( substr( $rest, 0, 2 ), 2, '0' );
}

/**
 * An order or a refund.
 *
 * @param int|WC_Abstract_Order $the_order Its id.
 * @return WC_Abstract_Order|false
 */
function wc_get_order( $the_order = false ) {
	$kinds = array( 'shop_order' => WC_Order::class, 'shop_order_refund' => WC_Order_Refund::class );
	if ( $the_order instanceof WC_Abstract_Order ) {
		return $the_order;
	}
	$kind = $kinds[ (string) get_post_type( (int) $the_order ) ] ?? '';
	return '' === $kind ? false : new $kind( (int) $the_order );
}
