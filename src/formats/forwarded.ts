/** What a proxy says about the request it passes on: Forwarded (RFC 7239) and the X-Forwarded-For list before it. */
import { isFieldName } from './header-value.ts';
import { formatIp, parseIp } from './ip.ts';

export interface ForwardedElement {
	/** Address of the peer, without port or brackets. What is not an address becomes `unknown` (§6.2). */
	readonly for: string;
	/** Address on which the request came in. */
	readonly by?: string | undefined;
	/** `Host` as received; left out when empty, or when it holds anything but printable ASCII. */
	readonly host: string;
	readonly proto: 'http' | 'https';
}

/** One element of a Forwarded field (§4): IPv6 in brackets, and quoted whatever is not a token. */
export function formatForwarded(element: ForwardedElement): string {
	const { by, host, proto } = element;
	let text = `for=${formatNode(element.for)}`;
	if (by !== undefined) text += `;by=${formatNode(by)}`;
	if (/^[\x20-\x7e]+$/.test(host)) text += `;host=${isFieldName(host) ? host : quote(host)}`;
	return `${text};proto=${proto}`;
}

/** An X-Forwarded-For list with one more address at its end, IPv6 without brackets as the other lists have it. */
export function appendForwardedFor(existing: string | undefined, address: string): string {
	const parsed = parseIp(withoutZone(address));
	const node = parsed === undefined ? 'unknown' : formatIp(parsed);
	return existing === undefined || existing.trim() === '' ? node : `${existing}, ${node}`;
}

function formatNode(address: string): string {
	const parsed = parseIp(withoutZone(address));
	if (parsed === undefined) return 'unknown';
	return parsed.version === 4 ? formatIp(parsed) : `"[${formatIp(parsed)}]"`;
}

/** A zone means something on this machine only. */
function withoutZone(address: string): string {
	const zone = address.indexOf('%');
	return zone < 0 ? address : address.slice(0, zone);
}

function quote(text: string): string {
	return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
