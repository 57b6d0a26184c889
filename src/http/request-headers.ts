/**
 * The field lines that an upstream receives, made from the client's. The order is the point: what concerns the
 * connection goes first, then what policy strips, and only then is anything added, so that no `Connection` option and
 * no spoofed copy can touch what the gateway writes.
 */
import type { HeaderList, RequestEdits } from '#core/index';
import { withoutCookies } from '#formats/cookie';
import { isFieldName, isFieldValue } from '#formats/header-value';
import { forwardedLines, isForwardedField, type Origin } from './forwarded-headers.ts';
import { canonicalName, connectionOptions, isHopByHop } from './hop-by-hop.ts';

/** Said by this hop itself, or asking the backend for another request than the one that was decided. */
export const neverCopied: ReadonlySet<string> = new Set([
	'host',
	'content-length',
	'expect',
	'x-http-method-override',
	'x-http-method',
	'x-method-override',
	'x-original-url',
	'x-original-uri',
	'x-original-method',
	'x-original-host',
	'x-host',
	'x-http-host-override',
	'x-rewrite-url',
	'x-rewrite-uri',
]);

/**
 * Flat list (name, value, …) without Host and framing, which the sender adds. Values pass through byte for byte as
 * latin1. Throws when a field to set is not a valid field line: that is a bug, and nothing may be sent then.
 * Does not check the client's own values: the parser did.
 */
export function upstreamLines(raw: readonly string[], edits: RequestEdits, origin: Origin): string[] {
	const options = connectionOptions(raw);
	const written = namesOf(edits.set);
	const result: string[] = [];
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const name = raw[index] ?? '';
		const canonical = canonicalName(name);
		if (isHopByHop(canonical) || options.has(canonical) || neverCopied.has(canonical)) continue;
		if (edits.strip.names.has(canonical) || written?.has(canonical) === true) continue;
		if (edits.strip.prefixes.some((prefix) => canonical.startsWith(prefix))) continue;
		if (isForwardedField(canonical, origin.trusted)) continue;
		let value = raw[index + 1] ?? '';
		if (canonical === 'cookie' && edits.cookies.length > 0) {
			value = withoutCookies(value, edits.cookies);
			if (value === '') continue;
		}
		result.push(name, value);
	}
	result.push(...forwardedLines(raw, origin));
	for (const [name, value] of edits.set) {
		if (!isFieldName(name) || !isFieldValue(value)) throw new Error(`invalid value for the header ${name}`);
		result.push(name, value);
	}
	return result;
}

function namesOf(list: HeaderList): ReadonlySet<string> | undefined {
	return list.length === 0 ? undefined : new Set(list.map(([name]) => canonicalName(name)));
}
