<?php
/**
 * What is reported, by whom, how often, and until when.
 *
 * @package RefundDesk\Bridge
 */

use PHPUnit\Framework\TestCase;
use RefundDesk\Bridge\Events\Outbox;
use RefundDesk\Bridge\Events\Sender;
use RefundDesk\Bridge\Events\Watch;
use RefundDesk\Bridge\Refunds\AttemptRecord;
use RefundDesk\Bridge\Refunds\OwnConnection;
use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Signature;
use RefundDesk\Bridge\Settings;

final class EventsTest extends TestCase {

	private $settings;
	private $outbox;
	private $sender;
	private $record;
	private $watch;

	protected function setUp(): void {
		World::begin();
		$this->settings = new Settings();
		$this->settings->keep( 'https://desk.example', 'abcdefgh', str_repeat( 's', 50 ), array() );
		$this->outbox = new Outbox( $this->settings );
		$this->sender = new Sender( $this->outbox, $this->settings, new Server( $this->settings ) );
		$this->record = new AttemptRecord( new OwnConnection() );
		$this->watch  = new Watch( $this->outbox, $this->record );
	}

	public function test_an_order_deleted_for_good_is_reported_once_whatever_fires() {
		$order = new WC_Order( 7 );
		$this->assertNull( $this->watch->on_delete( null, $order, true ) );
		$this->watch->on_delete( null, $order, true );
		$this->assertSame( array( '{"type":"order.deleted","order":7}' ), $this->bodies() );
		$this->assertSame( array( array( 0, Sender::SEND, array( 1 ) ) ), World::$scheduled );
	}

	public function test_the_trash_drafts_and_what_another_plugin_keeps_are_not_reported() {
		$this->watch->on_delete( null, new WC_Order( 7 ), false );
		$this->assertFalse( $this->watch->on_delete( false, new WC_Order( 8 ), true ) );
		$draft         = new WC_Order( 9 );
		$draft->status = 'checkout-draft';
		$this->watch->on_delete( null, $draft, true );
		$this->assertSame( array(), $this->bodies() );
	}

	public function test_a_deleted_refund_names_its_order() {
		$this->watch->on_delete( null, new WC_Order_Refund( 7 ), true );
		$this->assertSame( array( '{"type":"refund.deleted","order":7,"refund":501}' ), $this->bodies() );
	}

	public function test_a_refund_without_an_answer_counts_as_dead_after_a_quarter_of_an_hour_and_once() {
		$this->record->begin( 'RD-7F3K2QXM', 7, '99.00' );
		$this->begun( Watch::DEAD_AFTER - 5 );
		$this->watch->on_sweep();
		$this->assertSame( array(), $this->bodies() );
		World::$options = array_diff_key( World::$options, array( Watch::OPTION => 1 ) );
		$this->begun( Watch::DEAD_AFTER );
		$this->watch->on_sweep();
		$this->watch->on_sweep();
		$this->assertSame( array( '{"type":"refund.died","order":7}' ), $this->bodies() );
	}

	public function test_a_refund_that_was_answered_did_not_die() {
		$this->record->begin( 'RD-7F3K2QXM', 7, '99.00' );
		$this->record->keep_answer( 'RD-7F3K2QXM', 201, '{}' );
		$this->begun( Watch::DEAD_AFTER );
		$this->watch->on_sweep();
		$this->assertSame( array(), $this->bodies() );
	}

	public function test_neither_a_copy_nor_a_store_without_a_desk_reports() {
		World::$home = 'https://staging.example';
		$this->outbox->note( 'order.deleted', array( 'order' => 7 ) );
		World::$home = 'https://shop.example';
		$this->settings->forget();
		$this->outbox->note( 'order.deleted', array( 'order' => 8 ) );
		$this->assertSame( array(), $this->bodies() );
	}

	public function test_what_waits_in_a_copy_is_dropped_unsent() {
		$this->outbox->note( 'order.deleted', array( 'order' => 7 ) );
		World::$home = 'https://staging.example';
		$this->sender->on_send( 1 );
		$this->assertSame( array( array(), array() ), array( $this->bodies(), World::$calls ) );
	}

	public function test_an_event_that_is_taken_is_gone() {
		$this->outbox->note( 'order.deleted', array( 'order' => 7 ) );
		World::$answers = array( Closure::fromCallable( array( $this, 'taken' ) ) );
		$this->sender->on_send( 1 );
		$this->sender->on_send( 1 );
		$this->assertSame( array( array(), 1 ), array( $this->bodies(), count( World::$calls ) ) );
	}

