/**
 * The Host field and the authority of an absolute-form target (RFC 9112 §3.2, RFC 3986 §3.2.2), brought to one spelling.
 * Narrower than the grammar: DNS names and IP addresses only, since routes are chosen by what comes out.
 */
import { formatIp, parseIp } from './ip.ts';

/** `name`: lower case, IPv6 in brackets and as RFC 5952 writes it. `port` is undefined when none is written. */
export interface ParsedHost {
	readonly name: string;
	readonly port: number | undefined;
}

const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::([1-9][0-9]{0,4}))?$/;
const named = /^([A-Za-z0-9_.-]+)(?::([1-9][0-9]{0,4}))?$/;
const domainName = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
/** What many parsers take for an IPv4 address: the last label is a number, decimal or hexadecimal. */
const endsInNumber = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * Name and port, or undefined when `value` is not a host that Countersign routes: empty, with userinfo, percent-encoded
 * or non-ASCII, an empty label, a label over 63 or a name over 253 characters, an IPv4 address in any spelling but four
 * decimal octets, an IPv6 address with a zone, a port that is empty, has leading zeros or is not in 1–65535. One dot at
 * the end of a name is taken off. Not checked: whether the name exists, or is ours.
 */
export function parseHost(value: string): ParsedHost | undefined {
	const plain = named.exec(value);
	if (plain !== null) return withPort(domainOrIpv4((plain[1] ?? '').toLowerCase()), plain[2]);
	const literal = bracketed.exec(value);
	if (literal === null) return undefined;
	const text = literal[1] ?? '';
	const address = text.includes(':') ? parseIp(text) : undefined;
	if (address === undefined) return undefined;
	// An IPv4-mapped literal names the IPv4 host: otherwise it would slip past that host's routes.
	return withPort(address.version === 4 ? formatIp(address) : `[${formatIp(address)}]`, literal[2]);
}

function domainOrIpv4(written: string): string | undefined {
	const name = written.endsWith('.') ? written.slice(0, -1) : written;
	if (name.length > 253 || !domainName.test(name)) return undefined;
	return endsInNumber.test(name) && parseIp(name) === undefined ? undefined : name;
}

function withPort(name: string | undefined, port: string | undefined): ParsedHost | undefined {
	if (name === undefined) return undefined;
	if (port === undefined) return { name, port: undefined };
	return Number(port) > 65_535 ? undefined : { name, port: Number(port) };
}
