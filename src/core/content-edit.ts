/** What becomes of the content of a response on its way to the client (RFC 9110 §6.4), piece by piece as it comes. */

export interface ContentEdit {
	/**
	 * What is to be done with content of this type, as the upstream’s Content-Type says; undefined: it says none.
	 * `refuse`: it would have to be edited and cannot be.
	 */
	judge(type: string | undefined): 'edit' | 'pass' | 'refuse';
	/** For one response. */
	begin(): ContentEditor;
}

export interface ContentEditor {
	/**
	 * What goes on, now that these octets have come; undefined: too much would. `octets` stay as they are only until this
	 * returns, and what is given may be the same.
	 */
	push(octets: Uint8Array): Uint8Array | undefined;
	/** What goes on behind all of that. */
	end(): Uint8Array | undefined;
}