	public function test_an_event_that_is_not_taken_is_sent_again_under_its_id_for_a_day() {
		$this->outbox->note( 'order.deleted', array( 'order' => 7 ) );
		for ( $try = 1; $try <= Sender::MOST_TRIES + 1; $try++ ) {
			World::$answers = array( array( 'status' => 503, 'body' => '' ) );
			$this->sender->on_send( 1 );
		}
		$ids = array_map(
			static function ( array $call ): string {
				return $call[1]['headers']['webhook-id'];
			},
			World::$calls
		);
		$this->assertCount( Sender::MOST_TRIES, $ids );
		$this->assertCount( 1, array_unique( $ids ) );
		$pauses = array_column( array_slice( World::$scheduled, 1 ), 0 );
		$this->assertSame( array( 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600 ), $pauses );
		$this->assertSame( array( 0, 1 ), array( $this->outbox->count( false ), $this->outbox->count( true ) ) );
	}

	public function test_an_event_that_the_desk_does_not_understand_is_not_sent_again() {
		$this->outbox->note( 'order.deleted', array( 'order' => 7 ) );
		World::$answers = array( array( 'status' => 422, 'body' => '{"error":"bridge_call_unusable","message":"No."}' ) );
		$this->sender->on_send( 1 );
		$this->assertSame( array( 1, 1 ), array( $this->outbox->count( true ), count( World::$scheduled ) ) );
	}

	public function test_an_event_whose_action_was_lost_is_found() {
		$this->outbox->note( 'order.deleted', array( 'order' => 7 ) );
		World::$scheduled = array();
		$this->sender->on_sweep();
		$this->assertSame( array(), World::$scheduled );
		$GLOBALS['wpdb']->query( "UPDATE wp_refund_desk_events SET due_gmt = '2026-01-01 00:00:00'" );
		$this->sender->on_sweep();
		$this->assertSame( array( array( 0, Sender::SEND, array( 1 ) ) ), World::$scheduled );
	}

	public function test_more_than_a_thousand_are_not_kept() {
		for ( $order = 1; $order <= Outbox::MOST + 1; $order++ ) {
			$this->outbox->note( 'order.deleted', array( 'order' => $order ) );
		}
		$this->assertSame( Outbox::MOST, $this->outbox->count( false ) );
	}

	public function test_what_was_given_up_keeps_no_new_event_out() {
		for ( $order = 1; $order <= Outbox::MOST; $order++ ) {
			$this->outbox->note( 'order.deleted', array( 'order' => $order ) );
		}
		$GLOBALS['wpdb']->query( 'UPDATE wp_refund_desk_events SET given_up = 1' );
		$this->outbox->note( 'order.deleted', array( 'order' => 5000 ) );
		$this->assertSame( array( '{"type":"order.deleted","order":5000}' ), $this->bodies() );
	}

	public function test_what_was_given_up_is_sent_once_more_when_somebody_repairs() {
		$this->outbox->note( 'order.deleted', array( 'order' => 7 ) );
		$GLOBALS['wpdb']->query( 'UPDATE wp_refund_desk_events SET given_up = 1, tries = 12' );
		World::$scheduled = array();
		$this->outbox->revive();
		$this->assertSame( array( array( 0, Sender::SEND, array( 1 ) ) ), World::$scheduled );
		$this->assertSame( 0, $this->outbox->find( 1 )['tries'] );
	}

	public function test_what_was_given_up_is_forgotten_after_a_week_and_what_waits_is_not() {
		$now = 1800000000;
		foreach ( array( 'given up just within the week', 'given up before', 'waits' ) as $number => $which ) {
			$due = $now - Outbox::GIVEN_UP_FOR - ( 0 === $number ? 0 : 1 );
			$this->outbox->note( 'order.deleted', array( 'order' => $number ) );
			$GLOBALS['wpdb']->query( 'UPDATE wp_refund_desk_events SET due_gmt = \'' . gmdate( 'Y-m-d H:i:s', $due ) . '\', given_up = ' . ( 'waits' === $which ? 0 : 1 ) . ' WHERE id = ' . ( $number + 1 ) );
		}
		$this->outbox->prune( $now );
		$this->assertSame( array( 1, 3 ), array_map( 'intval', $GLOBALS['wpdb']->get_col( 'SELECT id FROM wp_refund_desk_events ORDER BY id' ) ) );
	}

	private function taken( array $sent ): array {
		$headers = Signature::headers( str_repeat( 's', 50 ), 'answer_' . $sent['headers']['webhook-id'], time(), '{}' );
		return array( 'status' => 200, 'body' => '{}', 'headers' => $headers );
	}

	private function bodies(): array {
		return $GLOBALS['wpdb']->get_col( 'SELECT body FROM wp_refund_desk_events WHERE given_up = 0 ORDER BY id' );
	}

	private function begun( int $seconds ): void {
		$GLOBALS['wpdb']->query( "UPDATE wp_refund_desk_attempts SET begun_gmt = '" . gmdate( 'Y-m-d H:i:s', time() - $seconds ) . "'" );
	}
}
