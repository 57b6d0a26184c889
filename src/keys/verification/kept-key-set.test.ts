import { expect, test } from 'vitest';
import type { JsonObject } from '#core/index';
import { restoreKeySet } from '#keys/verification/kept-key-set';
import { realCryptography as crypto } from '../../../test/support/fake-runtime.ts';
import { testKey } from '../../../test/support/sign-jws.ts';

const { jwk } = testKey('ES256', 'kept');
const now = Date.UTC(2026, 0, 1);
const staleFor = 3_600_000;

function restore(fetchedAt: number, jwks: JsonObject = { keys: [jwk] }) {
	return restoreKeySet({ jwks, fetchedAt }, { now, staleFor, crypto });
}

test.each([
	[0, staleFor],
	[1000, staleFor - 1000],
	[staleFor - 1, 1],
])('fetched %i ms ago: usable for %i ms', (age, left) => {
	expect(restore(now - age)).toMatchObject({ left, keys: [{ kid: jwk['kid'], retired: false }] });
});

test.each<[string, number, JsonObject | undefined, string]>([
	['in the future', now + 1, undefined, 'future'],
	['as long ago as they serve', now - staleFor, undefined, 'too old'],
	['before there was time', Number.NEGATIVE_INFINITY, undefined, 'future'],
	['at no time', Number.NaN, undefined, 'future'],
	['without keys', now, {}, 'no "keys"'],
	['with an empty set', now, { keys: [] }, 'none of them'],
	['with a shared secret', now, { keys: [{ kty: 'oct', k: 'A'.repeat(43) }] }, 'none of them'],
	['with a weak key', now, { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }, 'none of them'],
	['with 101 keys', now, { keys: Array.from({ length: 101 }, () => jwk) }, '101 keys'],
])('a key set %s is not used', (_, fetchedAt, jwks, why) => {
	expect(restore(fetchedAt, jwks)).toContain(why);
});
