<?php
/**
 * Keeps the bridge's own tables as this version needs them.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge;

use RefundDesk\Bridge\Events\Outbox;
use RefundDesk\Bridge\Refunds\AttemptRecord;

defined( 'ABSPATH' ) || exit;

/**
 * Makes the tables on the first request after an install or update: WordPress runs no activation
 * hook when a plugin is updated.
 */
final class Schema {

	/** Raised whenever a table changes. */
	const VERSION = '3';

	const OPTION = 'refund_desk_bridge_schema';

	/** Names the record itself: another one after its table was dropped and made again. */
	const RECORD = 'refund_desk_bridge_record';

	/**
	 * The attempts, which know their table.
	 *
	 * @var AttemptRecord
	 */
	private $record;

	/**
	 * The events, which know theirs.
	 *
	 * @var Outbox
	 */
	private $outbox;

	/**
	 * Keeps what it is given.
	 *
	 * @param AttemptRecord $record The attempts.
	 * @param Outbox        $outbox The events.
	 */
	public function __construct( AttemptRecord $record, Outbox $outbox ) {
		$this->record = $record;
		$this->outbox = $outbox;
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
	 * Brings the tables up to date if they are not.
	 *
	 * @return void
	 */
	public function on_init(): void {
		if ( self::VERSION === get_option( self::OPTION ) ) {
			return;
		}
		if ( $this->record->make_table() && $this->outbox->make_table() ) {
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
