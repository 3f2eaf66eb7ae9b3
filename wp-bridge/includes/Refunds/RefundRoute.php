<?php
/**
 * The desk's way to a refund: the same key never pays twice.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * POST wc-refund-desk/v1/orders/{id}/refunds takes what WooCommerce's own route takes, and a key.
 *
 * The desk calls this route instead of WooCommerce's, so that a call that reaches a store whose bridge
 * was switched off is answered 404 and does nothing, rather than being paid without a record.
 */
final class RefundRoute {

	const NAMESPACE = 'wc-refund-desk/v1';

	/** What a key looks like; the server's markers do. */
	const KEY = '[A-Za-z0-9][A-Za-z0-9_-]{7,63}';

	/** An amount exactly as WooCommerce keeps it; it would take "1,50" for 150.00. */
	const AMOUNT = '^[0-9]{1,12}(\.[0-9]{1,6})?$';

	/**
	 * The attempts.
	 *
	 * @var AttemptRecord
	 */
	private $record;

	/**
	 * The locks.
	 *
	 * @var OrderLock
	 */
	private $lock;

	/**
	 * Watches the gateway.
	 *
	 * @var GatewayWatch
	 */
	private $watch;

	/**
	 * Keeps what it is given.
	 *
	 * @param AttemptRecord $record The attempts.
	 * @param OrderLock     $lock   The locks.
	 * @param GatewayWatch  $watch  Watches the gateway.
	 */
	public function __construct( AttemptRecord $record, OrderLock $lock, GatewayWatch $watch ) {
		$this->record = $record;
		$this->lock   = $lock;
		$this->watch  = $watch;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'rest_api_init', array( $this, 'on_rest_api_init' ) );
	}

	/**
	 * Registers the route.
	 *
	 * @return void
	 */
	public function on_rest_api_init(): void {
		register_rest_route(
			self::NAMESPACE,
			'/orders/(?P<order_id>[0-9]+)/refunds',
			array(
				'methods'             => 'POST',
				'callback'            => array( $this, 'on_refund' ),
				'permission_callback' => array( $this, 'may_refund' ),
				'args'                => array(
					'refund_desk_key' => array(
						'type'     => 'string',
						'required' => true,
						'pattern'  => '^' . self::KEY . '$',
					),
					'amount'          => array(
						'type'     => 'string',
						'required' => true,
						'pattern'  => self::AMOUNT,
					),
					// So many tries moved no money: a person looked at the gateway's own records.
					'refund_desk_settled_tries' => array(
						'type'    => 'integer',
						'minimum' => 0,
						'default' => 0,
					),
				),
			)
		);
	}

	/**
	 * Whether the caller may make refunds. WooCommerce asks again for the order itself.
	 *
	 * @return bool
	 */
	public function may_refund(): bool {
		return wc_rest_check_post_permissions( 'shop_order', 'create' );
	}

	/**
	 * Pays back once.
	 *
	 * @param \WP_REST_Request $request The request.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function on_refund( $request ) {
		// From the address: a body could name another order.
		$order_id = absint( $request->get_url_params()['order_id'] );
		if ( ! $this->lock->take( $order_id ) ) {
			return Guard::busy();
		}
		try {
			$earlier = $this->record->find( (string) $request['refund_desk_key'] );
			$answer  = null === $earlier ? null : $this->answer_by( $earlier, $request, $order_id );
			return null === $answer ? $this->attempt( $request, $order_id ) : $answer;
		} catch ( RecordUnavailable $unavailable ) {
			return new \WP_Error( 'refund_desk_record_unavailable', $unavailable->getMessage(), array( 'status' => 503 ) );
		} finally {
			$this->lock->give_back( $order_id );
		}
	}

	/**
	 * What an earlier attempt of the same key has to say.
	 *
	 * @param Attempt          $earlier  The attempt.
	 * @param \WP_REST_Request $request  The request.
	 * @param int              $order_id The order's id.
	 * @return \WP_REST_Response|\WP_Error|null Null when it may be made again.
	 */
	private function answer_by( Attempt $earlier, $request, int $order_id ) {
		if ( $earlier->order_id !== $order_id || $earlier->amount !== (string) $request['amount'] ) {
			return self::key_reused();
		}
		if ( Attempt::PAID === $earlier->state && $earlier->answer_status > 0 ) {
			return $this->told( new \WP_REST_Response( json_decode( $earlier->answer, true ), $earlier->answer_status ), $earlier );
		}
		$is_settled = Attempt::PAID !== $earlier->state && $earlier->tries === (int) $request['refund_desk_settled_tries'];
		if ( $is_settled || $earlier->may_be_sent_again( time() ) ) {
			if ( $is_settled ) {
				$this->record->settle_calls( $earlier->key );
			}
			self::delete_orphan( $earlier );
			return null;
		}
		return $this->told(
			new \WP_REST_Response(
				array(
					'code'    => 'refund_desk_outcome_unknown',
					'message' => __( 'The gateway was called for this refund before. It was not called again.', 'refund-desk-bridge' ),
					'data'    => array(
						'status'  => 409,
						'attempt' => $earlier->to_json(),
					),
				),
				409
			),
			$earlier
		);
	}

	/**
	 * The refusal of a key under which another refund is known.
	 *
	 * @return \WP_Error
	 */
	public static function key_reused(): \WP_Error {
		return new \WP_Error(
			'refund_desk_key_reused',
			__( 'This key belongs to another refund. Nothing was paid back.', 'refund-desk-bridge' ),
			array( 'status' => 422 )
		);
	}

	/**
	 * Has WooCommerce make the refund.
	 *
	 * @param \WP_REST_Request $request  The request.
	 * @param int              $order_id The order's id.
	 * @return \WP_REST_Response
	 * @throws RecordUnavailable When the attempt could not be noted; nothing was paid back.
	 */
	private function attempt( $request, int $order_id ): \WP_REST_Response {
		$key = (string) $request['refund_desk_key'];
		$this->record->begin( $key, $order_id, (string) $request['amount'] );
		$asked = new \WP_REST_Request( 'POST', "/wc/v3/orders/{$order_id}/refunds" );
		$asked->set_header( 'Content-Type', 'application/json' );
		$body = $request->get_json_params();
		unset( $body['refund_desk_key'], $body['refund_desk_settled_tries'], $body['order_id'] );
		$asked->set_body( (string) wp_json_encode( $body, JSON_PRESERVE_ZERO_FRACTION ) );
		$answer = $this->watch->during(
			$key,
			$order_id,
			static function () use ( $asked ) {
				return rest_do_request( $asked );
			}
		);
		return $this->kept( $key, $answer );
	}

	/**
	 * Keeps the answer for the next time, and gives it. The money has moved or not by now: a record
	 * that fails here changes nothing about that.
	 *
	 * @param string            $key    The desk's key.
	 * @param \WP_REST_Response $answer WooCommerce's answer.
	 * @return \WP_REST_Response
	 */
	private function kept( string $key, \WP_REST_Response $answer ): \WP_REST_Response {
		$json = (string) wp_json_encode( rest_get_server()->response_to_data( $answer, false ) );
		try {
			$this->record->keep_answer( $key, (int) $answer->get_status(), $json );
			$attempt = $this->record->find( $key );
		} catch ( RecordUnavailable $unavailable ) {
			$attempt = null;
		}
		$plain = new \WP_REST_Response( json_decode( $json, true ), $answer->get_status() );
		return null === $attempt ? $plain : $this->told( $plain, $attempt );
	}

	/**
	 * Adds how far the attempt came: a refusal before the gateway proves that nothing was paid.
	 *
	 * @param \WP_REST_Response $answer  The answer.
	 * @param Attempt           $attempt The attempt.
	 * @return \WP_REST_Response
	 */
	private function told( \WP_REST_Response $answer, Attempt $attempt ): \WP_REST_Response {
		$answer->header( 'X-Refund-Desk-Attempt', $attempt->state );
		return $answer;
	}

	/**
	 * Deletes the unpaid row that an attempt left when its process died. It holds the amount, so the
	 * refund could not be made again while it is there. Only the row that the attempt names: one made by
	 * hand is left alone, whatever its reason says.
	 *
	 * @param Attempt $attempt The attempt.
	 * @return void
	 */
	public static function delete_orphan( Attempt $attempt ): void {
		$row = 0 < $attempt->refund_id ? wc_get_order( $attempt->refund_id ) : false;
		if ( ! $row instanceof \WC_Order_Refund || (int) $row->get_parent_id() !== $attempt->order_id ) {
			return;
		}
		if ( ! $row->get_refunded_payment() ) {
			$row->delete( true );
		}
	}
}
