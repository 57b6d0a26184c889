import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownTexts } from './known-texts.ts';

test('whatever was asked before, the text is the one that stands there', () => {
	const known = new KnownTexts();
	const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '8', '\xe9'), maxLength: 100 });
	fc.assert(
		fc.property(text, text, text, (before, wanted, behind) => {
			expect(known.at(before + wanted + behind, before.length, before.length + wanted.length)).toBe(wanted);
		}),
		{ numRuns: 3_000 },
	);
});

test('texts of one slot in turns, each more often in a row than it is waited for, are never mistaken for each other', () => {
	const known = new KnownTexts();
	// The same length, first and last character.
	for (const host of ['api.example.com', 'app.example.com', 'api.example.com']) {
		for (let turn = 0; turn < 20; turn++) expect(known.at(`Host: ${host}\r\n`, 6, 6 + host.length)).toBe(host);
	}
});
