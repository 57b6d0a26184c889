import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '#core/index';
import { thumbprintInput } from './thumbprint.ts';

/** RFC 7638 §3.1. */
const rsaModulus =
	'0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
	'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI' +
	'SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';

test('RFC 7638 §3.1: an RSA key', () => {
	const input = thumbprintInput({ kty: 'RSA', n: rsaModulus, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' });
	expect(input).toBe(`{"e":"AQAB","kty":"RSA","n":"${rsaModulus}"}`);
	expect(sha256(input)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

test('RFC 8037 appendix A.3: an Ed25519 key', () => {
	const input = thumbprintInput({ crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kty: 'OKP' });
	expect(sha256(input)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});

test.each<[JsonObject, string]>([
	[{ kty: 'EC', y: 'b', x: 'a', crv: 'P-256', d: 'secret' }, '{"crv":"P-256","kty":"EC","x":"a","y":"b"}'],
	[{ kty: 'oct', k: 'c2VjcmV0', use: 'sig' }, '{"k":"c2VjcmV0","kty":"oct"}'],
])('%j', (jwk, input) => {
	expect(thumbprintInput(jwk)).toBe(input);
});

test.each<JsonObject>([
	{},
	{ kty: 'RSA', n: 'a' },
	{ kty: 'RSA', n: 1, e: 'AQAB' },
	{ kty: 'rsa', n: 'a', e: 'AQAB' },
	{ kty: 'EC', crv: 'P-256', x: 'a' },
	{ kty: ['RSA'], n: 'a', e: 'AQAB' },
	{ kty: '__proto__' },
])('%j has none', (jwk) => {
	expect(thumbprintInput(jwk)).toBeUndefined();
});

test('members that are not required, and their order, change nothing', () => {
	fc.assert(
		fc.property(fc.string(), fc.string(), fc.dictionary(fc.string(), fc.string()), (n, e, others) => {
			const jwk = { ...others, e, n, kty: 'RSA' };
			expect(JSON.parse(thumbprintInput(jwk) ?? '')).toEqual({ e, kty: 'RSA', n });
		}),
	);
});

function sha256(text: string | undefined): string {
	return createHash('sha256')
		.update(text ?? '')
		.digest('base64url');
}
