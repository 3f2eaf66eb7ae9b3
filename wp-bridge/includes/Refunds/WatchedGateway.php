<?php
/**
 * Stands in for a gateway during one refund and notes what it answers.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * Everything is the gateway's own doing; only its answer to the refund is noted on the way.
 */
final class WatchedGateway extends \WC_Payment_Gateway {

	/**
	 * The gateway itself.
	 *
	 * @var \WC_Payment_Gateway
	 */
	private $watched;

	/**
	 * The attempts.
	 *
	 * @var AttemptRecord
	 */
	private $record;

	/**
	 * The desk's key.
	 *
	 * @var string
	 */
	private $key;

	/**
	 * WooCommerce's refund.
	 *
	 * @var \WC_Order_Refund
	 */
	private $refund;

	/**
	 * Gives the gateway its place back.
	 *
	 * @var callable
	 */
	private $done;

	/**
	 * Keeps what it is given, and looks like the gateway.
	 *
	 * @param \WC_Payment_Gateway $watched The gateway.
	 * @param AttemptRecord       $record  The attempts.
	 * @param string              $key     The desk's key.
	 * @param \WC_Order_Refund    $refund  The refund.
	 * @param callable            $done    Called when the gateway has answered.
	 */
	public function __construct( $watched, AttemptRecord $record, string $key, $refund, callable $done ) {
		$this->watched            = $watched;
		$this->record             = $record;
		$this->key                = $key;
		$this->refund             = $refund;
		$this->done               = $done;
		$this->id                 = $watched->id;
		$this->title              = $watched->title;
		$this->method_title       = $watched->method_title;
		$this->method_description = $watched->method_description;
		$this->enabled            = $watched->enabled;
		$this->supports           = $watched->supports;
	}

	/**
	 * The gateway itself.
	 *
	 * @return \WC_Payment_Gateway
	 */
	public function watched() {
		return $this->watched;
	}

	/**
	 * What the gateway can do.
	 *
	 * @param string $feature A feature's name.
	 * @return bool
	 */
	public function supports( $feature ) {
		return $this->watched->supports( $feature );
	}

	/**
	 * Has the gateway pay back, and notes its answer.
	 *
	 * @param int        $order_id The order's id.
	 * @param float|null $amount   The amount.
	 * @param string     $reason   The reason.
	 * @return bool|\WP_Error The gateway's answer.
	 * @throws \Throwable What the gateway throws: the money may have moved before it did.
	 */
	public function process_refund( $order_id, $amount = null, $reason = '' ) {
		call_user_func( $this->done );
		$this->record->note_row( $this->key, (int) $this->refund->get_id() );
		try {
			$answer = $this->watched->process_refund( $order_id, $amount, $reason );
		} catch ( \Throwable $broken ) {
			$this->note( Attempt::CALLED, $broken->getMessage() );
			throw $broken;
		}
		if ( is_wp_error( $answer ) ) {
			$this->note( Attempt::DECLINED, $answer->get_error_message() );
		} elseif ( ! $answer ) {
			$this->note( Attempt::DECLINED, '' );
		} else {
			$this->note( Attempt::PAID, '' );
		}
		return $answer;
	}

	/**
	 * Notes the answer. A record that fails now must not undo what the gateway has done: without the
	 * note the attempt stays "called", which is true.
	 *
	 * @param string $state The state.
	 * @param string $said  The words.
	 * @return void
	 */
	private function note( string $state, string $said ): void {
		try {
			$this->record->note_answer( $this->key, $state, $said );
		} catch ( RecordUnavailable $unavailable ) {
			wc_get_logger()->error( $unavailable->getMessage(), array( 'source' => 'refund-desk-bridge' ) );
		}
	}

	/**
	 * Whatever else the gateway can.
	 *
	 * @param string            $name      A method.
	 * @param array<int, mixed> $arguments Its arguments.
	 * @return mixed
	 */
	public function __call( $name, $arguments ) {
		return call_user_func_array( array( $this->watched, $name ), $arguments );
	}
}
