/** Names of header fields: which may hold tokens, which the gateway may write or remove, and which are everybody’s. */

/** Fields that frame the message, authenticate, or that the gateway writes itself (RFC 9110 §7.6.1, RFC 9112, RFC 7239). */
const refused: ReadonlySet<string> = new Set([
	'accept-encoding',
	'authorization',
	'connection',
	'content-encoding',
	'content-length',
	'content-type',
	'cookie',
	'date',
	'dpop',
	'expect',
	'forwarded',
	'host',
	'http2-settings',
	'keep-alive',
	'proxy-authenticate',
	'proxy-authorization',
	'proxy-connection',
	'set-cookie',
	'te',
	'traceparent',
	'tracestate',
	'trailer',
	'transfer-encoding',
	'upgrade',
	'via',
	'x-request-id',
]);

/** Many servers hand several spellings to the application as one variable (CGI, RFC 3875 §4.1.18). */
export function canonicalName(header: string): string {
	return header.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}

/** Whether `claims_to_headers` or a credential of the gateway’s own may use the header with this canonical name. */
export function isFree(canonical: string): boolean {
	return !refused.has(canonical) && !canonical.startsWith('x-forwarded-') && !canonical.startsWith('sec-websocket-');
}

/** Headers that mean something else, or are not the client's to set. */
const taken: ReadonlySet<string> = new Set([
	'connection',
	'content-length',
	'content-type',
	'cookie',
	'expect',
	'host',
	'keep-alive',
	'proxy-authorization',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

/** Whether a token may stand in this header. */
export function canHoldToken(header: string): boolean {
	return !taken.has(header.toLowerCase());
}

/** Fields that other keys, or the connection, decide about. */
const notRemovable: ReadonlyMap<string, string> = new Map([
	['www-authenticate', 'that is what www_authenticate is for'],
	['set-cookie', 'that is what set_cookie is for'],
	['cache-control', 'caches go by it'],
	['vary', 'caches go by it'],
	['date', 'a response has one'],
	['content-length', 'it belongs to the connection'],
	['transfer-encoding', 'it belongs to the connection'],
	['connection', 'it belongs to the connection'],
]);

/** Why the gateway cannot leave this field out of a response; undefined: it can. */
export function whyNotRemovable(header: string): string | undefined {
	return notRemovable.get(header.toLowerCase());
}
