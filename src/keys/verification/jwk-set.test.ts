import { expect, test } from 'vitest';
import type { JsonValue } from '#core/index';
import { readJwkSet } from '#keys/verification/jwk-set';
import { realCryptography as crypto } from '../../../test/support/fake-runtime.ts';
import { testKey } from '../../../test/support/sign-jws.ts';

const remote = { crypto, remote: true };
const good = testKey('RS256').jwk;
const other = testKey('ES256').jwk;

function read(document: JsonValue) {
	const result = readJwkSet(document, remote);
	return typeof result === 'string' ? result : { kids: result.keys.map((key) => key.kid), notes: result.notes };
}

test.each<[string, JsonValue, string]>([
	['null', null, 'not a JSON object'],
	['a list', [good], 'not a JSON object'],
	['no keys', {}, 'has no "keys"'],
	['keys that objects inherit', { constructor: [] }, 'has no "keys"'],
	['an object', { keys: {} }, '"keys" is not an array'],
	['a text', { keys: 'none' }, '"keys" is not an array'],
	['101 keys', { keys: Array.from({ length: 101 }, () => good) }, '101 keys, 100 is the most'],
	['10,000 keys', { keys: Array.from({ length: 10_000 }, () => good) }, '10000 keys, 100 is the most'],
])('refuses %s', (_, document, problem) => {
	expect(read(document)).toContain(problem);
});

test('one odd entry is dropped, not the set, whatever its place', () => {
	const odd = { ...good, kid: 'odd', n: 'AQAB' };
	for (const keys of [
		[odd, good],
		[good, odd],
	]) {
		expect(read({ keys })).toEqual({
			kids: [good['kid']],
			notes: [expect.stringContaining('(kid "odd") dropped: a modulus')],
		});
	}
	expect(read({ keys: [null, 7, 'key', [], good] })).toMatchObject({ kids: [good['kid']] });
	expect(read({ keys: [] })).toEqual({ kids: [], notes: [] });
});

test('a shared secret is ignored with a note, without its value', () => {
	const secret = { kty: 'oct', kid: 's', k: 'canarycanarycanarycanarycanarycanarycanary' };
	const result = readJwkSet({ keys: [secret, good] }, remote);
	expect(result).toMatchObject({
		keys: [{ kid: good['kid'] }],
		notes: [expect.stringContaining('never taken from a URL')],
	});
	expect(JSON.stringify(result)).not.toContain('canary');
	expect(readJwkSet({ keys: [secret] }, { crypto, remote: false })).toMatchObject({
		keys: [],
		notes: [expect.stringContaining('give it as `secret`')],
	});
});

test('keys for encryption are passed over in silence', () => {
	expect(read({ keys: [{ ...good, use: 'enc', alg: 'RSA-OAEP' }, other] })).toEqual({
		kids: [other['kid']],
		notes: [],
	});
});

test('keys that share a kid are all kept, and said', () => {
	const twin = { ...other, kid: good['kid'] ?? '' };
	expect(read({ keys: [good, twin] })).toEqual({
		kids: [good['kid'], good['kid']],
		notes: [expect.stringContaining('2 keys share the kid')],
	});
});

test('a hostile kid cannot shape the log', () => {
	const kid = `a\u001b[31m\n${'x'.repeat(10_000)}`;
	const result = readJwkSet({ keys: [{ ...good, kid, e: 'AQ' }] }, remote);
	const notes = typeof result === 'string' ? [] : result.notes;
	expect(notes).toHaveLength(1);
	expect(notes[0]).toMatch(/^[\x20-\x7e…]{1,300}$/);
});
