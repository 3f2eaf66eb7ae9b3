<?php
/**
 * What a customer sees in the store: the desk's words, escaped; nobody else's order; and what was said
 * last where the desk is silent.
 *
 * @package RefundDesk\Bridge
 */

use PHPUnit\Framework\TestCase;
use RefundDesk\Bridge\Account\Customer;
use RefundDesk\Bridge\Account\Deeds;
use RefundDesk\Bridge\Account\ListView;
use RefundDesk\Bridge\Account\OrderView;
use RefundDesk\Bridge\Account\Pages;
use RefundDesk\Bridge\Server\Part;
use RefundDesk\Bridge\Account\Told;
use RefundDesk\Bridge\Checkout\About;
use RefundDesk\Bridge\Checkout\PaymentNotice;
use RefundDesk\Bridge\Privacy\PersonalData;
use RefundDesk\Bridge\Server\Impatient;
use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Signature;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

final class AccountTest extends TestCase {

	const EVIL = '"><script>alert(1)</script>';

	/** @var Settings */
	private $settings;

	protected function setUp(): void {
		World::begin();
		World::$user    = 7;
		$this->settings = new Settings();
		$this->settings->keep( 'https://desk.example', 'abcdefghijkl', str_repeat( 's', 40 ), array() );
	}

	public function test_whatever_an_answer_holds_it_is_read_as_what_is_wanted_or_as_nothing() {
		$part = new Part( array( 'a' => 1, 'b' => 'x', 'c' => array( 'y', 2, array() ), 'd' => true, 'e' => array() ) );
		$this->assertSame( array( '', 'x', 1, 0, array( 'y' ), array() ), array( $part->text( 'a' ), $part->text( 'b' ), $part->number( 'a' ), $part->number( 'b' ), $part->texts( 'c' ), $part->texts( 'b' ) ) );
		$this->assertSame( array( true, false, false, false ), array( $part->is( 'd' ), $part->is( 'a' ), $part->has( 'e' ), $part->has( 'z' ) ) );
		$this->assertSame( '', $part->part( 'b' )->text( 'x' ) );
		$this->assertSame( array(), $part->parts( 'b' ) );
		$this->assertSame( '', ( new Part( 'nonsense' ) )->text( 'x' ) );
	}

	public function test_an_order_is_ones_own_only_where_woocommerce_says_so() {
		$order              = new WC_Order( 1001 );
		$order->customer_id = 7;
		$this->assertSame( $order, Customer::own_order( 1001 ) );
		$order->customer_id = 8;
		$this->assertNull( Customer::own_order( 1001 ) );
		$order->customer_id = 0;
		World::$user        = 0;
		$this->assertNull( Customer::own_order( 1001 ), 'a guest owns no order of a guest' );
		World::$user        = 7;
		$order->customer_id = 7;
		$order->type        = 'shop_subscription';
		$this->assertNull( Customer::own_order( 1001 ) );
		$this->assertNull( Customer::own_order( 5 ) );
		$this->assertNull( Customer::own_order( -1 ) );
	}

	public function test_the_language_is_the_pages_as_far_as_the_desk_speaks_it() {
		foreach ( array( 'de_AT' => 'de', 'fr_CA' => 'fr', 'en_GB' => 'en', 'es_ES' => 'en' ) as $locale => $language ) {
			World::$locale = $locale;
			$this->assertSame( $language, Customer::language() );
		}
	}

