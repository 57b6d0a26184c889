import fc from 'fast-check';
import { expect, test } from 'vitest';
import { looksLikeCompactJwe, parseCompactJwe } from './compact-jwe.ts';

const b64 = (value: unknown) =>
	Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const octets = (length: number) => Buffer.alloc(length, 7).toString('base64url');

const good = { alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: 'one' };

function jwe(header: unknown, parts: { key?: string; iv?: string; text?: string; tag?: string } = {}): string {
	const { key = octets(256), iv = octets(12), text = octets(40), tag = octets(16) } = parts;
	return [b64(header), key, iv, text, tag].join('.');
}

test('takes a nested JWT apart', () => {
	expect(parseCompactJwe(jwe(good))).toEqual({ algorithm: 'RSA-OAEP-256', encryption: 'A256GCM', kid: 'one' });
});

test.each([['JWT'], ['jwt'], ['application/jwt'], ['at+jwt'], ['application/at+jwt']])(
	'cty %s is a signed JWT',
	(cty) => {
		expect(parseCompactJwe(jwe({ ...good, cty }))).not.toHaveProperty('fault');
	},
);

test.each([
	['a sixth segment', `${jwe(good)}.`],
	['four segments', jwe(good).split('.').slice(0, 4).join('.')],
	['padding', jwe(good, { iv: `${octets(12)}=` })],
	['a header that is no object', jwe([good])],
	['a header that repeats a member', jwe('{"alg":"dir","alg":"RSA-OAEP","enc":"A256GCM","cty":"JWT"}')],
	['no alg', jwe({ ...good, alg: undefined })],
	['no enc', jwe({ ...good, enc: undefined })],
	['a kid that is a number', jwe({ ...good, kid: 1 })],
	['zip', jwe({ ...good, zip: 'DEF' })],
	['crit', jwe({ ...good, crit: ['exp'], exp: 1 })],
	['b64', jwe({ ...good, b64: false })],
	['no cty', jwe({ ...good, cty: undefined })],
	['another cty', jwe({ ...good, cty: 'json' })],
	['no encrypted key', jwe(good, { key: '' })],
	['an encrypted key beside dir', jwe({ ...good, alg: 'dir' })],
	['no ephemeral key', jwe({ ...good, alg: 'ECDH-ES' }, { key: '' })],
	['a private ephemeral key', jwe({ ...good, alg: 'ECDH-ES', epk: { kty: 'EC', d: 'AA' } }, { key: '' })],
	['apu that is no base64url', jwe({ ...good, alg: 'ECDH-ES', epk: { kty: 'EC' }, apu: '=' }, { key: '' })],
	['a short iv', jwe(good, { iv: octets(11) })],
	['a tag of four octets', jwe(good, { tag: octets(4) })],
	['an iv of GCM with CBC', jwe({ ...good, enc: 'A128CBC-HS256' })],
	['half the tag of CBC', jwe({ ...good, enc: 'A256CBC-HS512' }, { iv: octets(16) })],
	['no ciphertext', jwe(good, { text: '' })],
	['a key wrapped with a cut tag', jwe({ ...good, alg: 'A256GCMKW', iv: octets(12), tag: octets(12) })],
])('refuses %s for its form', (_, token) => {
	expect(parseCompactJwe(token)).toMatchObject({ kind: 'form' });
});

test.each([['RSA1_5'], ['PBES2-HS256+A128KW'], ['RSA-OAEP-512'], ['none'], ['__proto__']])(
	'refuses alg %s before any work',
	(alg) => {
		expect(parseCompactJwe(jwe({ ...good, alg, p2c: 2_147_483_647, p2s: 'AAAA' }))).toMatchObject({
			kind: 'algorithm',
		});
	},
);

test('refuses an enc that is not in the list', () => {
	expect(parseCompactJwe(jwe({ ...good, enc: 'A192GCM' }))).toMatchObject({ kind: 'algorithm' });
});

test('tells its shape by five segments and an object', () => {
	expect(looksLikeCompactJwe('eyJh.b.c.d.e')).toBe(true);
	for (const token of ['eyJh.b.c', 'eyJh.b.c.d', 'eyJh.b.c.d.e.f', 'a.b.c.d.e', '']) {
		expect(looksLikeCompactJwe(token)).toBe(false);
	}
});

test('never throws, and words no part of the token', () => {
	fc.assert(
		fc.property(
			fc
				.record({}, { requiredKeys: [] })
				.chain(() =>
					fc.dictionary(
						fc.constantFrom('alg', 'enc', 'cty', 'zip', 'epk', 'iv', 'tag', 'kid'),
						fc.oneof(fc.jsonValue(), fc.constantFrom('dir', 'A256GCM', 'JWT', 'ECDH-ES', 'A256GCMKW')),
					),
				),
			fc.array(
				fc.base64String().map((text) => text.replaceAll(/[+/=]/g, '')),
				{ minLength: 4, maxLength: 4 },
			),
			(header, rest) => {
				const result = parseCompactJwe([b64(header), ...rest].join('.'));
				const words = 'fault' in result ? result.fault : '';
				for (const part of rest) if (part.length > 12) expect(words).not.toContain(part);
			},
		),
	);
	fc.assert(
		fc.property(fc.string(), (text) => {
			parseCompactJwe(text);
		}),
	);
});
