import { expect, test } from 'vitest';
import { Canaries } from './canaries.ts';

const token = `${'h'.repeat(20)}.payload-of-the-token.signature-of-the-token`;

test('a part of a token is found in any place, whatever is around it; its header is none', () => {
	const canaries = new Canaries();
	canaries.plantToken(token);
	canaries.plantToken('an-opaque-token-of-a-client');
	let seen: string[] = ['h'.repeat(20), 'payload', 'an-opaque-token'];
	canaries.watch('upstream', true, () => seen);
	canaries.watch('log', false, () => seen);
	expect(canaries.leaks()).toEqual([]);
	for (const text of ['x-debug: "payload-of-the-token"', '?t=signature-of-the-token&', 'an-opaque-token-of-a-client']) {
		seen = [text];
		expect(canaries.leaks(), text).toHaveLength(2);
	}
	canaries.letThrough('an-opaque-token-of-a-client');
	expect(canaries.leaks()).toEqual(['a token in log: an-opaque-to…']);
});

test('secrets of a configuration and of its files; an upstream may see its own', () => {
	const canaries = new Canaries();
	const pem = `-----BEGIN PRIVATE KEY-----\n${'k'.repeat(64)}\n-----END PRIVATE KEY-----\n`;
	canaries.plantSecrets(
		{
			providers: { idp: { client: { secret: ['a-secret-of-the-client', 'another-secret-of-it'] } } },
			routes: [
				{
					backend_token: { value: 'a-key-for-the-service' },
					claims_to_headers: { x: { value: 'a-constant-that-travels' } },
				},
			],
		},
		{ 'key.pem': pem },
	);
	let seen = 'a-key-for-the-service';
	canaries.watch('upstream', true, () => [seen]);
	expect(canaries.leaks()).toEqual([]);
	canaries.watch('log', false, () => [seen]);
	expect(canaries.leaks()).toHaveLength(1);
	for (const secret of ['a-secret-of-the-client', 'another-secret-of-it', 'k'.repeat(64)]) {
		seen = `${secret}!`;
		expect(canaries.leaks(), secret).toHaveLength(2);
	}
	seen = 'a-constant-that-travels';
	expect(canaries.leaks()).toEqual([]);
});

test('another test file begins with nothing planted and nobody watched', () => {
	const canaries = new Canaries();
	canaries.plantToken('an-opaque-token-of-a-client');
	canaries.watch('log', false, () => ['an-opaque-token-of-a-client']);
	expect(canaries.leaks()).toHaveLength(1);
	canaries.clear();
	expect(canaries.leaks()).toEqual([]);
	canaries.watch('log', false, () => ['an-opaque-token-of-a-client']);
	expect(canaries.leaks()).toEqual([]);
});
