<?php
/**
 * Lets one refund of an order through at a time, whoever asks for it.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * Two ways lead to a refund besides the desk's: WooCommerce's REST route and the button on the order
 * page. Both read what is left on the order after they have its lock.
 */
final class Guard {

	/**
	 * The locks.
	 *
	 * @var OrderLock
	 */
	private $lock;

	/**
	 * Requests that took a lock, each with its order.
	 *
	 * @var \SplObjectStorage
	 */
	private $taken;

	/**
	 * Keeps what it is given.
	 *
	 * @param OrderLock $lock The locks.
	 */
	public function __construct( OrderLock $lock ) {
		$this->lock  = $lock;
		$this->taken = new \SplObjectStorage();
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_filter( 'rest_dispatch_request', array( $this, 'on_dispatch_request' ), 10, 3 );
		add_filter( 'rest_request_after_callbacks', array( $this, 'on_request_done' ), 10, 3 );
		add_action( 'wp_ajax_woocommerce_refund_line_items', array( $this, 'on_order_page_refund' ), 0 );
	}

	/**
	 * Takes the order's lock before WooCommerce's route runs. WordPress has checked the caller's right
	 * by then.
	 *
	 * @param mixed            $result  Null, unless somebody else answers.
	 * @param \WP_REST_Request $request The request.
	 * @param string           $route   The route's pattern.
	 * @return mixed
	 */
	public function on_dispatch_request( $result, $request, $route ) {
		$order_id = $this->order_of( $request, (string) $route );
		if ( null !== $result || 0 === $order_id ) {
			return $result;
		}
		if ( ! $this->lock->take( $order_id ) ) {
			return self::busy();
		}
		$this->taken[ $request ] = $order_id;
		return $result;
	}

	/**
	 * Gives the lock back.
	 *
	 * @param mixed                $response The answer.
	 * @param array<string, mixed> $handler  The route's handler.
	 * @param \WP_REST_Request     $request  The request.
	 * @return mixed The answer.
	 */
	public function on_request_done( $response, $handler, $request ) {
		if ( isset( $this->taken[ $request ] ) ) {
			$this->lock->give_back( $this->taken[ $request ] );
			unset( $this->taken[ $request ] );
		}
		return $response;
	}

	/**
	 * Takes the order's lock before the order page's refund; it ends with the request. WooCommerce
	 * checks nonce and capability right after this.
	 *
	 * @return void
	 */
	public function on_order_page_refund(): void {
		// phpcs:ignore WordPress.Security.NonceVerification.Missing -- nothing is done but to wait.
		$order_id = isset( $_POST['order_id'] ) ? absint( $_POST['order_id'] ) : 0;
		if ( 0 === $order_id || ! current_user_can( 'edit_shop_orders' ) ) {
			return;
		}
		if ( ! $this->lock->take( $order_id ) ) {
			wp_send_json_error( array( 'error' => self::busy()->get_error_message() ) );
		}
	}

	/**
	 * Says that another refund of the order is under way.
	 *
	 * @return \WP_Error
	 */
	public static function busy(): \WP_Error {
		return new \WP_Error(
			'refund_desk_order_busy',
			__( 'Another refund of this order is under way. Nothing was paid back by this request; look at the order and try again.', 'refund-desk-bridge' ),
			array( 'status' => 409 )
		);
	}

	/**
	 * The order that a request wants to refund by WooCommerce's own route. WooCommerce takes the id
	 * from the body before that of the address, and so must the lock.
	 *
	 * @param \WP_REST_Request $request The request.
	 * @param string           $route   The route's pattern.
	 * @return int 0 for any other request.
	 */
	private function order_of( $request, string $route ): int {
		if ( 'POST' !== $request->get_method() || 1 !== preg_match( '#^/wc/v[1-9]/orders/.+/refunds$#', $route ) ) {
			return 0;
		}
		return absint( $request['order_id'] );
	}
}
