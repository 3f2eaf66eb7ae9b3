<?php
/**
 * The attempts could not be read or written.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * Without its record no refund is begun and no gateway called.
 */
final class RecordUnavailable extends \RuntimeException {

	/**
	 * Says it.
	 */
	public function __construct() {
		parent::__construct( 'The record of refund attempts cannot be read or written just now. Nothing was paid back; try again later.' );
	}
}
