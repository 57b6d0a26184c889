/**
 * A request head of HTTP/2 (RFC 9113 §8.2, §8.3), written as the HTTP/1.1 head that means the same and read by the same
 * strict reader: from there on nobody needs to know which of the two it was. Whatever could mean more in the one than in
 * the other is refused before it is written.
 */
import { Buffer } from 'node:buffer';
import type { Reason } from '#core/index';
import { isTargetOctet, isTokenOctet, isValueOctet } from '../h1/octets.ts';
import { type HeadLimits, type RequestHead, readRequestHead } from '../h1/request-head.ts';
import type { Peer } from '../peer.ts';

/** Fields that concern a connection of HTTP/1.1: a request of HTTP/2 with one is malformed (RFC 9113 §8.2.2). */
const connectionSpecific: ReadonlySet<string> = new Set([
	'connection',
	'keep-alive',
	'proxy-connection',
	'transfer-encoding',
	'upgrade',
]);

/**
 * The head in `raw` (flat: name, value, …, latin1); or the reason to refuse it. `isWhole`: no body follows. Refused on top
 * of what an HTTP/1.1 head is refused for: pseudo-headers that are unknown, repeated, missing or behind a field, another
 * scheme than https, a path that is neither absolute nor `*`, `host` beside a different `:authority`, names that are not
 * lower-case tokens, values with control characters or white space at an end, connection-specific fields, `te` other than
 * `trailers`, a declared length without a body. Cookie crumbs are joined (§8.2.3).
 */
export function readStreamHead(
	raw: readonly string[],
	isWhole: boolean,
	limits: HeadLimits,
	peer: Peer,
): RequestHead | Reason {
	const text = headText(raw, isWhole);
	if (text === undefined) return 'request_malformed';
	return readRequestHead(Buffer.from(text, 'latin1'), 0, limits, peer) ?? 'request_malformed';
}

function headText(raw: readonly string[], isWhole: boolean): string | undefined {
	const pseudo = new Map<string, string>();
	let fields = '';
	let cookie: string | undefined;
	let isDeclared = false;
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const name = raw[index] ?? '';
		const value = raw[index + 1] ?? '';
		if (name.startsWith(':')) {
			if (fields !== '' || cookie !== undefined || pseudo.has(name)) return undefined;
			pseudo.set(name, value);
			continue;
		}
		if (!isOrdinaryName(name) || connectionSpecific.has(name) || !isOrdinaryValue(value)) return undefined;
		if (name === 'te' && value !== 'trailers') return undefined;
		if (name === 'cookie') {
			cookie = cookie === undefined ? value : `${cookie}; ${value}`;
			continue;
		}
		if (name === 'host' && pseudo.has(':authority')) {
			if (value.toLowerCase() !== pseudo.get(':authority')?.toLowerCase()) return undefined;
			continue;
		}
		if (name === 'content-length') {
			if (isWhole && value !== '0') return undefined;
			isDeclared = true;
		}
		fields += `${name}: ${value}\r\n`;
	}
	const start = startText(pseudo);
	if (start === undefined) return undefined;
	const crumbs = cookie === undefined ? '' : `cookie: ${cookie}\r\n`;
	// The length of a body is told by its end, which in HTTP/1.1 takes chunks.
	const coding = isWhole || isDeclared ? '' : 'transfer-encoding: chunked\r\n';
	return `${start}${fields}${crumbs}${coding}\r\n`;
}

/** Request line and Host; undefined when the pseudo-headers do not make one request (RFC 9113 §8.3.1, §8.5). */
function startText(pseudo: ReadonlyMap<string, string>): string | undefined {
	const method = pseudo.get(':method') ?? '';
	const authority = pseudo.get(':authority');
	if (!isMadeOf(method, isTokenOctet)) return undefined;
	if (authority !== undefined && !isMadeOf(authority, isTargetOctet)) return undefined;
	const host = authority === undefined ? '' : `host: ${authority}\r\n`;
	if (method === 'CONNECT') {
		if (authority === undefined || pseudo.size !== 2) return undefined;
		return `CONNECT ${authority} HTTP/1.1\r\n${host}`;
	}
	const path = pseudo.get(':path') ?? '';
	const known = authority === undefined ? 3 : 4;
	if (pseudo.get(':scheme') !== 'https' || pseudo.size !== known) return undefined;
	if (!isMadeOf(path, isTargetOctet) || !(path.startsWith('/') || (path === '*' && method === 'OPTIONS'))) {
		return undefined;
	}
	return `${method} ${path} HTTP/1.1\r\n${host}`;
}

function isOrdinaryName(name: string): boolean {
	return isMadeOf(name, isTokenOctet) && !/[A-Z]/.test(name);
}

function isOrdinaryValue(value: string): boolean {
	return value === '' || (isMadeOf(value, isValueOctet) && !/^[ \t]|[ \t]$/.test(value));
}

/** Not empty, and every char an octet of this table. */
function isMadeOf(text: string, table: Uint8Array): boolean {
	for (let index = 0; index < text.length; index++) if (table[text.charCodeAt(index)] !== 1) return false;
	return text !== '';
}
