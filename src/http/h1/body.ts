/**
 * Message bodies as they pass (RFC 9112 §6, §7): each read of a socket is checked in place, and what may travel on is a
 * stretch of those same bytes. Nothing is copied; nothing is collected.
 */
import { chunked as chunkedFraming, type Framing } from './framing.ts';
import { COLON, CR, HTAB, hexValue, isTokenOctet, isValueOctet, LF, SP } from './octets.ts';

/** A part of a body that may travel on: `start`–`end` of the bytes that come with it. */
export interface Stretch {
	readonly start: number;
	readonly end: number;
	/** To be written before the stretch: a chunk-size line that came in two reads. */
	readonly prefix: string;
	/** Stretches of content alone, without its framing: start, end, … Only of the last `take`. */
	readonly content: readonly number[];
	/** Bytes of content so far. */
	readonly received: number;
	readonly isComplete: boolean;
	/** To be written after the stretch: what says that it was the last. */
	readonly suffix: string;
}

/** A body that is being read. After each `take` it is the stretch of the same bytes that may travel on. */
export interface Body extends Stretch {
	/** Reads from `from`; gives the position after the last byte that belongs to the body, or -1 when it is malformed. */
	take(bytes: Uint8Array, from: number): number;
}

/** For framing that is not ambiguous; a body that ends with its connection is `untilClose`. */
export function bodyOf(framing: Framing): Body {
	return framing === chunkedFraming ? new ChunkedBody() : new CountedBody(Math.max(framing, 0));
}

export class CountedBody implements Body {
	readonly prefix = '';
	readonly suffix = '';
	start = 0;
	end = 0;
	received = 0;
	#left: number;

	constructor(length: number) {
		this.#left = length;
	}

	get isComplete(): boolean {
		return this.#left === 0;
	}

	get content(): readonly number[] {
		return [this.start, this.end];
	}

	take(bytes: Uint8Array, from: number): number {
		const end = Math.min(bytes.length, from + this.#left);
		this.start = from;
		this.end = end;
		this.#left -= end - from;
		this.received += end - from;
		return end;
	}
}

/** A body that ends with its connection; complete once somebody says so. */
export class UntilClose implements Body {
	readonly prefix = '';
	readonly suffix = '';
	start = 0;
	end = 0;
	received = 0;
	isComplete = false;

	get content(): readonly number[] {
		return [this.start, this.end];
	}

	take(bytes: Uint8Array, from: number): number {
		this.start = from;
		this.end = bytes.length;
		this.received += this.end - from;
		return this.end;
	}

	ended(): void {
		this.isComplete = true;
	}
}

/** Hexadecimal digits of a chunk size: 2^48 bytes, exact as a number. */
const maxSizeDigits = 12;
/** Bytes of all trailer fields. */
export const maxTrailer = 16 * 1024;

/** Trailer fields that say where a message ends or goes: whoever merges trailers into the head would read another one. */
const refusedTrailers: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'host']);
const longestRefused = 'transfer-encoding'.length;

type Stage = 'size' | 'size end' | 'data' | 'data CR' | 'data LF' | 'line' | 'name' | 'value' | 'value LF' | 'last LF';

/**
 * Chunked (RFC 9112 §7.1): sizes of plain hexadecimal digits, CRLF everywhere, no extensions. Chunks travel on as they
 * came; the last one and the trailers behind it never do, so that a body that breaks cannot look whole.
 */
export class ChunkedBody implements Body {
	prefix = '';
	start = 0;
	end = 0;
	received = 0;
	isComplete = false;
	content: number[] = [];
	#stage: Stage = 'size';
	#size = 0;
	#digits = 0;
	#trailer = 0;
	#trailerName = '';

	get suffix(): string {
		return this.isComplete ? '0\r\n\r\n' : '';
	}

	take(bytes: Uint8Array, from: number): number {
		const to = bytes.length;
		let at = from;
		this.prefix = '';
		this.content = [];
		this.start = from;
		this.end = from;
		/** Where the size line that is being read began; before `from` when it came in two reads. */
		let line = this.#digits > 0 ? from - 1 : from;
		while (at < to) {
			const octet = bytes[at] ?? 0;
			switch (this.#stage) {
				case 'size': {
					const digit = hexValue[octet] ?? 255;
					if (digit !== 255) {
						this.#digits += 1;
						if (this.#digits > maxSizeDigits) return -1;
						this.#size = this.#size * 16 + digit;
					} else if (octet === CR && this.#digits > 0) this.#stage = 'size end';
					else return -1;
					at += 1;
					break;
				}
				case 'size end':
					if (octet !== LF) return -1;
					at += 1;
					this.#digits = 0;
					if (this.#size === 0) this.#stage = 'line';
					else {
						this.#stage = 'data';
						if (line < from) {
							this.prefix = `${this.#size.toString(16)}\r\n`;
							this.start = at;
						}
						this.end = at;
					}
					break;
				case 'data': {
					const end = Math.min(to, at + this.#size);
					this.content.push(at, end);
					this.#size -= end - at;
					this.received += end - at;
					at = end;
					this.end = end;
					if (this.#size === 0) this.#stage = 'data CR';
					break;
				}
				case 'data CR':
					if (octet !== CR) return -1;
					this.#stage = 'data LF';
					at += 1;
					this.end = at;
					break;
				case 'data LF':
					if (octet !== LF) return -1;
					this.#stage = 'size';
					at += 1;
					this.end = at;
					line = at;
					break;
				default: {
					this.#trailer += 1;
					if (this.#trailer > maxTrailer || !this.#trailerOctet(octet)) return -1;
					at += 1;
					if (this.isComplete) return at;
				}
			}
		}
		return at;
	}

	/** Trailer fields are held to the grammar and dropped: none of them may become a field (RFC 9110 §6.5.1). */
	#trailerOctet(octet: number): boolean {
		switch (this.#stage) {
			case 'line':
				if (octet === CR) this.#stage = 'last LF';
				else if (isTokenOctet[octet] === 1) this.#stage = 'name';
				else return false;
				this.#trailerName = String.fromCharCode(octet);
				return true;
			case 'name':
				if (octet === COLON) {
					this.#stage = 'value';
					return !refusedTrailers.has(this.#trailerName.toLowerCase());
				}
				if (this.#trailerName.length <= longestRefused) this.#trailerName += String.fromCharCode(octet);
				return isTokenOctet[octet] === 1;
			case 'value':
				if (octet === CR) this.#stage = 'value LF';
				else return isValueOctet[octet] === 1 || octet === SP || octet === HTAB;
				return true;
			case 'value LF':
				this.#stage = 'line';
				return octet === LF;
			default:
				this.isComplete = octet === LF;
				return this.isComplete;
		}
	}
}