	public function test_nothing_that_the_desk_says_becomes_markup() {
		$said = array();
		foreach ( array( 'number', 'paid', 'says', 'on', 'headline', 'reason', 'zone', 'label', 'text', 'name', 'amount', 'at', 'words', 'until', 'falls', 'made', 'value', 'version', 'product', 'key', 'site', 'lost', 'heading', 'work', 'accept', 'decline', 'state' ) as $name ) {
			$said[ $name ] = self::EVIL;
		}
		$list                 = array( self::EVIL );
		$said                 = $said + array( 'stuck' => $list, 'awaits' => $list, 'changes' => $list, 'money' => $list, 'missing' => array( 'site_url', 'product_version', 'details', 'other_extensions', 'screenshots' ), 'may_withdraw' => true, 'last_turn' => 3, 'id' => 4 );
		$leaf                 = $said;
		$said['items']        = array( $leaf );
		$said['lines']        = array( $leaf + array( 'parts' => array( $leaf ) ) );
		$said['total']        = $leaf;
		$said['asked']        = $said + array( 'answer' => $said );
		$said['statement']    = $leaf;
		$said['messages']     = $leaf + array( 'said' => array( $leaf ), 'offers' => array( $leaf ) );
		$said['today']        = $leaf + array( 'steps' => array( $leaf ) );
		$said['withdrawal']   = $leaf;
		$said['ask']          = $leaf + array( 'reasons' => array( $leaf ), 'products' => array( $leaf, $leaf ), 'sites' => $list );
		$said['licenses']     = array( $leaf + array( 'sites' => array( $leaf ) ), $leaf + array( 'sites' => array() ) );
		ob_start();
		( new OrderView( new Part( $said ), 1001 ) )->show();
		ListView::show( array( $this->order( 1001 ) ), array( new Part( array( 'order' => 1001 ) + $leaf ) ), 2, 3 );
		$page = ob_get_clean();
		$this->assertStringNotContainsString( '<script', $page );
		$this->assertGreaterThan( 40, substr_count( $page, '&lt;script&gt;' ) );
		$this->assertSame( substr_count( $page, '<form' ), substr_count( $page, 'name="_wpnonce"' ) );
		$this->assertGreaterThanOrEqual( 8, substr_count( $page, '<form' ) );
		$this->assertSame( substr_count( $page, '<form' ), substr_count( $page, '</form>' ) );
		$this->assertSame( substr_count( $page, '<section' ), substr_count( $page, '</section>' ) );
		$this->assertWellNested( $page );
	}

	public function test_a_page_waits_three_seconds_and_a_silent_desk_is_left_alone_for_a_while() {
		World::$answers = array( $this->answer( array( 'page' => array( 'paid' => 'Paid.' ) ) ), new WP_Error( 'http', 'timed out' ) );
		$told           = new Told( new Impatient( new Server( $this->settings ) ) );
		$fresh          = $told->ask( 'order', array( 'order' => 1001 ) );
		$this->assertSame( array( 0, 'Paid.' ), array( $fresh['as_of'], $fresh['told']->part( 'page' )->text( 'paid' ) ) );
		$this->assertSame( 3, World::$calls[0][1]['timeout'] );
		$kept = $told->ask( 'order', array( 'order' => 1001 ) );
		$this->assertSame( 'Paid.', $kept['told']->part( 'page' )->text( 'paid' ) );
		$this->assertEqualsWithDelta( time(), $kept['as_of'], 5 );
		$told->ask( 'order', array( 'order' => 1001 ) );
		$this->assertCount( 2, World::$calls, 'it was asked again while it is silent' );
	}

	public function test_what_one_customer_was_told_is_told_to_no_other() {
		World::$answers = array( $this->answer( array( 'page' => array() ) ), new WP_Error( 'http', 'timed out' ) );
		$told           = new Told( new Impatient( new Server( $this->settings ) ) );
		$told->ask( 'order', array( 'order' => 1001 ) );
		World::$user = 8;
		$this->expectException( Trouble::class );
		$told->ask( 'order', array( 'order' => 1001 ) );
	}

