/**
 * A request head (RFC 9112 §3, §5): read once, strictly, and then the request as the decision sees it. Whatever node's
 * own strict parser would not take is not taken here either.
 */
import type { ClientCertificate, HeaderList, Reason, RequestView } from '#core/index';
import type { Peer } from '../peer.ts';
import { type ConnectionOptions, connectionOptions } from './connection-options.ts';
import {
	type FieldLines,
	incomplete,
	joinedValues,
	malformed,
	nameAt,
	placeOf,
	scanFieldLines,
	tooMany,
	valueAt,
} from './field-lines.ts';
import { ambiguous, chunked, type Framing, framingOf } from './framing.ts';
import { KnownTexts } from './known-texts.ts';
import { isKnownMethod, methodOf } from './methods.ts';
import { CR, isTargetOctet, isTokenOctet, LF, SP } from './octets.ts';

export interface HeadLimits {
	/** Bytes from the request line to the empty line. */
	readonly headers: number;
	/** Field lines. */
	readonly headerCount: number;
}

/** Absolute form: no userinfo, an authority of host characters. What the host may be is judged with the route. */
const absoluteForm = /^https?:\/\/[A-Za-z0-9._:[\]-]+(?:[/?]|$)/i;

/** Few on a gateway, and each request names one. */
const hosts = new KnownTexts();

export class RequestHead implements RequestView, FieldLines {
	readonly method: string;
	readonly target: string;
	readonly scheme: 'http' | 'https';
	readonly host: string;
	readonly peer: string;
	readonly serverName: string | undefined;
	readonly text: string;
	readonly places: readonly number[];
	readonly end: number;
	/** Of HTTP/1.x. */
	readonly minor: number;
	readonly framing: Framing;
	readonly connection: ConnectionOptions;
	/** The connection it came on. */
	readonly from: Peer;

	constructor(text: string, methodEnd: number, targetEnd: number, places: readonly number[], peer: Peer) {
		this.text = text;
		this.places = places;
		this.end = text.length - 2;
		this.method = methodOf(text, methodEnd);
		this.target = text.slice(methodEnd + 1, targetEnd);
		this.minor = text.charCodeAt(targetEnd + 8) - 0x30;
		this.from = peer;
		this.scheme = peer.scheme;
		this.peer = peer.address;
		this.serverName = peer.serverName;
		const host = placeOf(this, 'host');
		this.host = host < 0 ? '' : hosts.at(text, places[host + 2] ?? 0, places[host + 3] ?? 0);
		this.framing = framingOf(this);
		this.connection = connectionOptions(this);
	}

	/** Also true of ambiguous framing: then nobody knows where the body ends. */
	get hasBody(): boolean {
		return this.framing > 0 || this.framing <= chunked;
	}

	/** The client waits for `100 Continue` before it sends its body (RFC 9110 §10.1.1). */
	get expectsContinue(): boolean {
		if (this.minor === 0 || !this.hasBody) return false;
		return this.header('expect')?.toLowerCase() === '100-continue';
	}

	get clientCertificate(): ClientCertificate | undefined {
		return this.from.clientCertificate;
	}

	headerCount(name: string): number {
		let count = 0;
		for (let place = placeOf(this, name); place >= 0; place = placeOf(this, name, place + 4)) count += 1;
		return count;
	}

	header(name: string): string | undefined {
		const place = placeOf(this, name);
		return place < 0 ? undefined : valueAt(this, place);
	}

	fields(): HeaderList {
		const lines: [string, string][] = [];
		for (let place = 0; place < this.places.length; place += 4) lines.push([nameAt(this, place), valueAt(this, place)]);
		return lines;
	}

	/** All values of this lower-case name as one list. */
	joined(name: string): string | undefined {
		return joinedValues(this, name);
	}

	/** What is wrong with a head whose every octet is right; undefined: nothing. */
	problem(): Reason | undefined {
		const { method, target, minor } = this;
		if (!isKnownMethod(method)) return 'request_malformed';
		const host = placeOf(this, 'host');
		if (host < 0 ? minor === 1 : placeOf(this, 'host', host + 4) >= 0) return 'request_malformed';
		// RFC 9112 §6.1: a Transfer-Encoding in HTTP/1.0 is faulty framing.
		if (this.framing === ambiguous || (this.framing === chunked && minor === 0)) return 'request_malformed';
		if (method === 'CONNECT' || method === 'TRACE') return 'method_not_allowed';
		if (target.charCodeAt(0) === 0x2f || target === '*' || absoluteForm.test(target)) return undefined;
		return 'request_malformed';
	}
}

/**
 * The head that begins at `from`; or the reason to refuse it; or undefined when the bytes end before the head does.
 * Refuses as soon as it can be told. Not judged: what `problem` judges.
 */
export function readRequestHead(
	bytes: Buffer,
	from: number,
	limits: HeadLimits,
	peer: Peer,
): RequestHead | Reason | undefined {
	const to = Math.min(bytes.length, from + limits.headers);
	const more = to < bytes.length || bytes.length - from === limits.headers ? 'headers_too_large' : undefined;
	let at = from;
	while (at < to && isTokenOctet[bytes[at] ?? 0] === 1) at += 1;
	if (at === to) return more;
	if (at === from || bytes[at] !== SP) return 'request_malformed';
	const methodEnd = at;
	at += 1;
	while (at < to && isTargetOctet[bytes[at] ?? 0] === 1) at += 1;
	if (at === to) return more;
	if (at === methodEnd + 1 || bytes[at] !== SP) return 'request_malformed';
	const targetEnd = at;
	const version = versionAt(bytes, at + 1, to);
	if (version !== 1) return version === 0 ? more : 'request_malformed';
	const places: number[] = [];
	const end = scanFieldLines(bytes, at + 11, to, from, limits.headerCount, places);
	if (end === incomplete) return more;
	if (end === malformed) return 'request_malformed';
	if (end === tooMany) return 'headers_too_large';
	return new RequestHead(bytes.toString('latin1', from, end), methodEnd - from, targetEnd - from, places, peer);
}

const versions = [Buffer.from('HTTP/1.1\r\n'), Buffer.from('HTTP/1.0\r\n')];

/** 1: `HTTP/1.1` or `HTTP/1.0` and a line end stand at `at`; 0: they may, once there are more bytes; -1: something else. */
function versionAt(bytes: Buffer, at: number, to: number): number {
	const length = Math.min(to - at, 10);
	for (const version of versions) {
		let same = 0;
		while (same < length && bytes[at + same] === version[same]) same += 1;
		if (same === length) return length === 10 ? 1 : 0;
	}
	return -1;
}

/** Position of the first byte that is not part of an empty line; a server skips those (RFC 9112 §2.2). */
export function skipEmptyLines(bytes: Uint8Array, from: number): number {
	let at = from;
	while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
	return at;
}
