/** How a credential reads when somebody sends it back. */

/** Shorter than that, a text is found where it only looks alike. */
const least = 8;

/**
 * The texts by which the credential of this field value is known: without its scheme (`Bearer `, `Basic `), as it is and,
 * where that differs, percent-encoded (RFC 3986 §2.1), as in a `Location`. With its scheme where it
 * has fewer than 8 characters without, and not at all where it has fewer with it.
 */
export function credentialTexts(fieldValue: string): readonly string[] {
	const bare = fieldValue.slice(fieldValue.lastIndexOf(' ') + 1);
	const text = bare.length < least ? fieldValue : bare;
	if (text.length < least) return [];
	// Tokens are mostly of characters that need no encoding.
	const encoded = /^[A-Za-z0-9._~-]*$/.test(text) ? text : encodeURIComponent(text);
	return encoded === text ? [text] : [text, encoded];
}
