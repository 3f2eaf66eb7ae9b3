<?php
/**
 * Signatures and codes are the same on both sides, byte for byte.
 *
 * @package RefundDesk\Bridge
 */

use PHPUnit\Framework\TestCase;
use RefundDesk\Bridge\Connect\Code;
use RefundDesk\Bridge\Server\Signature;

final class SignatureTest extends TestCase {

	const BODY = '{"test": 2432232314}';
	const ID   = 'msg_p5jXN8AQM9LWM0D4loKWxJek';

	private static function key(): string {
		return base64_decode( 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' );
	}

	public function test_the_example_of_standard_webhooks_comes_out() {
		$headers = Signature::headers( self::key(), self::ID, 1614265330, self::BODY );
		$this->assertSame( 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', $headers['webhook-signature'] );
		$this->assertSame( array( self::ID, '1614265330' ), array( $headers['webhook-id'], $headers['webhook-timestamp'] ) );
	}

	public function test_an_answer_is_proven_by_the_key_the_call_and_the_body() {
		$right = Signature::sign( self::key(), 'answer_' . self::ID, '7', self::BODY );
		$this->assertTrue( Signature::is_answer( self::key(), self::ID, '7', $right, self::BODY ) );
		$this->assertTrue( Signature::is_answer( self::key(), self::ID, '7', "v1,AAAA $right", self::BODY ) );
		$this->assertFalse( Signature::is_answer( 'another key', self::ID, '7', $right, self::BODY ) );
		$this->assertFalse( Signature::is_answer( self::key(), 'msg_another', '7', $right, self::BODY ) );
		$this->assertFalse( Signature::is_answer( self::key(), self::ID, '8', $right, self::BODY ) );
		$this->assertFalse( Signature::is_answer( self::key(), self::ID, '7', $right, self::BODY . ' ' ) );
		$this->assertFalse( Signature::is_answer( self::key(), self::ID, '7', '', self::BODY ) );
	}

	public function test_a_call_sent_back_as_it_came_is_no_answer() {
		$sent = Signature::headers( self::key(), self::ID, 7, self::BODY );
		$this->assertFalse( Signature::is_answer( self::key(), self::ID, '7', $sent['webhook-signature'], self::BODY ) );
	}

	public function test_an_empty_key_proves_nothing() {
		$made = Signature::sign( '', 'answer_' . self::ID, '7', self::BODY );
		$this->assertFalse( Signature::is_answer( '', self::ID, '7', $made, self::BODY ) );
	}

	public function test_a_code_is_read_however_it_was_pasted() {
		$code = Code::read( 'abcdefgh-ijklm-nopqr-stuvw-xyz23-45672' );
		$this->assertSame( 'abcdefgh', $code->name );
		$this->assertSame( hash( 'sha256', "refund-desk code\nabcdefghijklmnopqrstuvwxyz2345672", true ), $code->key );
		foreach ( array( " ABCDEFGH IJKLM\nNOPQR stuvw xyz23 45672\t", 'abcdefgh–ijklmnopqrstuvwxyz23—45672' ) as $pasted ) {
			$this->assertSame( $code->key, Code::read( $pasted )->key, $pasted );
		}
	}

	public function test_what_cannot_be_a_code_is_none() {
		$whole = 'abcdefghijklmnopqrstuvwxyz2345672';
		foreach ( array( '', substr( $whole, 1 ), $whole . 'a', str_replace( 'a', '1', $whole ), str_replace( 'a', 'ä', $whole ), "abc\xffdef" ) as $pasted ) {
			$this->assertNull( Code::read( $pasted ), $pasted );
		}
	}
}
