<?php
/**
 * Puts the parts of the bridge together and lets each attach its hooks.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge;

use RefundDesk\Bridge\Account\Deeds;
use RefundDesk\Bridge\Account\Pages;
use RefundDesk\Bridge\Account\Told;
use RefundDesk\Bridge\Admin\ConnectPage;
use RefundDesk\Bridge\Admin\HealthTests;
use RefundDesk\Bridge\Admin\OrderPanel;
use RefundDesk\Bridge\Admin\SignIn;
use RefundDesk\Bridge\Checkout\About;
use RefundDesk\Bridge\Checkout\Links;
use RefundDesk\Bridge\Checkout\PaymentNotice;
use RefundDesk\Bridge\Connect\Access;
use RefundDesk\Bridge\Connect\Checks;
use RefundDesk\Bridge\Connect\Connection;
use RefundDesk\Bridge\Connect\ConnectLock;
use RefundDesk\Bridge\Connect\DisconnectRoute;
use RefundDesk\Bridge\Connect\Repair;
use RefundDesk\Bridge\Connect\Webhooks;
use RefundDesk\Bridge\Events\Outbox;
use RefundDesk\Bridge\Events\Sender;
use RefundDesk\Bridge\Events\Watch;
use RefundDesk\Bridge\Privacy\PersonalData;
use RefundDesk\Bridge\Refunds\AttemptRecord;
use RefundDesk\Bridge\Refunds\AttemptRoutes;
use RefundDesk\Bridge\Refunds\GatewayWatch;
use RefundDesk\Bridge\Refunds\Guard;
use RefundDesk\Bridge\Refunds\OrderLock;
use RefundDesk\Bridge\Refunds\OwnConnection;
use RefundDesk\Bridge\Refunds\RefundRoute;
use RefundDesk\Bridge\Refunds\StripeKey;
use RefundDesk\Bridge\Server\Impatient;
use RefundDesk\Bridge\Server\Server;

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
		$settings = new Settings();
		$server   = new Server( $settings );
		$own      = new OwnConnection();
		$record   = new AttemptRecord( $own );
		$outbox   = new Outbox( $settings );

		( new Schema( $record, $outbox ) )->add_hooks();
		$this->guard_refunds( $own, $record );
		( new Watch( $outbox, $record ) )->add_hooks();
		( new Sender( $outbox, $settings, $server ) )->add_hooks();
		$this->connect( $settings, $server, $outbox, new ConnectLock( $own ) );
		$this->serve_customers( $settings, $server );
	}

	/**
	 * What makes refunds safe to ask for again; it needs no connection.
	 *
	 * @param OwnConnection $own    The database connection for it.
	 * @param AttemptRecord $record The attempts.
	 * @return void
	 */
	private function guard_refunds( OwnConnection $own, AttemptRecord $record ): void {
		$lock  = new OrderLock( $own );
		$watch = new GatewayWatch( $record );

		$watch->add_hooks();
		( new StripeKey( $watch ) )->add_hooks();
		( new Guard( $lock ) )->add_hooks();
		( new RefundRoute( $record, $lock, $watch ) )->add_hooks();
		( new AttemptRoutes( $record, $lock ) )->add_hooks();
	}

	/**
	 * What connects the store with its desk.
	 *
	 * @param Settings    $settings Knows the connection.
	 * @param Server      $server   Calls the desk.
	 * @param Outbox      $outbox   The events.
	 * @param ConnectLock $lock     Lets one process at a time connect.
	 * @return void
	 */
	private function connect( Settings $settings, Server $server, Outbox $outbox, ConnectLock $lock ): void {
		$access     = new Access();
		$webhooks   = new Webhooks( $access, $settings );
		$connection = new Connection( $settings, $server, $access, $webhooks, $lock );
		$checks     = new Checks( $settings, $server, $webhooks, $outbox );

		$access->add_hooks();
		$webhooks->add_hooks();
		$checks->add_hooks();
		( new DisconnectRoute( $access, $connection ) )->add_hooks();
		$desk = new Impatient( $server );
		( new OrderPanel( $settings, $desk ) )->add_hooks();
		( new HealthTests( $settings, $desk, $webhooks, $outbox ) )->add_hooks();
		( new SignIn( $settings, $server ) )->add_hooks();
		if ( is_admin() ) {
			( new ConnectPage( $settings, $connection, new Repair( $connection, $outbox, $checks ) ) )->add_hooks();
		}
	}

	/**
	 * What customers see of it.
	 *
	 * @param Settings $settings Knows the connection.
	 * @param Server   $server   Calls the desk.
	 * @return void
	 */
	private function serve_customers( Settings $settings, Server $server ): void {
		$about = new About( $settings, $server );

		$about->add_hooks();
		( new Pages( $settings, new Told( new Impatient( $server ) ) ) )->add_hooks();
		( new Deeds( $settings, $server ) )->add_hooks();
		( new PaymentNotice() )->add_hooks();
		( new Links( $about ) )->add_hooks();
		( new PersonalData( $settings, $server ) )->add_hooks();
	}
}
