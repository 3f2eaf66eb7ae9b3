<?php
/**
 * Keeps the bridge's own table as this version needs it.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge;

use RefundDesk\Bridge\Refunds\AttemptRecord;

defined( 'ABSPATH' ) || exit;

/**
 * Makes the table on the first request after an install or update: WordPress runs no activation
 * hook when a plugin is updated.
 */
final class Schema {

	/** Raised whenever the table changes. */
	const VERSION = '2';

	const OPTION = 'refund_desk_bridge_schema';

	/** Names the record itself: another one after the table was dropped and made again. */
	const RECORD = 'refund_desk_bridge_record';

	/**
	 * The attempts, which know their table.
	 *
	 * @var AttemptRecord
	 */
	private $record;

	/**
	 * Keeps what it is given.
	 *
	 * @param AttemptRecord $record The attempts.
	 */
	public function __construct( AttemptRecord $record ) {
		$this->record = $record;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'init', array( $this, 'on_init' ), 5 );
	}

	/**
	 * Brings the table up to date if it is not.
	 *
	 * @return void
	 */
	public function on_init(): void {
		if ( self::VERSION === get_option( self::OPTION ) ) {
			return;
		}
		if ( $this->record->make_table() ) {
			add_option( self::RECORD, wp_generate_uuid4() );
			update_option( self::OPTION, self::VERSION, true );
		}
	}

	/**
	 * The record's name.
	 *
	 * @return string '' while there is no table: the desk then uses WooCommerce's own route.
	 */
	public static function record_id(): string {
		return (string) get_option( self::RECORD, '' );
	}
}
