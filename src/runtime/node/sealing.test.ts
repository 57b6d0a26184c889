import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSealing } from './sealing.ts';

const [old, current, foreign] = [randomBytes(32), randomBytes(32), randomBytes(32)];

test('whatever is sealed opens in its place, and nowhere else', () => {
	const sealing = createSealing([current]);
	fc.assert(
		fc.property(
			fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
			fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
			fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
			(text, place, elsewhere) => {
				fc.pre(JSON.stringify(place) !== JSON.stringify(elsewhere));
				const sealed = sealing.seal(text, place);
				expect(sealing.open(sealed, place)).toBe(text);
				expect(sealing.open(sealed, elsewhere)).toBeUndefined();
			},
		),
		{ numRuns: 200 },
	);
});

test('the first key seals, all of them open, and no other', () => {
	const before = createSealing([old]).seal('secret', ['a']);
	const rotated = createSealing([current, old]);
	expect(rotated.open(before, ['a'])).toBe('secret');
	const after = rotated.seal('secret', ['a']);
	expect(createSealing([current]).open(after, ['a'])).toBe('secret');
	expect(createSealing([old]).open(after, ['a'])).toBeUndefined();
	expect(createSealing([foreign]).open(before, ['a'])).toBeUndefined();
});

test('one bit altered, anywhere, and it does not open; nor does anything else, and nothing throws', () => {
	const sealing = createSealing([current]);
	const sealed = sealing.seal('a secret', ['space', 'key']);
	expect(sealing.seal('a secret', ['space', 'key'])).not.toBe(sealed);
	expect(sealed).not.toContain('secret');
	for (let i = 0; i < sealed.length; i++) {
		const other = sealed[i] === 'A' ? 'B' : 'A';
		const altered = sealed.slice(0, i) + other + sealed.slice(i + 1);
		const opened = sealing.open(altered, ['space', 'key']);
		// The last character of base64url may differ in bits that mean nothing.
		if (i < sealed.length - 1) expect(opened, `at ${i}`).toBeUndefined();
	}
	fc.assert(fc.property(fc.string(), (text) => sealing.open(text, ['space', 'key']) === undefined));
	for (let length = 0; length < sealed.length - 1; length++) {
		expect(sealing.open(sealed.slice(0, length), ['space', 'key'])).toBeUndefined();
	}
});

test('no key, or one of another length, is a bug', () => {
	expect(() => createSealing([])).toThrow('needs a key');
	expect(() => createSealing([current, randomBytes(16)])).toThrow('32 octets');
});
