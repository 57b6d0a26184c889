import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJsonObject } from '#core/index';
import { readRevocationRequest } from './read-request.ts';

const now = Date.UTC(2026, 0, 1) / 1000;

test('what is asked for, in each of its forms', () => {
	const provider = 'idp';
	expect(readRevocationRequest({ subject: 'alice', provider, issued_before: 'now', until: '1h' }, now)).toEqual({
		kind: 'subject',
		value: 'alice',
		issuer: undefined,
		provider,
		issuedBefore: now,
		until: now + 3600,
		note: undefined,
	});
	expect(readRevocationRequest({ kid: 'k1', issuer: 'https://idp/', note: 'leaked' }, now)).toMatchObject({
		kind: 'key',
		value: 'k1',
		note: 'leaked',
	});
	expect(
		readRevocationRequest({ provider, issued_before: '10m', until: '2026-01-01T02:00:00+01:00' }, now),
	).toMatchObject({ kind: 'issuer', value: '', issuedBefore: now - 600, until: now + 3600 });
	expect(readRevocationRequest({ session: 's', until: now + 5 }, now)).toMatchObject({
		kind: 'session',
		until: now + 5,
	});
});

test.each([
	[{}],
	[{ subject: '' }],
	[{ subject: 7 }],
	[{ subject: 'a'.repeat(513) }],
	[{ subject: '\ud800' }],
	[{ subject: 'a', client: 'b' }],
	[{ subject: 'a', issuer: 'i', provider: 'p' }],
	[{ subjct: 'a' }],
	[{ digest: 'abc' }],
	[{ subject: 'a', until: 'yesterday' }],
	[{ subject: 'a', until: now }],
	[{ subject: 'a', until: '400d' }],
	[{ subject: 'a', until: '2026-01-01' }],
	[{ subject: 'a', issued_before: {} }],
	[{ subject: 'a', issued_before: -5 }],
])('%j is refused in words', (data) => {
	expect(readRevocationRequest(data, now)).toBeTypeOf('string');
});

test('never throws, never repeats a value', () => {
	fc.assert(
		fc.property(fc.dictionary(fc.constantFrom('subject', 'jti', 'until', 'issuer', 'x'), fc.jsonValue()), (data) => {
			const plain: unknown = JSON.parse(JSON.stringify({ ...data, note: 'canary-value' }));
			if (!isJsonObject(plain)) throw new Error('no object');
			const read = readRevocationRequest(plain, now);
			if (typeof read === 'string') expect(read).not.toContain('canary-value');
		}),
	);
});