	public function test_a_refusal_is_shown_and_nothing_old_instead_of_it() {
		$gone           = array( 'status' => 404, 'headers' => array(), 'body' => '{"error":"no_such_order","message":"Not known here yet."}' );
		World::$answers = array( $this->answer( array( 'page' => array() ) ), $gone );
		$told           = new Told( new Impatient( new Server( $this->settings ) ) );
		$told->ask( 'order', array( 'order' => 1001 ) );
		try {
			$told->ask( 'order', array( 'order' => 1001 ) );
			$this->fail( 'an old page was shown' );
		} catch ( Trouble $trouble ) {
			$this->assertSame( 'Not known here yet.', Pages::words_for( $trouble ) );
		}
		foreach ( array( new Trouble( 'store_moved', 'for the owner', 409 ), new Trouble( Trouble::UNREACHABLE, 'for the owner' ), new Trouble( Trouble::UNREACHABLE, 'for the owner', 502 ) ) as $trouble ) {
			$this->assertStringNotContainsString( 'owner', Pages::words_for( $trouble ) );
		}
	}

	public function test_a_form_that_was_made_for_somebody_else_or_for_another_order_does_nothing() {
		$order              = $this->order( 1001 );
		$order->customer_id = 7;
		foreach ( array( 'nobody' => 0, 'another order' => 1002, 'made for them' => 1001 ) as $whose => $made_for ) {
			World::$answers = array( $this->answer( array() ) );
			World::$calls   = array();
			$this->send( array( 'refund_desk_deed' => 'switch_off', 'site' => '4', '_wpnonce' => $made_for ? wp_create_nonce( 'refund_desk_bridge_account_' . $made_for ) : 'x' ), 1001 );
			$this->assertCount( 1001 === $made_for ? 1 : 0, World::$calls, $whose );
		}
		$said = json_decode( World::$calls[0][1]['body'], true );
		$this->assertSame( array( 4, 1001, 7, 'ada@example.com' ), array( $said['site'], $said['order'], $said['customer']['id'], $said['customer']['email'] ) );
		$this->assertStringEndsWith( '/account/switch-off', World::$calls[0][0] );
		$order->customer_id = 8;
		World::$calls       = array();
		$this->send( array( 'refund_desk_deed' => 'switch_off', 'site' => '4', '_wpnonce' => wp_create_nonce( 'refund_desk_bridge_account_1001' ) ), 1001 );
		$this->assertSame( array(), World::$calls );
		$this->assertSame( 'error', World::$said[ count( World::$said ) - 1 ][0] );
	}

	public function test_what_could_not_be_sent_stands_in_its_form_again() {
		$this->order( 1001 )->customer_id = 7;
		World::$answers                   = array( new WP_Error( 'http', 'timed out' ) );
		$this->send( array( 'refund_desk_deed' => 'reply', 'words' => 'My long letter', 'last_turn' => '3', '_wpnonce' => wp_create_nonce( 'refund_desk_bridge_account_1001' ) ), 1001 );
		$this->assertStringContainsString( 'before you send it again', World::$said[0][1] );
		ob_start();
		( new OrderView( new Part( array( 'messages' => array( 'last_turn' => 3 ) ) ), 1001 ) )->show();
		$this->assertStringContainsString( '>My long letter</textarea>', ob_get_clean() );
	}

	public function test_who_has_not_been_seen_to_pay_is_told_why_and_not_to_pay_twice() {
		foreach ( array( 'pending' => true, 'on-hold' => true, 'failed' => true, 'processing' => false, 'cancelled' => false ) as $status => $told ) {
			$this->order( 1001 )->status = $status;
			ob_start();
			( new PaymentNotice() )->on_order( 1001 );
			$this->assertSame( $told, false !== strpos( ob_get_clean(), 'do not pay twice' ), $status );
		}
		$order         = $this->order( 1001 );
		$order->status = 'on-hold';
		$order->paid   = new DateTime();
		ob_start();
		( new PaymentNotice() )->on_order( 1001 );
		$this->assertSame( '', ob_get_clean() );
	}

