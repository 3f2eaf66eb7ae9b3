<?php
/**
 * The same key never pays twice, whatever the gateway does.
 *
 * @package RefundDesk\Bridge
 */

use PHPUnit\Framework\TestCase;
use RefundDesk\Bridge\Refunds\Attempt;
use RefundDesk\Bridge\Refunds\AttemptRecord;
use RefundDesk\Bridge\Refunds\GatewayWatch;
use RefundDesk\Bridge\Refunds\OrderLock;
use RefundDesk\Bridge\Refunds\OwnConnection;
use RefundDesk\Bridge\Refunds\RefundRoute;

final class RefundRouteTest extends TestCase {

	const KEY = 'RD-7F3K2QXM';

	private $gateway;
	private $record;
	private $route;

	protected function setUp(): void {
		World::begin();
		new WC_Order( 1001 );
		$this->gateway = new WC_Payment_Gateway();
		WC_Payment_Gateways::instance()->payment_gateways = array( $this->gateway );
		$own          = new OwnConnection();
		$this->record = new AttemptRecord( $own );
		$watch        = new GatewayWatch( $this->record );
		$watch->add_hooks();
		$this->route = new RefundRoute( $this->record, new OrderLock( $own ), $watch );
	}

	public function test_a_refund_is_paid_and_the_same_key_gets_the_same_answer() {
		$first  = $this->refund();
		$second = $this->refund();
		$this->assertSame( array( 201, 201 ), array( $first->status, $second->status ) );
		$this->assertSame( $first->data, $second->data );
		$this->assertSame( Attempt::PAID, $second->headers['X-Refund-Desk-Attempt'] );
		$this->assertCount( 1, $this->gateway->refunds );
	}

	public function test_the_gateway_has_its_place_back_afterwards() {
		$this->refund();
		$this->assertSame( array( $this->gateway ), WC_Payment_Gateways::instance()->payment_gateways );
	}

	public function test_a_gateway_that_broke_off_is_not_called_again() {
		$this->gateway->will = array( new Exception( 'The line went dead.' ) );
		$this->assertSame( 500, $this->refund()->status );
		$this->assertSame( Attempt::CALLED, $this->record->find( self::KEY )->state );
		$second = $this->refund();
		$this->assertSame( array( 409, 'refund_desk_outcome_unknown' ), array( $second->status, $second->data['code'] ) );
		$this->assertCount( 1, $this->gateway->refunds );
	}

	/**
	 * @dataProvider noes
	 */
	public function test_a_gateway_that_said_no_is_not_called_again( $no, string $said ) {
		$this->gateway->will = array( $no );
		$this->assertSame( 'declined', $this->refund()->headers['X-Refund-Desk-Attempt'] );
		$this->assertSame( $said, $this->record->find( self::KEY )->gateway_said );
		$this->assertSame( 409, $this->refund()->status );
		$this->assertCount( 1, $this->gateway->refunds );
	}

	public static function noes(): array {
		return array(
			'in words'      => array( new WP_Error( 'no', 'Card <b>closed</b>' ), 'Card closed' ),
			'without words' => array( false, '' ),
		);
	}

	public function test_a_gateway_that_honours_keys_is_called_again() {
		add_filter( 'refund_desk_bridge_gateway_honours_keys', '__return_yes' );
		$this->gateway->will = array( new Exception( 'The line went dead.' ), true );
		$this->refund();
		$this->assertSame( 201, $this->refund()->status );
		$this->assertCount( 2, $this->gateway->refunds );
	}

	public function test_a_person_who_looked_at_the_gateway_may_have_it_called_again() {
		$this->gateway->will = array( new Exception( 'The line went dead.' ), true );
		$this->refund();
		$this->assertSame( 409, $this->refund( array( 'refund_desk_settled_tries' => 2 ) )->status );
		$this->assertSame( 201, $this->refund( array( 'refund_desk_settled_tries' => 1 ) )->status );
		$this->assertSame( 201, $this->refund( array( 'refund_desk_settled_tries' => 2 ) )->status );
		$this->assertCount( 2, $this->gateway->refunds );
	}

	/**
	 * @dataProvider others
	 */
	public function test_a_key_belongs_to_one_refund( array $changes, int $order_id ) {
		$this->refund();
		$answer = $this->refund( $changes, $order_id );
		$this->assertSame( array( 'refund_desk_key_reused', array( 'status' => 422 ) ), array( $answer->get_error_code(), $answer->get_error_data() ) );
		$this->assertCount( 1, $this->gateway->refunds );
	}

	public static function others(): array {
		return array(
			'another amount' => array( array( 'amount' => '99.01' ), 1001 ),
			'another order'  => array( array(), 1002 ),
		);
	}

	public function test_without_a_record_no_gateway_is_called() {
		$GLOBALS['wpdb']->broken = true;
		$answer                  = $this->refund();
		$this->assertSame( array( 'refund_desk_record_unavailable', array( 'status' => 503 ) ), array( $answer->get_error_code(), $answer->get_error_data() ) );
		$this->assertSame( array(), $this->gateway->refunds );
	}

	public function test_woocommerce_is_not_shown_what_is_between_desk_and_bridge() {
		$seen = null;
		add_action(
			'woocommerce_create_refund',
			static function () use ( &$seen ) {
				$seen = apply_filters( 'refund_desk_bridge_current_key', '' );
			},
			1
		);
		$this->refund();
		$this->assertSame( self::KEY, $seen );
		$this->assertSame( '', apply_filters( 'refund_desk_bridge_current_key', '' ) );
	}

	/**
	 * @dataProvider amounts
	 */
	public function test_only_an_amount_that_woocommerce_cannot_misread_is_taken( string $amount, bool $taken ) {
		$this->assertSame( $taken, 1 === preg_match( '#' . RefundRoute::AMOUNT . '#D', $amount ), $amount );
	}

	public static function amounts(): array {
		return array( array( '99.00', true ), array( '120', true ), array( '119.660', true ), array( '1,50', false ), array( '1e1', false ), array( '-1.00', false ), array( '.50', false ), array( '1.', false ), array( '', false ), array( "1.00\n", false ) );
	}

	private function refund( array $changes = array(), int $order_id = 1001 ) {
		$request       = new WP_REST_Request();
		$request->json = $changes + array( 'refund_desk_key' => self::KEY, 'amount' => '99.00', 'reason' => self::KEY );
		$request->url  = array( 'order_id' => (string) $order_id );
		return $this->route->on_refund( $request );
	}
}

function __return_yes() {
	return true;
}
