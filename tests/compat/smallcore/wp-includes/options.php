<?php
/** Options in one JSON file: the small core has no database. */
function smallcore_options() {
	$place = DB_DIR . '/options.json';
	return is_file( $place ) ? json_decode( file_get_contents( $place ), true ) : array();
}
function get_option( $name, $default = false ) {
	return smallcore_options()[ $name ] ?? $default;
}
function update_option( $name, $value ) {
	file_put_contents( DB_DIR . '/options.json', json_encode( array( $name => $value ) + smallcore_options() ) );
	return true;
}
function delete_option( $name ) {
	file_put_contents( DB_DIR . '/options.json', json_encode( array_diff_key( smallcore_options(), array( $name => 1 ) ) ) );
	return true;
}
function wp_schedule_event( $at, $recurrence, $hook, $arguments = array() ) {
	$cron                                    = get_option( 'cron', array() );
	$cron[ $at ][ $hook ][ md5( serialize( $arguments ) ) ] = array( 'schedule' => $recurrence, 'args' => $arguments );
	return update_option( 'cron', $cron );
}
function _get_cron_array() {
	return get_option( 'cron', array() );
}
