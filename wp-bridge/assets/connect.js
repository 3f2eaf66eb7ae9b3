/* Fills the form from the link that the desk made. What stands behind the # stays in the browser. */
( function () {
	var given = new URLSearchParams( window.location.hash.slice( 1 ) );
	[ 'server', 'code' ].forEach( function ( name ) {
		var field = document.getElementById( 'refund-desk-' + name );
		if ( field && given.get( name ) ) {
			field.value = given.get( name );
		}
	} );
	if ( given.get( 'code' ) ) {
		window.history.replaceState( null, '', window.location.pathname + window.location.search );
	}
} )();
