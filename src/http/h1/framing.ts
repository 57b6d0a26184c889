/**
 * How long a message body is (RFC 9112 §6.3), on the strict side: whatever two parsers could read in two ways is
 * refused here.
 */
import { type FieldLines, placeOf, valueAt } from './field-lines.ts';

/** Content-Length in bytes, or one of the three below. */
export type Framing = number;
export const noFraming = -1;
export const chunked = -2;
/** A repeated or odd Content-Length, a Transfer-Encoding other than exactly `chunked`, or both at once. */
export const ambiguous = -3;

/** 15 digits stay exact as a number; a longer body does not exist. */
const digits = /^[0-9]{1,15}$/;

/** The framing that these field lines declare. */
export function framingOf(lines: FieldLines): Framing {
	const length = placeOf(lines, 'content-length');
	const coding = placeOf(lines, 'transfer-encoding');
	if (length < 0 && coding < 0) return noFraming;
	if (length >= 0 && coding >= 0) return ambiguous;
	if (coding >= 0) {
		if (placeOf(lines, 'transfer-encoding', coding + 4) >= 0) return ambiguous;
		return valueAt(lines, coding).toLowerCase() === 'chunked' && !endsInTab(lines, coding) ? chunked : ambiguous;
	}
	if (placeOf(lines, 'content-length', length + 4) >= 0) return ambiguous;
	const value = valueAt(lines, length);
	return digits.test(value) ? Number(value) : ambiguous;
}

/** Right by the grammar (RFC 9110 §5.6.3), and another coding than `chunked` to parsers that take blanks off only. */
function endsInTab({ text, places }: FieldLines, place: number): boolean {
	const end = places[place + 3] ?? 0;
	return text.slice(end, text.indexOf('\r', end)).includes('\t');
}
