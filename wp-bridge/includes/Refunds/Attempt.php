<?php
/**
 * What the store remembers of one refund that the desk asked for.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * One row of the attempts.
 *
 * ANNOUNCED: the desk says that it is about to ask. BEGUN: noted, the gateway was certainly not called. CALLED: the gateway may have been called and
 * has not answered. DECLINED: it answered no, which proves little: gateways say so after a time-out
 * too. PAID: it answered yes.
 */
final class Attempt {

	const ANNOUNCED = 'announced';
	const BEGUN     = 'begun';
	const CALLED    = 'gateway_called';
	const DECLINED  = 'declined';
	const PAID      = 'paid';

	/**
	 * The desk's key of the refund, the same on every try.
	 *
	 * @var string
	 */
	public $key;

	/**
	 * The order's id.
	 *
	 * @var int
	 */
	public $order_id;

	/**
	 * The amount as the desk sent it, such as "12.34".
	 *
	 * @var string
	 */
	public $amount;

	/**
	 * One of the five states.
	 *
	 * @var string
	 */
	public $state;

	/**
	 * How often it was begun.
	 *
	 * @var int
	 */
	public $tries;

	/**
	 * The number of the latest call that the desk announced, 0 before there was one.
	 *
	 * @var int
	 */
	public $announced;

	/**
	 * The id of WooCommerce's refund row, 0 before there was one. The row itself may be gone.
	 *
	 * @var int
	 */
	public $refund_id;

	/**
	 * The id of the gateway that was called, or ''.
	 *
	 * @var string
	 */
	public $gateway;

	/**
	 * What the gateway said in words, or ''.
	 *
	 * @var string
	 */
	public $gateway_said;

	/**
	 * The status that the desk was answered, 0 while it was not.
	 *
	 * @var int
	 */
	public $answer_status;

	/**
	 * The JSON that the desk was answered, or ''.
	 *
	 * @var string
	 */
	public $answer;

	/**
	 * When the gateway was first called, in UTC ("2026-03-02 10:00:00"), or ''. Calls that a person
	 * settled count no more.
	 *
	 * @var string
	 */
	public $called_gmt;

	/**
	 * Reads a row.
	 *
	 * @param array<string, string|null> $row The row.
	 * @return Attempt
	 */
	public static function from_row( array $row ): Attempt {
		$attempt                = new self();
		$attempt->key           = (string) $row['refund_key'];
		$attempt->order_id      = (int) $row['order_id'];
		$attempt->amount        = (string) $row['amount'];
		$attempt->state         = (string) $row['state'];
		$attempt->tries         = (int) $row['tries'];
		$attempt->announced     = (int) $row['announced'];
		$attempt->refund_id     = (int) $row['refund_id'];
		$attempt->gateway       = (string) $row['gateway'];
		$attempt->gateway_said  = (string) $row['gateway_said'];
		$attempt->answer_status = (int) $row['answer_status'];
		$attempt->answer        = (string) $row['answer'];
		$attempt->called_gmt    = (string) $row['called_gmt'];
		return $attempt;
	}

	/**
	 * Whether sending the refund again cannot move the money twice.
	 *
	 * Where no call of the gateway is unaccounted for, it cannot. A gateway that honours keys answers
	 * the same key as it did the first time, for as long as it remembers it: Stripe keeps keys for at
	 * least 24 hours, so four are left as a margin. That holds for a repetition that got nowhere, too:
	 * it is only begun, but the call before it may have paid.
	 *
	 * @param int $now A UNIX time.
	 * @return bool
	 */
	public function may_be_sent_again( int $now ): bool {
		if ( in_array( $this->state, array( self::ANNOUNCED, self::BEGUN ), true ) && '' === $this->called_gmt ) {
			return true;
		}
		if ( '' === $this->called_gmt || self::PAID === $this->state || ! GatewayWatch::honours_keys( $this->gateway ) ) {
			return false;
		}
		$called = strtotime( $this->called_gmt . ' UTC' );
		return false !== $called && $now - $called < 20 * HOUR_IN_SECONDS;
	}

	/**
	 * What the desk is told of it. Of what was only announced no call has come.
	 *
	 * @return array<string, int|string|bool>
	 */
	public function to_json(): array {
		return array(
			'key'          => $this->key,
			'order_id'     => $this->order_id,
			'amount'       => $this->amount,
			'state'        => self::ANNOUNCED === $this->state ? 'none' : $this->state,
			'tries'        => $this->tries,
			'announced'    => $this->announced,
			'refund_id'    => $this->refund_id,
			'gateway'      => $this->gateway,
			'gateway_said' => $this->gateway_said,
			'honours_keys' => GatewayWatch::honours_keys( $this->gateway ),
		);
	}
}
