/**
 * What the upstream learns of the client's connection (RFC 7239, X-Forwarded-*). Always written anew from the socket;
 * what the request itself claims is believed only from a trusted proxy.
 */
import { appendForwardedFor, formatForwarded } from '#formats/forwarded';

/** Canonical names with which somebody before us may tell of the client: dropped unless a trusted proxy sent them. */
const tellOfClient: ReadonlySet<string> = new Set([
	'x-real-ip',
	'x-client-ip',
	'x-cluster-client-ip',
	'x-originating-ip',
	'x-remote-ip',
	'x-remote-addr',
	'true-client-ip',
	'cf-connecting-ip',
	'fastly-client-ip',
	'client-ip',
	'x-url-scheme',
	'x-scheme',
	'front-end-https',
]);

/** Written by `forwardedLines` and by nobody else. */
export const rebuiltFields: ReadonlySet<string> = new Set([
	'forwarded',
	'x-forwarded-for',
	'x-forwarded-proto',
	'x-forwarded-host',
]);

/** The connection on which a request came. */
export interface Origin {
	readonly peer: string;
	readonly scheme: 'http' | 'https';
	/** Host that the request was for; empty when it named none. */
	readonly host: string;
	/** Whether `peer` is a trusted proxy. */
	readonly trusted: boolean;
}

/** True for a canonical name that must not be copied from the request as it stands. */
export function isForwardedField(canonical: string, trusted: boolean): boolean {
	if (rebuiltFields.has(canonical)) return true;
	return !trusted && (canonical.startsWith('x-forwarded') || tellOfClient.has(canonical));
}

/**
 * Field lines, flat: `Forwarded`, `X-Forwarded-For`, `-Proto` and `-Host`. From a trusted proxy the chain is extended
 * and its scheme and host are kept; from anybody else it starts here. `raw` is flat: name, value, name, value.
 */
export function forwardedLines(raw: readonly string[], origin: Origin): string[] {
	const said = origin.trusted ? lines(raw) : undefined;
	const host = origin.host === '' ? undefined : origin.host;
	const element = formatForwarded({ for: origin.peer, host: origin.host, proto: origin.scheme });
	const before = said?.get('forwarded');
	const result = [
		'Forwarded',
		before === undefined ? element : `${before}, ${element}`,
		'X-Forwarded-For',
		appendForwardedFor(said?.get('x-forwarded-for'), origin.peer),
		'X-Forwarded-Proto',
		said?.get('x-forwarded-proto') ?? origin.scheme,
	];
	const forwardedHost = said?.get('x-forwarded-host') ?? host;
	if (forwardedHost !== undefined) result.push('X-Forwarded-Host', forwardedHost);
	return result;
}

/** The forwarded fields of the request, several lines joined as a list (RFC 9110 §5.3). */
function lines(raw: readonly string[]): Map<string, string> {
	const result = new Map<string, string>();
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const name = (raw[index] ?? '').toLowerCase();
		const value = raw[index + 1] ?? '';
		if (!rebuiltFields.has(name) || value === '') continue;
		const before = result.get(name);
		result.set(name, before === undefined ? value : `${before}, ${value}`);
	}
	return result;
}
