<?php
/**
 * Action Scheduler: what is to be done later, and the doing of it.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * Keeps an action.
 *
 * @param int    $due   When, as UNIX time.
 * @param string $hook  What.
 * @param array  $args  With what.
 * @param string $group Whose.
 * @param int    $every Seconds until it is done again, 0 for never.
 * @return int
 */
function standin_schedule( int $due, string $hook, array $args, string $group, int $every = 0 ): int {
	global $wpdb;
	$wpdb->insert(
		$wpdb->prefix . 'actionscheduler_actions',
		array(
			'hook'               => $hook,
			'status'             => 'pending',
			'scheduled_date_gmt' => gmdate( 'Y-m-d H:i:s', $due ),
			'args'               => wp_json_encode( $args ),
			'schedule'           => (string) $every,
			'group_name'         => $group,
		)
	);
	return (int) $wpdb->insert_id;
}

/**
 * As soon as may be.
 *
 * @param string $hook  What.
 * @param array  $args  With what.
 * @param string $group Whose.
 * @return int
 */
function as_enqueue_async_action( $hook, $args = array(), $group = '' ) {
	return standin_schedule( time(), $hook, $args, $group );
}

/**
 * Once, later.
 *
 * @param int    $timestamp When.
 * @param string $hook      What.
 * @param array  $args      With what.
 * @param string $group     Whose.
 * @return int
 */
function as_schedule_single_action( $timestamp, $hook, $args = array(), $group = '' ) {
	return standin_schedule( $timestamp, $hook, $args, $group );
}

/**
 * Again and again.
 *
 * @param int    $timestamp           When first.
 * @param int    $interval_in_seconds How far apart.
 * @param string $hook                What.
 * @param array  $args                With what.
 * @param string $group               Whose.
 * @return int
 */
function as_schedule_recurring_action( $timestamp, $interval_in_seconds, $hook, $args = array(), $group = '' ) {
	return standin_schedule( $timestamp, $hook, $args, $group, $interval_in_seconds );
}

/**
 * Whether something is still to be done.
 *
 * @param string     $hook  What.
 * @param array|null $args  With what; null for anything.
 * @param string     $group Whose.
 * @return bool
 */
function as_has_scheduled_action( $hook, $args = null, $group = '' ) {
	global $wpdb;
	$rows = $wpdb->get_col( $wpdb->prepare( "SELECT args FROM {$wpdb->prefix}actionscheduler_actions WHERE status = 'pending' AND hook = %s AND group_name = %s", $hook, $group ) );
	return null === $args ? array() !== $rows : in_array( wp_json_encode( $args ), $rows, true );
}

/**
 * Takes back what was still to be done.
 *
 * @param string $hook  What, '' for anything.
 * @param array  $args  With what, empty for anything.
 * @param string $group Whose.
 * @return void
 */
function as_unschedule_all_actions( $hook, $args = array(), $group = '' ) {
	global $wpdb;
	if ( '' !== $hook || array() !== $args ) {
		throw new LogicException( 'The stand-in takes back whole groups only.' );
	}
	$wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->prefix}actionscheduler_actions SET status = 'canceled' WHERE status = 'pending' AND group_name = %s", $group ) );
}

/**
 * Does what is due.
 *
 * @return int How much was done.
 */
function standin_run_due(): int {
	global $wpdb;
	$table = $wpdb->prefix . 'actionscheduler_actions';
	$due   = $wpdb->get_results( $wpdb->prepare( "SELECT * FROM {$table} WHERE status = 'pending' AND scheduled_date_gmt <= %s ORDER BY action_id", gmdate( 'Y-m-d H:i:s' ) ) );
	foreach ( $due as $action ) {
		$wpdb->update( $table, array( 'status' => 'complete' ), array( 'action_id' => $action->action_id ) );
		do_action_ref_array( $action->hook, json_decode( $action->args, true ) );
		if ( 0 < (int) $action->schedule ) {
			standin_schedule( time() + (int) $action->schedule, $action->hook, json_decode( $action->args, true ), $action->group_name, (int) $action->schedule );
		}
	}
	return count( $due );
}
