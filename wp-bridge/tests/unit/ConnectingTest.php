<?php
/**
 * What is looked at before anything is sent, what a copy may do, and how each trouble is told.
 *
 * @package RefundDesk\Bridge
 */

use PHPUnit\Framework\TestCase;
use RefundDesk\Bridge\Connect\CannotConnect;
use RefundDesk\Bridge\Connect\Code;
use RefundDesk\Bridge\Connect\Surroundings;
use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Signature;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

final class ConnectingTest extends TestCase {

	protected function setUp(): void {
		World::begin();
	}

	public function test_the_address_of_any_page_of_the_desk_will_do() {
		foreach ( array( 'https://desk.example', ' https://Desk.Example/ ', 'desk.example', 'https://desk.example/desk/stores', 'https://desk.example/desk/?x=1#y' ) as $pasted ) {
			$this->assertSame( 'https://desk.example', Surroundings::server( $pasted ), $pasted );
		}
		$this->assertSame( 'https://desk.example:8443/refunds', Surroundings::server( 'https://desk.example:8443/refunds/desk/' ) );
	}

	public function test_what_is_no_address_is_refused_and_http_only_at_home() {
		foreach ( array( '', 'ftp://desk.example', 'https://', 'https://me:pw@desk.example', 'javascript:alert(1)', 'https://desk.example"><b>', 'http://desk.example' ) as $pasted ) {
			try {
				$this->fail( Surroundings::server( $pasted ) );
			} catch ( CannotConnect $refused ) {
				$this->assertNotSame( '', $refused->getMessage(), $pasted );
			}
		}
		World::$environment = 'local';
		$this->assertSame( 'http://127.0.0.1:8321', Surroundings::server( 'http://127.0.0.1:8321/' ) );
	}

	public function test_plain_permalinks_and_missing_https_stand_in_the_way() {
		$this->assertSame( array(), Surroundings::obstacles() );
		World::$options['permalink_structure'] = '';
		$this->assertStringContainsString( 'Permalinks', implode( Surroundings::obstacles() ) );
		World::$options['permalink_structure'] = '/x/';
		World::$home                           = 'http://shop.example';
		$this->assertStringContainsString( 'no https', implode( Surroundings::obstacles() ) );
		$this->assertSame( array(), Surroundings::warnings() );
		World::$environment = 'local';
		$this->assertSame( array(), Surroundings::obstacles() );
		$this->assertStringContainsString( 'local', implode( Surroundings::warnings() ) );
	}

	public function test_a_store_at_another_address_is_a_copy_until_it_is_forgotten() {
		$settings = $this->connected();
		$this->assertTrue( $settings->is_live() );
		World::$home = 'https://SHOP.example/';
		$this->assertTrue( $settings->is_live() );
		World::$home = 'https://staging.shop.example';
		$this->assertSame( array( true, true, false ), array( $settings->is_connected(), $settings->is_copy(), $settings->is_live() ) );
		$settings->forget();
		$this->assertFalse( $settings->is_copy() );
		$this->assertArrayNotHasKey( Settings::CONNECTION, World::$options );
	}

	public function test_a_store_is_no_copy_of_itself_where_its_background_work_runs_without_https() {
		$settings      = $this->connected();
		World::$scheme = 'http';
		$this->assertTrue( $settings->is_live() );
	}

	public function test_a_store_whose_set_address_has_no_https_is_told_even_if_it_is_administered_by_https() {
		World::$home   = 'http://shop.example';
		World::$scheme = 'https';
		$this->assertStringContainsString( 'no https', implode( Surroundings::obstacles() ) );
	}

	public function test_the_installation_keeps_its_name() {
		$settings = new Settings();
		$this->assertSame( $settings->site(), ( new Settings() )->site() );
	}

	public function test_only_a_proven_answer_is_believed() {
		$settings = $this->connected();
		World::$answers[] = static function ( array $sent ) {
			return self::answer( $sent, '{"reads":"ok"}', str_repeat( 's', 50 ) );
		};
		$this->assertSame( array( 'reads' => 'ok' ), ( new Server( $settings ) )->call( 'check' ) );
		list( $address, $sent ) = World::$calls[0];
		$this->assertSame( 'https://desk.example/bridge/abcdefgh/check', $address );
		$this->assertSame( array( 'address' => 'https://shop.example' ), json_decode( $sent['body'], true ) );
		$this->assertSame( 0, $sent['redirection'] );
		World::$answers[] = static function ( array $sent ) {
			return self::answer( $sent, '{"reads":"ok"}', 'another key' );
		};
		$this->assertSame( Trouble::NOT_PROVEN, $this->trouble( $settings )->kind );
	}

