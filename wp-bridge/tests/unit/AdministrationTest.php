<?php
/**
 * What the store's administration shows of the desk.
 *
 * @package RefundDesk\Bridge
 */

use PHPUnit\Framework\TestCase;
use RefundDesk\Bridge\Admin\HealthTests;
use RefundDesk\Bridge\Admin\OrderPanel;
use RefundDesk\Bridge\Connect\Access;
use RefundDesk\Bridge\Connect\Webhooks;
use RefundDesk\Bridge\Events\Outbox;
use RefundDesk\Bridge\Server\Impatient;
use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Signature;
use RefundDesk\Bridge\Settings;

final class AdministrationTest extends TestCase {

	/** What the desk tells of an order. */
	const TOLD = array(
		'url'      => 'https://desk.example/desk/orders/3',
		'request'  => array(
			'number'   => 5,
			'state'    => 'granted',
			'asked_at' => '2026-03-02T10:00:00+00:00',
			'url'      => 'https://desk.example/desk/requests/5',
			'decision' => array(
				'headline' => 'You get <b>everything</b> back.',
				'reason'   => 'It was broken.',
				'clause'   => 'R-2B',
				'policy'   => 'crmjetty 1',
				'trace'    => array( array( 'clause' => 'S-4', 'says' => 'All was reported.' ) ),
			),
		),
		'refunds'  => array( array( 'amount' => '199,00 €', 'state' => 'paid', 'at' => '2026-03-02T11:00:00+00:00', 'url' => 'https://thief.example/desk/refunds/1' ) ),
		'licenses' => array( array( 'product' => 'crm-portal', 'key_ends_with' => 'AB12', 'state' => 'active', 'sites' => array( array( 'site' => 'ada.example', 'is_staging' => true ) ) ) ),
	);

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	protected function setUp(): void {
		World::begin();
		$this->settings = new Settings();
		$this->settings->keep( 'https://desk.example', 'abcdefgh', str_repeat( 's', 50 ), array( 'order.updated' => 'https://desk.example/hooks/x' ) );
		World::$webhooks = array( 11 => new WC_Webhook( 7 ) );
	}

	public function test_the_panel_shows_decision_clause_money_and_licences_and_escapes_what_it_shows() {
		World::$answers[] = self::says( self::TOLD );
		$shown            = $this->panel();
		foreach ( array( 'Request 5', 'granted', 'It was broken.', 'clause R-2B of the policy crmjetty 1', 'All was reported.', '199,00 €', 'is paid', 'key ending in AB12', 'ada.example', 'a staging site' ) as $words ) {
			$this->assertStringContainsString( $words, $shown );
		}
		$this->assertStringContainsString( '&lt;b&gt;everything', $shown );
		$this->assertStringNotContainsString( 'does not answer just now', $shown );
		$this->assertSame( array( 'order' => 1001, 'language' => 'de' ), array_slice( json_decode( World::$calls[0][1]['body'], true ), 1 ) );
		$this->assertSame( Impatient::PATIENCE, World::$calls[0][1]['timeout'] );
	}

	public function test_links_lead_to_the_desk_and_nowhere_else() {
		World::$answers[] = self::says( self::TOLD );
		$shown            = $this->panel();
		$this->assertStringContainsString( 'href="https://desk.example/desk/requests/5"', $shown );
		$this->assertStringNotContainsString( 'thief.example', $shown );
	}

	public function test_a_desk_that_does_not_answer_is_asked_once_and_what_it_said_last_is_shown() {
		World::$answers[] = self::says( self::TOLD );
		$this->panel();
		World::$answers[] = new WP_Error( 'http_request_failed', 'timed out' );
		$this->assertStringContainsString( 'This is what it said on', $this->panel() );
		$this->assertStringContainsString( 'Request 5', $this->panel() );
		$this->assertCount( 2, World::$calls );
	}

	public function test_a_desk_that_refuses_is_not_answered_for_by_what_it_said_before() {
		World::$answers[] = self::says( self::TOLD );
		$this->panel();
		World::$answers[] = array( 'status' => 404, 'body' => '{"error":"no_such_order","message":"No."}' );
		$shown            = $this->panel();
		$this->assertStringContainsString( 'has not seen this order yet', $shown );
		$this->assertStringNotContainsString( 'Request 5', $shown );
	}

	public function test_an_order_kept_as_a_post_is_shown_as_one_kept_in_the_order_tables() {
		World::$answers = array( self::says( self::TOLD ), self::says( self::TOLD ) );
		$order          = new WC_Order( 1001 );
		$this->assertSame( $this->panel( $order ), $this->panel( new WP_Post( 1001 ) ) );
		$order->status = 'auto-draft';
		$this->assertStringContainsString( 'once it is saved', $this->panel( $order ) );
	}

	/**
	 * @dataProvider clocks
	 */
	public function test_clocks_may_differ_by_a_minute( int $off, string $status ) {
		World::$answers[] = self::says(
			array(
				'now'          => gmdate( 'c', time() + $off ),
				'delivered_at' => gmdate( 'c', time() - 60 ),
			)
		);
		$this->assertSame( $status, $this->tests()->look_at_desk()['status'] );
	}

