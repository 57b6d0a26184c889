import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeProof } from '../../test/support/dpop.ts';
import { parseDpopProof } from './dpop-proof.ts';

const made = { url: 'https://resource.example.org/protectedresource', token: 'token', now: 1_562_262_618 };

test('a proof taken apart', () => {
	const text = makeProof({ ...made, claims: { jti: 'id', nonce: 'n' } });
	expect(parseDpopProof(text)).toMatchObject({
		algorithm: 'ES256',
		jwk: { kty: 'EC', crv: 'P-256' },
		id: 'id',
		method: 'GET',
		url: made.url,
		issuedAt: 1_562_262_618,
		tokenDigest: 'PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A',
		nonce: 'n',
	});
	const without = parseDpopProof(makeProof({ ...made, claims: { ath: undefined } }));
	expect(without).toMatchObject({ tokenDigest: undefined, nonce: undefined });
});

test.each([
	['jti of 257 characters', { claims: { jti: 'x'.repeat(257) } }],
	['an ath that is no text', { claims: { ath: 5 } }],
	['a nonce that is no text', { claims: { nonce: null } }],
	['an iat that is no number', { claims: { iat: '1562262618' } }],
	['crit', { header: { crit: ['exp'], exp: 1 } }],
	['a private member', { header: { jwk: { kty: 'EC', d: 'AA' } } }],
] as const)('%s is refused', (_, parts) => {
	expect(typeof parseDpopProof(makeProof({ ...made, ...parts }))).toBe('string');
});

test('the length is bounded; other spellings, and anything else, are refused without a throw', () => {
	const text = makeProof(made);
	for (const other of [
		`${text}=`,
		` ${text}`,
		`${text}\n`,
		text.replaceAll('.', ' .'),
		text.slice(0, -1),
		`${text}.`,
	]) {
		expect(typeof parseDpopProof(other)).toBe('string');
	}
	expect(parseDpopProof(makeProof({ ...made, claims: { more: 'x'.repeat(8192) } }))).toContain('more than');
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.json()), (value) => {
			expect(typeof parseDpopProof(value)).toBe('string');
		}),
	);
});

test('whatever the members are: no throw', () => {
	fc.assert(
		fc.property(
			fc.dictionary(fc.constantFrom('jti', 'htm', 'htu', 'iat', 'ath', 'nonce'), fc.jsonValue()),
			(claims) => {
				const proof = parseDpopProof(makeProof({ ...made, claims }));
				if (typeof proof !== 'string') expect(proof.id.length).toBeGreaterThan(0);
			},
		),
	);
	fc.assert(
		fc.property(fc.dictionary(fc.constantFrom('typ', 'alg', 'jwk', 'kid', 'cty'), fc.jsonValue()), (header) => {
			parseDpopProof(makeProof({ ...made, header }));
		}),
	);
});
