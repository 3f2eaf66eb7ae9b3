<?php
/**
 * Puts the parts of the bridge together and lets each attach its hooks.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge;

use RefundDesk\Bridge\Refunds\AttemptRecord;
use RefundDesk\Bridge\Refunds\AttemptRoutes;
use RefundDesk\Bridge\Refunds\GatewayWatch;
use RefundDesk\Bridge\Refunds\Guard;
use RefundDesk\Bridge\Refunds\OrderLock;
use RefundDesk\Bridge\Refunds\OwnConnection;
use RefundDesk\Bridge\Refunds\RefundRoute;
use RefundDesk\Bridge\Refunds\StripeKey;

defined( 'ABSPATH' ) || exit;

/**
 * The bridge as a whole. It is made once WooCommerce is known to be there.
 */
final class Plugin {

	/**
	 * Attaches every part.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		$connection = new OwnConnection();
		$record     = new AttemptRecord( $connection );
		$lock       = new OrderLock( $connection );
		$watch      = new GatewayWatch( $record );

		( new Schema( $record ) )->add_hooks();
		$watch->add_hooks();
		( new StripeKey( $watch ) )->add_hooks();
		( new Guard( $lock ) )->add_hooks();
		( new RefundRoute( $record, $lock, $watch ) )->add_hooks();
		( new AttemptRoutes( $record, $lock ) )->add_hooks();
	}
}