	public static function clocks(): array {
		return array(
			'less than a minute ahead' => array( HealthTests::CLOCKS_AGREE - 2, 'good' ),
			'more than a minute ahead' => array( HealthTests::CLOCKS_AGREE + 2, 'recommended' ),
			'more than a minute behind' => array( -HealthTests::CLOCKS_AGREE - 2, 'recommended' ),
		);
	}

	public function test_a_desk_that_was_not_delivered_to_for_days_is_told_of_with_a_button_to_repair() {
		foreach ( array( -60 => 'good', 60 => 'recommended' ) as $late => $status ) {
			World::$answers[] = self::says(
				array(
					'now'          => gmdate( 'c' ),
					'delivered_at' => gmdate( 'c', time() - HealthTests::LONG_SILENCE - $late ),
				)
			);
			$found = $this->tests()->look_at_desk();
			$this->assertSame( array( $status, 'recommended' === $status ), array( $found['status'], false !== strpos( $found['actions'], 'Check and repair' ) ) );
		}
		World::$answers[] = self::says( array( 'now' => gmdate( 'c' ), 'delivered_at' => null ) );
		$this->assertStringContainsString( 'No delivery has arrived', $this->tests()->look_at_desk()['description'] );
	}

	public function test_a_desk_out_of_reach_is_told_with_when_it_answered_last() {
		World::$answers = array( self::says( array( 'now' => gmdate( 'c' ) ) ), new WP_Error( 'x', 'timed out' ) );
		$this->tests()->look_at_desk();
		$found = $this->tests()->look_at_desk();
		$this->assertSame( 'critical', $found['status'] );
		$this->assertStringContainsString( 'It answered last on ' . gmdate( 'Y-m-d' ), $found['description'] );
	}

	public function test_a_webhook_that_is_off_or_fails_is_told_of() {
		$this->assertSame( 'good', $this->tests()->look_at_webhooks()['status'] );
		World::$webhooks[11]->failures = 3;
		$found                         = $this->tests()->look_at_webhooks();
		$this->assertSame( 'recommended', $found['status'] );
		$this->assertStringContainsString( 'order.updated (3)', $found['description'] );
		World::$webhooks[11]->status = 'disabled';
		$this->assertSame( 'critical', $this->tests()->look_at_webhooks()['status'] );
		World::$webhooks = array( 12 => new WC_Webhook( 3 ) );
		$this->assertSame( 'critical', $this->tests()->look_at_webhooks()['status'] );
	}

	public function test_reports_that_wait_for_more_than_an_hour_show_that_the_queue_stands_still() {
		$outbox = new Outbox( $this->settings );
		$outbox->note( 'order.deleted', array( 'order' => 7 ) );
		foreach ( array( HOUR_IN_SECONDS - 5 => 'good', HOUR_IN_SECONDS + 5 => 'recommended' ) as $ago => $status ) {
			$GLOBALS['wpdb']->query( "UPDATE wp_refund_desk_events SET due_gmt = '" . gmdate( 'Y-m-d H:i:s', time() - $ago ) . "'" );
			$this->assertSame( $status, $this->tests()->look_at_queue()['status'] );
		}
		$GLOBALS['wpdb']->query( 'UPDATE wp_refund_desk_events SET given_up = 1' );
		$this->assertSame( array( 'good', 'recommended' ), array( $this->tests()->look_at_queue()['status'], $this->tests()->look_at_reports()['status'] ) );
	}

	public function test_a_copy_of_the_store_has_no_tests_of_the_desk() {
		$this->assertArrayHasKey( 'async', $this->tests()->on_site_status_tests( array() ) );
		World::$home = 'https://staging.example';
		$this->assertSame( array(), $this->tests()->on_site_status_tests( array() ) );
	}

	public function test_while_the_plugin_is_off_the_desks_user_may_read_orders_and_nothing_else() {
		Access::narrow();
		$this->assertNull( get_role( Access::ROLE ) );
		add_role( Access::ROLE, 'Refund Desk', Access::CAPABILITIES );
		Access::narrow();
		$this->assertSame( array( 'read', 'read_private_shop_orders', 'read_private_products' ), array_keys( get_role( Access::ROLE ) ) );
		Access::widen();
		$this->assertSame( Access::CAPABILITIES, get_role( Access::ROLE ) );
	}

	private function tests(): HealthTests {
		return new HealthTests( $this->settings, new Impatient( new Server( $this->settings ) ), new Webhooks( new Access(), $this->settings ), new Outbox( $this->settings ) );
	}

	private function panel( $shown = null ): string {
		ob_start();
		( new OrderPanel( $this->settings, new Impatient( new Server( $this->settings ) ) ) )->on_box( $shown ?? new WC_Order( 1001 ) );
		return (string) ob_get_clean();
	}

	private static function says( array $told ): Closure {
		return static function ( array $sent ) use ( $told ): array {
			$body = json_encode( $told );
			$id   = 'answer_' . $sent['headers']['webhook-id'];
			return array( 'status' => 200, 'body' => $body, 'headers' => Signature::headers( str_repeat( 's', 50 ), $id, time(), $body ) );
		};
	}
}
