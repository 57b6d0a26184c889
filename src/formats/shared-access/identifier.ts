/** Identifiers of users and gateways in API Management: no delimiter of any layout can be part of one. */
export function isIdentifier(text: string): boolean {
	return /^[A-Za-z0-9._~-]{1,256}$/.test(text);
}
