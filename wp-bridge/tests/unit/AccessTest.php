<?php
/**
 * What the desk's user is kept from, beside what its role lacks.
 *
 * @package RefundDesk\Bridge
 */

use PHPUnit\Framework\TestCase;
use RefundDesk\Bridge\Connect\Access;

final class AccessTest extends TestCase {

	const DESK     = 7;
	const SOMEBODY = 3;
	const ROUTE    = '/wc/v3/webhooks/(?P<id>[\d]+)';

	protected function setUp(): void {
		World::begin();
		( new Access() )->add_hooks();
		World::$webhooks = array( 11 => new WC_Webhook( self::DESK ), 12 => new WC_Webhook( self::SOMEBODY ) );
		World::$user     = self::DESK;
	}

	public function test_the_desk_changes_its_own_webhooks_and_nobody_elses() {
		$this->assertNull( $this->changed( 11 ) );
		$this->assertSame( 'refund_desk_not_yours', $this->changed( 12 )->get_error_code() );
		$this->assertSame( array( 'status' => 403 ), $this->changed( 12 )->get_error_data() );
	}

	public function test_a_body_that_names_another_webhook_than_the_address_gains_nothing() {
		$this->assertSame( 'refund_desk_not_yours', $this->changed( 11, array( 'id' => 12 ) )->get_error_code() );
	}

	public function test_everybody_else_changes_webhooks_as_before_and_the_desk_reads_all() {
		$this->assertNull( $this->changed( 12, array(), 'GET' ) );
		World::$user = self::SOMEBODY;
		$this->assertNull( $this->changed( 11 ) );
		$this->assertNull( $this->changed( 12 ) );
	}

	public function test_the_desk_sends_no_batches_which_may_delete_orders() {
		foreach ( array( self::DESK => false, self::SOMEBODY => true ) as $user => $may ) {
			World::$user = $user;
			foreach ( array( 'shop_order', 'product' ) as $type ) {
				$this->assertSame( $may, apply_filters( 'woocommerce_rest_check_permissions', true, 'batch', 0, $type ) );
			}
		}
		World::$user = self::DESK;
		$this->assertTrue( apply_filters( 'woocommerce_rest_check_permissions', false, 'edit', 1, 'shop_order' ) );
		$this->assertFalse( apply_filters( 'woocommerce_rest_check_permissions', false, 'delete', 1, 'shop_order' ) );
	}

	public function test_the_desk_sees_what_a_gateway_can_do_and_none_of_its_settings() {
		$told = array( 'id' => 'stripe', 'method_supports' => array( 'refunds' ), 'settings' => array( 'secret_key' => array( 'value' => 'sk_live_1' ) ) );
		$this->assertSame( array( 'id' => 'stripe', 'method_supports' => array( 'refunds' ) ), $this->prepared( $told ) );
		World::$user = self::SOMEBODY;
		$this->assertSame( $told, $this->prepared( $told ) );
	}

	private function prepared( array $told ): array {
		return apply_filters( 'woocommerce_rest_prepare_payment_gateway', new WP_REST_Response( $told ), null, null )->get_data();
	}

	/** What the bridge answers in WooCommerce's place; null where WooCommerce answers. */
	private function changed( int $id, array $body = array(), string $method = 'PUT' ) {
		$request         = new WP_REST_Request();
		$request->method = $method;
		$request->url    = array( 'id' => $id );
		$request->json   = $body;
		return apply_filters( 'rest_dispatch_request', null, $request, self::ROUTE );
	}
}
