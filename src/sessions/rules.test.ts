/** Properties of what decides by text alone: where a login leads, and values in pieces. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinValue, splitValue } from '#sessions/pieces';
import { createReturnTo } from '#sessions/return-to';
import { readSession } from '#sessions/session';

test('wherever a login leads, it is a path of this origin', () => {
	const returnTo = createReturnTo({ allowed: ['/**'], usual: '/home', never: new Set(['/auth/login']) });
	const odd = fc.constantFrom(
		'/',
		'\\',
		'//',
		'/\\',
		'%2f',
		'%5c',
		'..',
		'\t',
		'\r\n',
		'@',
		':',
		'evil.example',
		'?',
		'#',
		'https:',
	);
	const text = fc.oneof(
		fc.string(),
		fc.array(fc.oneof(odd, fc.string())).map((parts) => parts.join('')),
	);
	fc.assert(
		fc.property(text, (asked) => {
			for (const wanted of [asked, `/${asked}`]) {
				const target = returnTo(wanted);
				const url = new URL(`https://app.example.com${target}`);
				expect(url.origin).toBe('https://app.example.com');
				expect(new URL(target, 'https://app.example.com').origin).toBe('https://app.example.com');
				expect(target).toMatch(/^\/[\x21-\x7e]*$/);
			}
		}),
	);
});

test('a value comes back from its pieces whole, or not at all', () => {
	const value = fc.string({
		unit: fc.constantFrom('a', 'b', 'X', '0', '9', '-', '_', '.', '~'),
		minLength: 1,
		maxLength: 14_000,
	});
	fc.assert(
		fc.property(value, fc.nat(3), (text, lost) => {
			const pieces = new Map(splitValue('__Host-a', text) ?? []);
			expect(joinValue('__Host-a', (name) => pieces.get(name))).toBe(text);
			const [name] = [...pieces].filter(([, piece]) => piece !== '')[lost] ?? [];
			if (name === undefined) return;
			pieces.delete(name);
			expect(joinValue('__Host-a', (each) => pieces.get(each))).toBeUndefined();
		}),
		{ numRuns: 50 },
	);
	expect(splitValue('__Host-a', 'x'.repeat(14_401))).toBeUndefined();
});

test('what is no session is none', () => {
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
			expect(readSession('id', text)).toBeUndefined();
		}),
	);
});
