<?php
/** What a plugin offers to be called, and how each kind is called. */

declare( strict_types=1 );

namespace RefundDesk\Smoke;

use Closure;
use Throwable;

/** Calls the plugin's entry points, beginning with the one whose number the order gives. */
function run_offers(): void {
	$offers = 'ajax' === REFUNDDESK_ORDER['deep']
		? ajax_handlers()
		: array_merge( shortcodes(), blocks(), widgets(), rest_routes(), scheduled() );
	ksort( $offers );
	$runnable = array_filter( $offers );
	Watch::tell( 'offers', array( 'known' => array_keys( $offers ), 'runnable' => array_keys( $runnable ) ) );
	$number = 0;
	foreach ( $runnable as $name => $call ) {
		if ( $number++ < REFUNDDESK_ORDER['from'] ) {
			continue;
		}
		Watch::tell( 'begin', array( 'entry' => $name ) );
		set_time_limit( REFUNDDESK_ORDER['seconds'] );
		$level = ob_get_level();
		ob_start( static function () { return ''; }, 1 << 16 );
		try {
			$call();
		} catch ( Stopped $stopped ) {
			unset( $stopped );
		} catch ( Throwable $thrown ) {
			Watch::thrown( $thrown );
		}
		while ( ob_get_level() > $level && ob_end_clean() ) {
			continue;
		}
		Watch::tell( 'done', array( 'entry' => $name ) );
	}
}

/** @return array<string, Closure|null> */
function shortcodes(): array {
	$offers = array();
	foreach ( $GLOBALS['shortcode_tags'] ?? array() as $tag => $callback ) {
		if ( null !== Watch::owner( $callback ) ) {
			$offers[ "shortcode [$tag]" ] = static function () use ( $tag ): void {
				do_shortcode( "[$tag]" );
			};
		}
	}
	return $offers;
}

/** @return array<string, Closure|null> */
function blocks(): array {
	$offers = array();
	if ( ! class_exists( 'WP_Block_Type_Registry' ) ) {
		return $offers;
	}
	foreach ( \WP_Block_Type_Registry::get_instance()->get_all_registered() as $name => $type ) {
		if ( null !== Watch::owner( $type->render_callback ) ) {
			$offers[ "block $name" ] = static function () use ( $name ): void {
				render_block(
					array(
						'blockName'    => $name,
						'attrs'        => array(),
						'innerBlocks'  => array(),
						'innerHTML'    => '',
						'innerContent' => array(),
					)
				);
			};
		}
	}
	return $offers;
}

/** @return array<string, Closure|null> */
function widgets(): array {
	$offers  = array();
	$factory = $GLOBALS['wp_widget_factory'] ?? null;
	foreach ( null === $factory ? array() : $factory->widgets as $widget ) {
		if ( null === Watch::owner( array( $widget, 'widget' ) ) ) {
			continue;
		}
		$name                            = get_class( $widget );
		$offers[ "widget $name" ]        = static function () use ( $widget ): void {
			$widget->widget( array( 'before_widget' => '', 'after_widget' => '', 'before_title' => '', 'after_title' => '' ), array() );
		};
		$offers[ "widget $name form" ]   = static function () use ( $widget ): void {
			$widget->form( array() );
		};
		$offers[ "widget $name update" ] = static function () use ( $widget ): void {
			$widget->update( array(), array() );
		};
	}
	return $offers;
}

/**
 * Reading routes are called; those that write are known and left alone.
 *
 * @return array<string, Closure|null>
 */
function rest_routes(): array {
	$offers = array();
	if ( ! function_exists( 'rest_get_server' ) ) {
		return $offers;
	}
	foreach ( rest_get_server()->get_routes() as $route => $handlers ) {
		foreach ( $handlers as $handler ) {
			if ( null === Watch::owner( $handler['callback'] ?? null ) ) {
				continue;
			}
			foreach ( array_keys( array_filter( $handler['methods'] ) ) as $method ) {
				$offers[ "REST $method $route" ] = 'GET' !== $method ? null : static function () use ( $route ): void {
					rest_do_request( new \WP_REST_Request( 'GET', filled_in( $route ) ) );
				};
			}
		}
	}
	return $offers;
}

/** A path that fits a route's pattern, where one is easily found. */
function filled_in( string $route ): string {
	return (string) preg_replace_callback(
		'/\(\?P<\w+>((?:[^()]|\((?1)\))*)\)/',
		static function ( array $match ): string {
			return 1 === preg_match( '/^(?:' . str_replace( '/', '\/', $match[1] ) . ')$/', '1' ) ? '1' : 'x';
		},
		$route
	);
}

/** @return array<string, Closure|null> */
function scheduled(): array {
	$offers = array();
	foreach ( _get_cron_array() ?: array() as $events ) {
		foreach ( is_array( $events ) ? $events : array() as $hook => $occasions ) {
			if ( null === Watch::own_callback( (string) $hook ) ) {
				continue;
			}
			foreach ( $occasions as $occasion ) {
				$offers[ "cron $hook" ] = static function () use ( $hook, $occasion ): void {
					do_action_ref_array( $hook, array_values( $occasion['args'] ?? array() ) );
				};
			}
		}
	}
	return $offers;
}

/** @return array<string, Closure|null> */
function ajax_handlers(): array {
	$offers = array();
	foreach ( array_keys( $GLOBALS['wp_filter'] ) as $hook ) {
		$hook = (string) $hook;
		if ( 1 !== preg_match( '/^(wp_ajax_|admin_post_|wc_ajax_)(nopriv_)?(.+)$/', $hook, $parts ) || null === Watch::own_callback( $hook ) ) {
			continue;
		}
		$offers[ $hook ] = static function () use ( $hook, $parts ): void {
			$_REQUEST['action'] = $parts[3];
			$_POST['action']    = $parts[3];
			do_action( $hook );
		};
	}
	return $offers;
}
