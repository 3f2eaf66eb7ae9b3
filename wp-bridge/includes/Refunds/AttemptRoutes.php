<?php
/**
 * Tells the desk what became of a refund whose answer it never got.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

use RefundDesk\Bridge\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * GET wc-refund-desk/v1/status says that the bridge is there; GET wc-refund-desk/v1/attempts/{key}
 * tells of one refund, once no process is at work on its order; POST …/announce notes that the desk is
 * about to ask for it, and tells what was known before; POST …/release also removes the unpaid
 * row that it left, where it may be sent again.
 */
final class AttemptRoutes {

	/** Seconds to wait for a process at work: the desk asks again later anyway. */
	const PATIENCE = 5;

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
	 * Keeps what it is given.
	 *
	 * @param AttemptRecord $record The attempts.
	 * @param OrderLock     $lock   The locks.
	 */
	public function __construct( AttemptRecord $record, OrderLock $lock ) {
		$this->record = $record;
		$this->lock   = $lock;
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
	 * Registers the routes.
	 *
	 * @return void
	 */
	public function on_rest_api_init(): void {
		register_rest_route(
			RefundRoute::NAMESPACE,
			'/status',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'on_status' ),
				'permission_callback' => array( $this, 'may_read' ),
			)
		);
		register_rest_route(
			RefundRoute::NAMESPACE,
			'/attempts/(?P<key>' . RefundRoute::KEY . ')',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'on_attempt' ),
				'permission_callback' => array( $this, 'may_read' ),
			)
		);
		register_rest_route(
			RefundRoute::NAMESPACE,
			'/attempts/(?P<key>' . RefundRoute::KEY . ')/release',
			array(
				'methods'             => 'POST',
				'callback'            => array( $this, 'on_release' ),
				'permission_callback' => array( $this, 'may_refund' ),
			)
		);
		$this->register_announcing();
	}

	/**
	 * Registers the route by which a call is announced.
	 *
	 * @return void
	 */
	private function register_announcing(): void {
		register_rest_route(
			RefundRoute::NAMESPACE,
			'/attempts/(?P<key>' . RefundRoute::KEY . ')/announce',
			array(
				'methods'             => 'POST',
				'callback'            => array( $this, 'on_announce' ),
				'permission_callback' => array( $this, 'may_refund' ),
				'args'                => array(
					'order_id' => array(
						'type'     => 'integer',
						'minimum'  => 1,
						'required' => true,
					),
					'amount'   => array(
						'type'     => 'string',
						'required' => true,
						'pattern'  => RefundRoute::AMOUNT,
					),
					'number'   => array(
						'type'     => 'integer',
						'minimum'  => 1,
						'required' => true,
					),
				),
			)
		);
	}

	/**
	 * Whether the caller may make refunds.
	 *
	 * @return bool
	 */
	public function may_refund(): bool {
		return wc_rest_check_post_permissions( 'shop_order', 'create' );
	}

	/**
	 * Whether the caller may read orders.
	 *
	 * @return bool
	 */
	public function may_read(): bool {
		return wc_rest_check_post_permissions( 'shop_order', 'read' );
	}

	/**
	 * Which bridge this is.
	 *
	 * @return \WP_REST_Response
	 */
	public function on_status(): \WP_REST_Response {
		return new \WP_REST_Response(
			array(
				'bridge'      => REFUND_DESK_BRIDGE_VERSION,
				'record'      => Schema::record_id(),
				'woocommerce' => defined( 'WC_VERSION' ) ? WC_VERSION : '',
				'wordpress'   => get_bloginfo( 'version' ),
				'php'         => PHP_VERSION,
			)
		);
	}

	/**
	 * Tells of one attempt.
	 *
	 * @param \WP_REST_Request $request The request.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function on_attempt( $request ) {
		return $this->with_attempt( (string) $request->get_url_params()['key'], static function (): void {} );
	}

	/**
	 * Clears the way for sending again: WooCommerce counts an unpaid row as given back.
	 *
	 * @param \WP_REST_Request $request The request.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function on_release( $request ) {
		return $this->with_attempt(
			(string) $request->get_url_params()['key'],
			static function ( Attempt $attempt ): void {
				if ( $attempt->may_be_sent_again( time() ) ) {
					RefundRoute::delete_orphan( $attempt );
				}
			}
		);
	}

	/**
	 * Notes that the desk is about to ask for a refund, and tells what the record held before.
	 *
	 * @param \WP_REST_Request $request The request.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function on_announce( $request ) {
		$key      = (string) $request->get_url_params()['key'];
		$order_id = (int) $request['order_id'];
		$amount   = (string) $request['amount'];
		try {
			$before = $this->record->find( $key );
			if ( null !== $before && ( $before->order_id !== $order_id || $before->amount !== $amount ) ) {
				return RefundRoute::key_reused();
			}
			$this->record->announce( $key, $order_id, $amount, (int) $request['number'] );
		} catch ( RecordUnavailable $unavailable ) {
			return new \WP_Error( 'refund_desk_record_unavailable', $unavailable->getMessage(), array( 'status' => 503 ) );
		}
		return $this->told_of( $key, $before );
	}

	/**
	 * Tells of one attempt. While its order's lock is taken a process is still at work, and what is
	 * noted may be overtaken the next moment.
	 *
	 * @param string   $key The desk's key.
	 * @param callable $do  What to do with it under the lock.
	 * @return \WP_REST_Response|\WP_Error
	 */
	private function with_attempt( string $key, callable $do ) {
		try {
			$attempt = $this->record->find( $key );
			if ( null === $attempt ) {
				return $this->told_of( $key, null );
			}
			if ( ! $this->lock->take( $attempt->order_id, self::PATIENCE ) ) {
				return Guard::busy();
			}
			try {
				$attempt = $this->record->find( $attempt->key ) ?? $attempt;
				$do( $attempt );
			} finally {
				$this->lock->give_back( $attempt->order_id );
			}
		} catch ( RecordUnavailable $unavailable ) {
			return new \WP_Error( 'refund_desk_record_unavailable', $unavailable->getMessage(), array( 'status' => 503 ) );
		}
		return $this->told_of( $key, $attempt );
	}

	/**
	 * What there is to say of an attempt, and the record's name: "none" of a record that was made after
	 * the desk's call means nothing.
	 *
	 * @param string       $key     The desk's key.
	 * @param Attempt|null $attempt The attempt, null where nothing is known.
	 * @return \WP_REST_Response
	 */
	private function told_of( string $key, ?Attempt $attempt ): \WP_REST_Response {
		$said = null === $attempt
			? array( 'key' => $key, 'state' => 'none', 'announced' => 0, 'may_be_sent_again' => true )
			: $attempt->to_json() + array( 'may_be_sent_again' => $attempt->may_be_sent_again( time() ) );
		return new \WP_REST_Response( $said + array( 'record' => Schema::record_id() ) );
	}
}
