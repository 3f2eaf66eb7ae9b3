<?php
/**
 * Why a call to the desk brought nothing.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Server;

defined( 'ABSPATH' ) || exit;

/**
 * The message says it to the store owner: what happened, and what to do.
 */
final class Trouble extends \Exception {

	const UNREACHABLE = 'unreachable';
	const NOT_A_DESK  = 'not_a_desk';
	const NOT_PROVEN  = 'not_proven';

	/**
	 * One of the constants, or the name that the desk gave its refusal.
	 *
	 * @var string
	 */
	public $kind;

	/**
	 * The status of the answer, 0 where there was none.
	 *
	 * @var int
	 */
	public $status;

	/**
	 * Keeps what it is given.
	 *
	 * @param string $kind    A short name.
	 * @param string $message A translated sentence or two.
	 * @param int    $status  The status of the answer.
	 */
	public function __construct( string $kind, string $message, int $status = 0 ) {
		parent::__construct( $message );
		$this->kind   = $kind;
		$this->status = $status;
	}

	/**
	 * Whether the same call may well succeed later: the desk did not say no for good.
	 *
	 * @return bool
	 */
	public function may_pass(): bool {
		return ! in_array( $this->status, array( 400, 404, 410, 413, 415, 422 ), true );
	}
}