	public function test_pages_only_read_what_is_kept_of_the_policy() {
		$about = new About( $this->settings, new Server( $this->settings ) );
		$this->assertSame( array( '', false ), array( $about->policy_page(), $about->has_withdrawal() ) );
		World::$answers = array( $this->answer( array( 'policy_page' => 'https://desk.example/policies/1/', 'link_page' => 'https://desk.example/my/link', 'withdrawal' => true ) ), new WP_Error( 'http', 'timed out' ) );
		$about->on_sweep();
		World::$locale = 'de_DE';
		$this->assertSame( array( 'https://desk.example/policies/1/de/', true ), array( $about->policy_page(), $about->has_withdrawal() ) );
		$about->on_sweep();
		$this->assertCount( 1, World::$calls, 'it was asked again although it is fresh' );
		$about->on_refresh();
		$this->assertTrue( $about->has_withdrawal(), 'a silent desk takes nothing back' );
		World::$home = 'https://copy.example';
		$this->assertSame( '', $about->policy_page() );
	}

	public function test_a_persons_data_comes_out_page_by_page_and_a_silent_desk_is_no_empty_answer() {
		$data           = new PersonalData( $this->settings, new Server( $this->settings ) );
		$item           = array( 'group_id' => 'refund-desk-cases', 'group_label' => 'Cases', 'item_id' => 'cases-1-1', 'data' => array( array( 'name' => 'Words', 'value' => self::EVIL ) ) );
		World::$answers = array( $this->answer( array( 'data' => array( $item ), 'done' => false ) ), new WP_Error( 'http', 'timed out' ), $this->answer( array( 'items_removed' => true, 'items_retained' => true, 'messages' => array( 'The books stay.' ), 'done' => true ) ) );
		$first          = $data->export( 'ada@example.com', 1 );
		$this->assertFalse( $first['done'] );
		$this->assertStringNotContainsString( '<', $first['data'][0]['data'][0]['value'] );
		$this->assertInstanceOf( WP_Error::class, $data->export( 'ada@example.com', 2 ) );
		$this->assertSame( array( true, true, array( 'The books stay.' ) ), array_slice( array_values( $data->erase( 'ada@example.com' ) ), 0, 3 ) );
		$said = json_decode( World::$calls[2][1]['body'], true );
		$this->assertSame( array( 'ada@example.com', 7 ), array( $said['email'], $said['woo_customer_id'] ) );
	}

	/**
	 * Sends a form to an order's page.
	 *
	 * @param array<string, string> $form     The fields.
	 * @param int                   $order_id The order.
	 * @return void
	 */
	private function send( array $form, int $order_id ): void {
		global $wp;
		$wp    = (object) array( 'query_vars' => array( 'refund-desk' => (string) $order_id ) );
		$_POST = $form;
		try {
			( new Deeds( $this->settings, new Server( $this->settings ) ) )->on_form();
			$this->fail( 'it did not lead back to the page' );
		} catch ( Left $left ) {
			$this->assertStringContainsString( 'refund-desk', $left->getMessage() );
		}
		$_POST = array();
	}

	private function order( int $id ): WC_Order {
		return new WC_Order( $id );
	}

	/**
	 * A proven answer of the desk.
	 *
	 * @param array<string, mixed> $said What it says.
	 * @return Closure
	 */
	private function answer( array $said ): Closure {
		return function ( $options ) use ( $said ) {
			$body = (string) json_encode( $said );
			$id   = Signature::answer_id( $options['headers']['webhook-id'] );
			$at   = (string) time();
			return array(
				'status'  => 200,
				'body'    => $body,
				'headers' => array(
					'webhook-timestamp' => $at,
					'webhook-signature' => Signature::sign( $this->settings->secret(), $id, $at, $body ),
				),
			);
		};
	}

	private function assertWellNested( string $page ): void {
		$open = array();
		preg_match_all( '#<(/?)(section|form|article|table|tbody|thead|tfoot|tr|ul|li|div|nav|fieldset|p|h2|h3|select)\b[^>]*>#', $page, $tags, PREG_SET_ORDER );
		foreach ( $tags as $tag ) {
			if ( '' === $tag[1] ) {
				$open[] = $tag[2];
			} else {
				$this->assertSame( array_pop( $open ), $tag[2], 'after ' . implode( ' ', $open ) );
			}
		}
		$this->assertSame( array(), $open );
	}
}
