/**
 * The head that an upstream receives, as one text made from the client's. The order is the point: what concerns the
 * connection goes first, then what policy strips, and only then is anything added, so that no `Connection` option and no
 * spoofed copy can touch what the gateway writes.
 */
import { Buffer } from 'node:buffer';
import type { HeaderList, HeaderStrip, RequestEdits } from '#core/index';
import { withoutCookies } from '#formats/cookie';
import type { OwnLines } from '../engine.ts';
import { isForwardedField } from '../forwarded-headers.ts';
import { canonicalName, isHopByHop } from '../hop-by-hop.ts';
import { ownName } from '../own-names.ts';
import { chunked } from './framing.ts';
import { type Fate, type FateOf, keptLines, rememberFates, writtenLines } from './kept-lines.ts';
import type { RequestHead } from './request-head.ts';

/** Said by this hop itself, or asking the backend for another request than the one that was decided. */
const neverCopied: ReadonlySet<string> = new Set([
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

interface StripFates {
	readonly prefixes: readonly string[];
	readonly trusted: FateOf;
	readonly untrusted: FateOf;
}

/** By the set of names: the object around it may be made anew for every request. */
const fatesOf = new WeakMap<ReadonlySet<string>, StripFates>();

function stripFates(strip: HeaderStrip): StripFates {
	let fates = fatesOf.get(strip.names);
	if (fates === undefined || fates.prefixes !== strip.prefixes) {
		const judge = (trusted: boolean) => rememberFates((name) => requestFate(name, strip, trusted));
		fates = { prefixes: strip.prefixes, trusted: judge(true), untrusted: judge(false) };
		fatesOf.set(strip.names, fates);
	}
	return fates;
}

function requestFate(name: string, strip: HeaderStrip, trusted: boolean): Fate {
	const canonical = canonicalName(name);
	if (isHopByHop(canonical) || neverCopied.has(canonical) || strip.names.has(canonical)) return 'drop';
	if (strip.prefixes.some((prefix) => canonical.startsWith(prefix))) return 'drop';
	if (isForwardedField(canonical, trusted)) return 'drop';
	return canonical === 'cookie' ? 'edit' : 'keep';
}

const ordinaryTarget = /^[\x21-\x7e]+$/;

/**
 * Everything between the Host line and the framing. `forwarded` and `own` hold whole lines. Values pass through octet for octet.
 * Throws when something to set is no valid field line: that is a bug, and nothing may be sent then.
 */
export function upstreamFields(
	head: RequestHead,
	edits: RequestEdits,
	trusted: boolean,
	forwarded: string,
	own?: OwnLines,
): string {
	const fates = stripFates(edits.strip);
	const kept = keptLines(head, {
		fateOf: trusted ? fates.trusted : fates.untrusted,
		alsoDropped: alsoDropped(head.connection.fields, edits.set, own),
		edited: (value) => (edits.cookies.length > 0 ? withoutCookies(value, edits.cookies) : value),
	});
	const written = edits.set.length === 0 ? '' : writtenLines(edits.set);
	return `${kept}${forwarded}${written}${own === undefined ? '' : own.text}`;
}

function alsoDropped(
	options: ReadonlySet<string>,
	set: HeaderList,
	own: OwnLines | undefined,
): readonly string[] | undefined {
	if (set.length === 0 && options.size === 0) return own?.names;
	const names: string[] = own === undefined ? [] : [...own.names];
	for (const [name] of set) names.push(ownName(name).canonical);
	return options.size === 0 ? names : [...names, ...options];
}

export interface UpstreamHead {
	/** Of the endpoint, or the client's. */
	readonly host: string;
	/** What `upstreamFields` gave. */
	readonly fields: string;
	/** Undefined: an ordinary request; else the protocols to upgrade to. */
	readonly upgrade: string | undefined;
}

/** Throws for a path or query that could not go on a wire. */
export function upstreamHead(head: RequestHead, edits: RequestEdits, { host, fields, upgrade }: UpstreamHead): string {
	const target = edits.path + edits.query;
	// What came in with a request was looked at octet by octet when its head was read.
	if (target !== head.target && !ordinaryTarget.test(target))
		throw new Error('the request target is not printable ASCII');
	let framing = '';
	if (head.framing >= 0) framing = `content-length: ${head.framing}\r\n`;
	else if (head.framing === chunked) framing = 'transfer-encoding: chunked\r\n';
	const opening = upgrade === undefined ? keptOpening(host) : openingOf(host, `Upgrade\r\nupgrade: ${upgrade}`);
	return `${head.method} ${target}${opening}${fields}${framing}\r\n`;
}

/** By host: endpoints have few, and a client's own goes to few upstreams. Bounded; a flood of names empties it. */
const openings = new Map<string, string>();
const maxOpenings = 500;

/** From the version to the Connection line, for a request that is no upgrade. */
function keptOpening(host: string): string {
	let opening = openings.get(host);
	if (opening === undefined) {
		opening = openingOf(host, 'keep-alive');
		if (openings.size >= maxOpenings) openings.clear();
		// Copied: a slice would keep the whole head of its request alive.
		openings.set(Buffer.from(host, 'latin1').toString('latin1'), opening);
	}
	return opening;
}

function openingOf(host: string, connection: string): string {
	return [' HTTP/1.1\r\nhost: ', host, '\r\nconnection: ', connection, '\r\n'].join('');
}
