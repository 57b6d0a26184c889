/** A response head of an upstream (RFC 9112 §4, §5), read as strictly as a request's. */

import { joined } from '../wire.ts';
import { type ConnectionOptions, connectionOptions } from './connection-options.ts';
import { type FieldLines, incomplete, malformed, scanFieldLines, tooMany } from './field-lines.ts';
import { ambiguous, chunked, type Framing, framingOf } from './framing.ts';
import { CR, isValueOctet, LF, SP } from './octets.ts';

/** Bytes of a response head. */
export const maxResponseHead = 64 * 1024;
export const maxResponseLines = 1_000;

export class ResponseHead implements FieldLines {
	readonly status: number;
	/** Of HTTP/1.x. */
	readonly minor: number;
	/** The head, and behind it whatever came with it as far as that is short. */
	readonly text: string;
	/** Octets of the head. */
	readonly length: number;
	readonly places: readonly number[];
	readonly end: number;
	readonly framing: Framing;
	readonly connection: ConnectionOptions;

	constructor(text: string, length: number, status: number, minor: number, places: readonly number[]) {
		this.text = text;
		this.length = length;
		this.status = status;
		this.minor = minor;
		this.places = places;
		this.end = length - 2;
		this.framing = framingOf(this);
		this.connection = connectionOptions(this);
	}

	/** Whether nobody could say for certain where the body ends, or whether a final response follows an interim one. */
	get isAmbiguous(): boolean {
		if (this.status < 200 && this.status !== 101 && (this.connection.close || this.minor === 0)) return true;
		return this.framing === ambiguous || (this.framing === chunked && this.minor === 0);
	}
}

const start = Buffer.from('HTTP/1.');

/** The head at `from`; undefined while it is incomplete; `malformed` for anything else. */
export function readResponseHead(bytes: Buffer, from: number): ResponseHead | 'malformed' | undefined {
	const to = Math.min(bytes.length, from + maxResponseHead);
	const more = to < bytes.length || to - from === maxResponseHead ? 'malformed' : undefined;
	const known = Math.min(to - from, start.length);
	for (let index = 0; index < known; index++) if (bytes[from + index] !== start[index]) return 'malformed';
	if (to - from < 13) return more;
	const minor = (bytes[from + 7] ?? 0) - 0x30;
	const [first = 0, second = 0, third = 0] = [bytes[from + 9], bytes[from + 10], bytes[from + 11]];
	if ((minor !== 0 && minor !== 1) || bytes[from + 8] !== SP) return 'malformed';
	if (first < 0x31 || first > 0x35 || !isDigit(second) || !isDigit(third)) return 'malformed';
	let at = from + 12;
	// Some servers leave out the blank of an empty reason phrase.
	if (bytes[at] !== SP && bytes[at] !== CR) return 'malformed';
	while (at < to && isValueOctet[bytes[at] ?? 0] === 1) at += 1;
	if (at + 1 >= to) return at < to && bytes[at] !== CR ? 'malformed' : more;
	if (bytes[at] !== CR || bytes[at + 1] !== LF) return 'malformed';
	const places: number[] = [];
	const end = scanFieldLines(bytes, at + 2, to, from, maxResponseLines, places);
	if (end === incomplete) return more;
	if (end === malformed || end === tooMany) return 'malformed';
	const status = (first - 0x30) * 100 + (second - 0x30) * 10 + (third - 0x30);
	// Most answers are short and come whole: one text of it all costs less than one of the head and one of the rest.
	const until = bytes.length - from <= joined ? bytes.length : end;
	return new ResponseHead(bytes.toString('latin1', from, until), end - from, status, minor, places);
}

function isDigit(octet: number): boolean {
	return octet >= 0x30 && octet <= 0x39;
}
