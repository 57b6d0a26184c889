/**
 * A value that is too long for one cookie, in several: the first says how many there are. What is missing, or left over
 * from a longer one before, makes no other value but none: the whole is sealed.
 */
import { mostPieces, pieceLength, pieceName } from './cookie-names.ts';

/** Undefined for what is too long for all of them. */
export function splitValue(
	cookie: string,
	value: string,
): readonly (readonly [name: string, value: string])[] | undefined {
	const count = Math.max(1, Math.ceil(value.length / pieceLength));
	if (count > mostPieces) return undefined;
	return Array.from({ length: mostPieces }, (_, index): readonly [string, string] => {
		const piece = value.slice(index * pieceLength, (index + 1) * pieceLength);
		return [pieceName(cookie, index), index === 0 ? `${count}~${piece}` : piece];
	});
}

/** `read`: the only value of a cookie of this name; undefined where there is none, or more than one. */
export function joinValue(cookie: string, read: (name: string) => string | undefined): string | undefined {
	const [, digit, first] = /^([1-9])~([^]+)$/.exec(read(cookie) ?? '') ?? [];
	const count = Number(digit);
	if (first === undefined || !(count <= mostPieces)) return undefined;
	let value = first;
	for (let index = 1; index < count; index++) {
		const piece = read(pieceName(cookie, index));
		if (piece === undefined || piece === '') return undefined;
		value += piece;
	}
	return value;
}
