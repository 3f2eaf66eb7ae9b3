<?php
/**
 * Hands the refund's key to Stripe, which pays once for one key.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * The Stripe gateway gives its charges a key, but not its refunds. It filters the refund it is about
 * to send, and right after that the headers of the request.
 */
final class StripeKey {

	/**
	 * Knows the key.
	 *
	 * @var GatewayWatch
	 */
	private $watch;

	/**
	 * Whether the next request to Stripe is the refund.
	 *
	 * @var bool
	 */
	private $is_next = false;

	/**
	 * Keeps what it is given.
	 *
	 * @param GatewayWatch $watch Knows the key.
	 */
	public function __construct( GatewayWatch $watch ) {
		$this->watch = $watch;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_filter( 'wc_stripe_refund_request', array( $this, 'on_refund_request' ), PHP_INT_MAX );
		add_filter( 'woocommerce_stripe_request_headers', array( $this, 'on_request_headers' ), PHP_INT_MAX );
	}

	/**
	 * The refund comes next.
	 *
	 * @param mixed $request What will be sent.
	 * @return mixed The same.
	 */
	public function on_refund_request( $request ) {
		$this->is_next = '' !== $this->watch->on_current_key( '' );
		return $request;
	}

	/**
	 * Adds the key to the refund's request, and to no other.
	 *
	 * @param mixed $headers The headers.
	 * @return mixed The headers.
	 */
	public function on_request_headers( $headers ) {
		if ( $this->is_next && is_array( $headers ) ) {
			$headers['Idempotency-Key'] = $this->watch->on_current_key( '' );
			$this->is_next              = false;
		}
		return $headers;
	}
}
