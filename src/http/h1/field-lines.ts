/**
 * The field lines of one head (RFC 9112 §5): checked octet by octet as they come, then kept as one text and the places
 * of names and values in it. No map is made; whoever looks for a field compares lengths first.
 */

import { endOfValue } from './end-of-value.ts';
import { COLON, CR, HTAB, isTokenOctet, LF, SP } from './octets.ts';

/** The bytes end before the head does. */
export const incomplete = -1;
/** No field lines in the strict sense: bare CR or LF, obs-fold, a space before the colon, an octet that must not be. */
export const malformed = -2;
/** More lines than allowed. */
export const tooMany = -3;

/**
 * Reads field lines and the empty line behind them from `bytes` between `from` and `to`. Gives the position after the
 * empty line, or one of the three codes above. Appends four numbers a line to `places`: start and end of the name, start
 * and end of the value without the white space around it, all relative to `base`. Linear; keeps nothing of `bytes`.
 */
export function scanFieldLines(
	bytes: Uint8Array,
	from: number,
	to: number,
	base: number,
	maxLines: number,
	places: number[],
): number {
	let at = from;
	const most = maxLines * 4;
	for (;;) {
		const nameStart = at;
		while (at < to && isTokenOctet[bytes[at] ?? 0] === 1) at += 1;
		if (at === to) return incomplete;
		if (at === nameStart) {
			if (bytes[at] !== CR) return malformed;
			if (at + 1 === to) return incomplete;
			return bytes[at + 1] === LF ? at + 2 : malformed;
		}
		if (bytes[at] !== COLON) return malformed;
		if (places.length >= most) return tooMany;
		const nameEnd = at;
		at += 1;
		while (at < to && (bytes[at] === SP || bytes[at] === HTAB)) at += 1;
		const valueStart = at;
		at = endOfValue(bytes, at, to);
		if (at === to) return incomplete;
		if (bytes[at] !== CR) return malformed;
		if (at + 1 === to) return incomplete;
		if (bytes[at + 1] !== LF) return malformed;
		let valueEnd = at;
		while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd -= 1;
		places.push(nameStart - base, nameEnd - base, valueStart - base, valueEnd - base);
		at += 2;
	}
}

/** One head as text (latin1: each char one octet) with the places that `scanFieldLines` gave. */
export interface FieldLines {
	readonly text: string;
	readonly places: readonly number[];
	/** Where the empty line begins in `text`. */
	readonly end: number;
}

/** Whether `text` at `start` reads `lower` in any case of ASCII letters. `lower` is lower-case. */
export function readsAt(text: string, start: number, lower: string): boolean {
	for (let index = 0; index < lower.length; index++) {
		let code = text.charCodeAt(start + index);
		if (code >= 0x41 && code <= 0x5a) code |= 0x20;
		if (code !== lower.charCodeAt(index)) return false;
	}
	return true;
}

/** Place of the first line with this lower-case name at or after the place `from`; -1: none. */
export function placeOf({ text, places }: FieldLines, name: string, from = 0): number {
	const { length } = name;
	for (let place = from; place < places.length; place += 4) {
		const start = places[place] ?? 0;
		if ((places[place + 1] ?? 0) - start === length && readsAt(text, start, name)) return place;
	}
	return -1;
}

/** Value of the line at this place. */
export function valueAt({ text, places }: FieldLines, place: number): string {
	return text.slice(places[place + 2], places[place + 3]);
}

/** Name of the line at this place, as received. */
export function nameAt({ text, places }: FieldLines, place: number): string {
	return text.slice(places[place], places[place + 1]);
}

/** Values of all lines with this lower-case name, joined as a list (RFC 9110 §5.3), empty ones left out; undefined without any. */
export function joinedValues(lines: FieldLines, name: string): string | undefined {
	let joined: string | undefined;
	for (let place = placeOf(lines, name); place >= 0; place = placeOf(lines, name, place + 4)) {
		const value = valueAt(lines, place);
		if (value !== '') joined = joined === undefined ? value : `${joined}, ${value}`;
	}
	return joined;
}