	/**
	 * @dataProvider troubles
	 */
	public function test_each_trouble_is_told_with_what_to_do( $answer, string $kind, string $words, bool $may_pass ) {
		World::$answers[] = $answer;
		$trouble          = $this->trouble( $this->connected() );
		$this->assertSame( array( $kind, $may_pass ), array( $trouble->kind, $trouble->may_pass() ) );
		$this->assertStringContainsString( $words, $trouble->getMessage() );
	}

	public static function troubles(): array {
		$json = static function ( int $status, string $error ): array {
			return array( 'status' => $status, 'body' => json_encode( array( 'error' => $error, 'message' => 'In English.' ) ) );
		};
		return array(
			'nobody answers'       => array( new WP_Error( 'http_request_failed', 'cURL error 28: timed out.' ), 'unreachable', 'does not answer: cURL error 28: timed out. Nothing', true ),
			'a web page'           => array( array( 'status' => 200, 'body' => '<html>' ), 'not_a_desk', 'is not Refund Desk', true ),
			'a page not there'     => array( array( 'status' => 404, 'body' => '<html>' ), 'not_a_desk', 'is not Refund Desk', true ),
			'a redirect'           => array( array( 'status' => 301, 'body' => '', 'headers' => array( 'location' => 'https://www.desk.example/x?secret=1' ) ), 'not_a_desk', 'https://www.desk.example/x.', true ),
			'a proxy in trouble'   => array( array( 'status' => 502, 'body' => '<html>' ), 'unreachable', 'status 502', true ),
			'a code that is used'  => array( $json( 409, 'code_used' ), 'code_used', 'was used before', true ),
			'a code that is over'  => array( $json( 410, 'code_expired' ), 'code_expired', 'time is over', false ),
			'clocks that differ'   => array( $json( 401, 'bridge_clock_off' ), 'bridge_clock_off', 'five minutes', true ),
			'a store called back in vain' => array( $json( 502, 'store_not_answering' ), 'store_not_answering', 'firewall', true ),
			'a refusal of a newer desk'   => array( $json( 422, 'brand_new' ), 'brand_new', 'In English.', false ),
		);
	}

	public function test_a_desk_is_told_nothing_but_the_codes_name_before_it_has_proven_itself() {
		$code             = Code::read( 'abcdefghijklmnopqrstuvwxyz2345672' );
		World::$answers[] = array( 'status' => 200, 'body' => '{}' );
		try {
			( new Server( new Settings() ) )->greet( 'https://desk.example', $code );
			$this->fail( 'It was believed.' );
		} catch ( Trouble $trouble ) {
			$this->assertSame( Trouble::NOT_PROVEN, $trouble->kind );
		}
		$this->assertSame( array( 'code' => 'abcdefgh', 'desk' => 'https://desk.example' ), json_decode( World::$calls[0][1]['body'], true ) );
		$this->assertStringNotContainsString( 'ijklm', print_r( World::$calls, true ) );
	}

	public function test_a_call_is_signed_with_its_route_and_an_event_as_the_scheme_has_it() {
		$server           = new Server( $this->connected() );
		$taken            = static function ( array $sent ) {
			return self::answer( $sent, '{}', str_repeat( 's', 50 ) );
		};
		World::$answers[] = $taken;
		$server->call( 'disconnect' );
		World::$answers[] = $taken;
		$server->report( 'msg_1', array( 'type' => 'order.deleted' ) );
		foreach ( array( "POST /bridge/abcdefgh/disconnect\n", '' ) as $number => $before_the_body ) {
			$sent = World::$calls[ $number ][1];
			$this->assertSame(
				Signature::sign( str_repeat( 's', 50 ), $sent['headers']['webhook-id'], $sent['headers']['webhook-timestamp'], $before_the_body . $sent['body'] ),
				$sent['headers']['webhook-signature']
			);
		}
	}

	private function connected(): Settings {
		$settings = new Settings();
		$settings->keep( 'https://desk.example', 'abcdefgh', str_repeat( 's', 50 ), array() );
		return $settings;
	}

	private function trouble( Settings $settings ): Trouble {
		try {
			( new Server( $settings ) )->call( 'check' );
		} catch ( Trouble $trouble ) {
			return $trouble;
		}
		throw new LogicException( 'There was no trouble.' );
	}

	private static function answer( array $sent, string $body, string $key ): array {
		$id = 'answer_' . $sent['headers']['webhook-id'];
		return array( 'status' => 200, 'body' => $body, 'headers' => Signature::headers( $key, $id, time(), $body ) );
	}
}
