<?php
/**
 * Notes, before and after, that a gateway is called for a refund of the desk's.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * WooCommerce calls the gateway between two saves of the refund row and has no hook around the call.
 * The last hook before it, `woocommerce_create_refund`, is fired for every refund: from there on the
 * gateway counts as called. What it answers is learnt from a stand-in that takes its place in
 * WooCommerce's list for just this one call.
 */
final class GatewayWatch {

	/**
	 * The attempts.
	 *
	 * @var AttemptRecord
	 */
	private $record;

	/**
	 * The key of the refund under way, or ''.
	 *
	 * @var string
	 */
	private $key = '';

	/**
	 * The order of the refund under way.
	 *
	 * @var int
	 */
	private $order_id = 0;

	/**
	 * The stand-in, while it stands in.
	 *
	 * @var WatchedGateway|null
	 */
	private $stand_in = null;

	/**
	 * Keeps what it is given.
	 *
	 * @param AttemptRecord $record The attempts.
	 */
	public function __construct( AttemptRecord $record ) {
		$this->record = $record;
	}

	/**
	 * Attaches. Last of all on its hook: whatever refuses the refund before, refuses it uncalled.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'woocommerce_after_order_refund_object_save', array( $this, 'on_refund_saved' ) );
		add_action( 'woocommerce_create_refund', array( $this, 'on_create_refund' ), PHP_INT_MAX, 2 );
		add_filter( 'refund_desk_bridge_current_key', array( $this, 'on_current_key' ) );
	}

	/**
	 * Whether a gateway answers the same key as it did the first time, instead of paying again.
	 *
	 * @param string $gateway The gateway's id.
	 * @return bool
	 */
	public static function honours_keys( string $gateway ): bool {
		$known = 'stripe' === $gateway || 0 === strpos( $gateway, 'stripe_' );
		/**
		 * Whether a gateway honours the refund's key.
		 *
		 * Say yes only for a gateway that sends the key (filter `refund_desk_bridge_current_key`) to
		 * its provider and whose provider pays once per key for at least a day.
		 *
		 * @param bool   $known   Whether the bridge passes the key on by itself.
		 * @param string $gateway The gateway's id.
		 */
		return (bool) apply_filters( 'refund_desk_bridge_gateway_honours_keys', $known, $gateway );
	}

	/**
	 * Watches the refund that is made while `$make` runs.
	 *
	 * @param string   $key      The desk's key.
	 * @param int      $order_id The order's id.
	 * @param callable $make     Makes the refund.
	 * @return mixed What `$make` gives.
	 */
	public function during( string $key, int $order_id, callable $make ) {
		$this->key      = $key;
		$this->order_id = $order_id;
		try {
			return $make();
		} finally {
			$this->step_down();
			$this->key      = '';
			$this->order_id = 0;
		}
	}

	/**
	 * The key for gateways that want to pass it on.
	 *
	 * @param string $key '' or the key of another.
	 * @return string
	 */
	public function on_current_key( $key ): string {
		return '' !== $this->key ? $this->key : (string) $key;
	}

	/**
	 * Names the row in the record as soon as there is one: WooCommerce saves it before it says that it
	 * makes a refund, and a process that dies in between leaves it behind.
	 *
	 * @param mixed $refund WooCommerce's refund.
	 * @return void
	 */
	public function on_refund_saved( $refund ): void {
		if ( '' === $this->key || (int) $refund->get_parent_id() !== $this->order_id ) {
			return;
		}
		try {
			$this->record->note_row( $this->key, (int) $refund->get_id() );
		} catch ( RecordUnavailable $unavailable ) {
			// Without a record the gateway will not be called: on_create_refund says so.
			return;
		}
	}

	/**
	 * Notes the call that is about to come, and puts the stand-in up.
	 *
	 * @param \WC_Order_Refund     $refund The refund, not saved yet.
	 * @param array<string, mixed> $args   What it was asked for with.
	 * @return void
	 * @throws RecordUnavailable When it cannot be noted; WooCommerce then makes no refund.
	 */
	public function on_create_refund( $refund, $args ): void {
		if ( '' === $this->key || (int) $refund->get_parent_id() !== $this->order_id || empty( $args['refund_payment'] ) ) {
			return;
		}
		$order   = wc_get_order( $this->order_id );
		$gateway = $order ? (string) $order->get_payment_method() : '';
		$this->record->note_call( $this->key, $gateway, (int) $refund->get_id() );
		$this->stand_in_for( $gateway, $refund );
	}

	/**
	 * Puts a stand-in into the gateway's place in WooCommerce's list.
	 *
	 * @param string           $id     The gateway's id.
	 * @param \WC_Order_Refund $refund The refund; saved by the time the gateway is called.
	 * @return void
	 */
	private function stand_in_for( string $id, $refund ): void {
		$list = \WC_Payment_Gateways::instance();
		foreach ( $list->payment_gateways as $place => $gateway ) {
			if ( isset( $gateway->id ) && $id === $gateway->id ) {
				$this->stand_in                   = new WatchedGateway( $gateway, $this->record, $this->key, $refund, array( $this, 'step_down' ) );
				$list->payment_gateways[ $place ] = $this->stand_in;
				return;
			}
		}
	}

	/**
	 * Gives the gateway its place back.
	 *
	 * @return void
	 */
	public function step_down(): void {
		if ( null === $this->stand_in ) {
			return;
		}
		$list = \WC_Payment_Gateways::instance();
		foreach ( $list->payment_gateways as $place => $gateway ) {
			if ( $gateway === $this->stand_in ) {
				$list->payment_gateways[ $place ] = $this->stand_in->watched();
			}
		}
		$this->stand_in = null;
	}
}
