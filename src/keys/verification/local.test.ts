import { createHmac, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Algorithm } from '#core/index';
import { createLocalKeySource, pemKey, secretKey } from '#keys/verification/local';
import { realCryptography as crypto } from '../../../test/support/fake-runtime.ts';
import { testKey } from '../../../test/support/sign-jws.ts';

const hmac: readonly Algorithm[] = ['HS256', 'HS384', 'HS512'];

test.each([
	[32, 'HS256'],
	[47, 'HS256'],
	[48, 'HS256 HS384'],
	[64, 'HS256 HS384 HS512'],
])('a secret of %i octets is good for %s', (length, allowed) => {
	expect([...secretKey('k'.repeat(length), crypto, hmac).algorithms].join(' ')).toBe(allowed);
});

test('a secret of 31 octets is good for nothing, and the message does not hold it', () => {
	expect(() => secretKey('k'.repeat(31), crypto, hmac)).toThrow(/^the secret is 31 octets long: HS256 needs 32[^k]*$/);
});

test('no secret verifies with an algorithm that was not asked for, or is not HS*', () => {
	const secret = 'č'.repeat(40);
	expect([...secretKey(secret, crypto, ['HS256', 'RS256', 'ES256']).algorithms]).toEqual(['HS256']);
	for (const asked of [[], ['RS256' as const], ['HS512' as const]]) {
		expect(() => secretKey('k'.repeat(40), crypto, asked)).toThrow('RFC 7518');
	}
	for (const empty of ['', ' '.repeat(64), '\n\t'.repeat(40)])
		expect(() => secretKey(empty, crypto, hmac)).toThrow('the secret');
});

test('the octets of a secret are its UTF-8', async () => {
	const secret = 'č'.repeat(16);
	const key = secretKey(secret, crypto, hmac);
	const input = Buffer.from('a.b');
	expect(await key.public.verify('HS256', input, createHmac('sha256', secret).update(input).digest())).toBe(true);
});

test('a secret or a PEM serves tokens with any kid; unknown algorithms stay refused', async () => {
	const source = createLocalKeySource([pemKey(testKey('RS256').pem, crypto)]);
	await source.start();
	expect(source.candidates('RS256', 'any', 0)).toHaveLength(1);
	expect(source.candidates('RS256', undefined, 0)).toHaveLength(1);
	expect(source.candidates('ES256', 'any', 0)).toEqual([]);
	expect(source.candidates('HS256', undefined, 0)).toBe('unknown');
	expect(source.status()).toMatchObject({ state: 'ready', kids: [undefined], lastError: undefined });
	await source.refresh();
	source.stop();
	expect(source.candidates('RS256', 'any', Number.MAX_VALUE)).toHaveLength(1);
});

test('without a key nothing passes', () => {
	const source = createLocalKeySource([]);
	expect(source.candidates('RS256', undefined, 0)).toBe('unavailable');
	expect(source.status().state).toBe('unavailable');
});

test('a weak key in a PEM is an error that says why', () => {
	const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
	expect(() => pemKey(publicKey.export({ type: 'spki', format: 'pem' }).toString(), crypto)).toThrow('1024 bits');
});
