/** Replacing in content that comes in pieces: the same as in one text, wherever the pieces end, and within bounds. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostFromOnePiece, Replacement, replacingEdit } from './replace-content.ts';

/** `undefined`: refused. */
function replaced(pieces: readonly Uint8Array[], replacements: readonly Replacement[]): string | undefined {
	const editor = replacingEdit(replacements).begin();
	const made: Uint8Array[] = [];
	for (const piece of pieces) {
		// The buffer of a read is used again once it was taken.
		const read = Uint8Array.from(piece);
		const pushed = editor.push(read);
		if (pushed === undefined) return undefined;
		made.push(Uint8Array.from(pushed));
		read.fill(0);
	}
	const end = editor.end();
	return end === undefined ? undefined : Buffer.concat([...made, end]).toString();
}

/** Cut at these places. */
function cut(text: string, places: readonly number[]): readonly Uint8Array[] {
	const octets = Buffer.from(text);
	const ends = [...places.map((place) => place % (octets.length + 1)), octets.length].toSorted((a, b) => a - b);
	let from = 0;
	return ends.map((end) => {
		const piece = octets.subarray(from, end);
		from = end;
		return piece;
	});
}

test('as String.Replace of the whole text, wherever the pieces end', () => {
	// Few letters: occurrences that overlap, and beginnings of them.
	const text = (most: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '😀'), maxLength: most });
	const pair = fc.tuple(
		text(5).filter((from) => from !== ''),
		text(7),
	);
	fc.assert(
		fc.property(
			text(60),
			fc.array(pair, { maxLength: 3 }),
			fc.array(fc.nat(), { maxLength: 8 }),
			(whole, pairs, at) => {
				const expected = pairs.reduce((before, [from, to]) => before.split(from).join(to), whole);
				const replacements = pairs.map(([from, to]) => new Replacement(from, to));
				expect(replaced(cut(whole, at), replacements)).toBe(expected);
			},
		),
		{ numRuns: 2_000 },
	);
});

test('what cannot begin an occurrence goes on at once', () => {
	const editor = replacingEdit([new Replacement('needle', 'x')]).begin();
	expect(Buffer.from(editor.push(Buffer.from('data: 1\n\n')) ?? []).toString()).toBe('data: 1\n\n');
	expect(Buffer.from(editor.push(Buffer.from('data: need')) ?? []).toString()).toBe('data: ');
	expect(Buffer.from(editor.push(Buffer.from('s\n\n')) ?? []).toString()).toBe('needs\n\n');
});

test('hostile content is searched in linear time', () => {
	const from = `${'a'.repeat(4_000)}b`;
	const octets = Buffer.alloc(60_000, 'a');
	// Compared anew from each octet on, this would be 200 pieces times 60,000 octets times 4,000.
	const editor = replacingEdit([new Replacement(from, '')]).begin();
	let passed = 0;
	for (let i = 0; i < 200; i++) passed += editor.push(octets)?.length ?? 0;
	expect(passed + (editor.end()?.length ?? 0)).toBe(200 * octets.length);
});

describe('bounds', () => {
	const growing = new Replacement('a', 'a'.repeat(4_096));

	test('what one piece becomes, by one replacement or by one after the other', () => {
		expect(replaced([Buffer.alloc(256, 'a')], [growing])).toHaveLength(mostFromOnePiece);
		expect(replaced([Buffer.alloc(257, 'a')], [growing])).toBeUndefined();
		expect(replaced([Buffer.from('a')], [growing, growing])).toBeUndefined();
	});

	test('and what was held back', () => {
		const held = new Replacement(`${'a'.repeat(300)}!`, '');
		expect(replaced([Buffer.alloc(300, 'a')], [held, growing])).toBeUndefined();
	});

	test('texts that are too long, and the empty one', () => {
		expect(() => new Replacement('', 'x')).toThrow(RangeError);
		expect(() => new Replacement('ä'.repeat(2_049), 'x')).toThrow(RangeError);
		expect(() => new Replacement('x', 'a'.repeat(4_097))).toThrow(RangeError);
	});
});

test.each([
	[undefined, 'edit', 'edit'],
	['application/json', 'edit', 'edit'],
	['Application/HAL+JSON; charset=UTF-8', 'edit', 'edit'],
	['application/atom+xml;type=feed', 'edit', 'edit'],
	['text/event-stream', 'edit', 'edit'],
	['image/svg+xml', 'edit', 'edit'],
	['text/html; charset="iso-8859-1"', 'edit', 'refuse'],
	['text/html; charset=windows-1252', 'edit', 'refuse'],
	['text/html; charset=utf-16', 'refuse', 'refuse'],
	['application/json; charset=shift_jis', 'refuse', 'refuse'],
	['image/png', 'pass', 'pass'],
	['application/octet-stream; charset=utf-16', 'pass', 'pass'],
	['multipart/mixed; boundary=text/html', 'pass', 'pass'],
	['application/jsonsomething', 'pass', 'pass'],
	['image/png, text/html', 'edit', 'edit'],
] as const)('content of the type %s: %s for texts of ASCII, %s for others', (type, ascii, other) => {
	expect(replacingEdit([new Replacement('a', 'b')]).judge(type)).toBe(ascii);
	expect(replacingEdit([new Replacement('a', 'b'), new Replacement('a', 'ä')]).judge(type)).toBe(other);
});
