import { expect, test } from 'vitest';
import type { JsonObject } from '#core/index';
import { readJwkSet } from '#keys/verification/jwk-set';
import { createLocalKeySource } from '#keys/verification/local';
import { readSignedAnswer, type SignedAnswers } from '#pipeline/authenticate/introspection/signed-answer';
import { realCryptography } from '../../../../test/support/fake-runtime.ts';
import { alter, signJws, testKey } from '../../../../test/support/sign-jws.ts';

const key = testKey('ES256');
const stranger = testKey('ES256', 'stranger');
const set = readJwkSet({ keys: [key.jwk] }, { crypto: realCryptography, remote: false });
if (typeof set === 'string') throw new Error(set);

const accepted: SignedAnswers = {
	issuers: ['https://idp.example.com/'],
	audience: 'gateway',
	algorithms: new Set(['ES256']),
	keys: createLocalKeySource(set.keys),
	clockSkew: 5,
};
const now = 1_800_000_000.25;
const times = { asked: now, answered: now + 0.5, monotonic: 0 };
const answer = { active: true, sub: 'a' };

function signed(claims: JsonObject = {}, header: JsonObject = {}, by = key): string {
	const base = { iss: 'https://idp.example.com/', aud: 'gateway', iat: Math.floor(now), token_introspection: answer };
	return signJws({
		header: { alg: 'ES256', typ: 'token-introspection+jwt', kid: key.kid, ...header },
		payload: Object.fromEntries(Object.entries({ ...base, ...claims }).filter(([, value]) => value !== 'absent')),
		key: by,
	});
}

test('RFC 9701 §5: the token_introspection member of a genuine answer', async () => {
	for (const text of [
		signed(),
		signed({ aud: ['other', 'gateway'] }),
		signed({}, { typ: 'application/token-introspection+jwt' }),
		signed({}, { typ: 'Token-Introspection+JWT' }),
		signed({ iat: now - 5 }),
		signed({ exp: now + 60 }),
	]) {
		expect(await readSignedAnswer(text, times, accepted)).toEqual(answer);
	}
});

test.each([
	['no JWS', 'abc', 'not a compact JWS'],
	['plain JSON', JSON.stringify(answer), 'segment'],
	['another typ', signed({}, { typ: 'JWT' }), 'typ'],
	['an access token', signed({}, { typ: 'at+jwt' }), 'typ'],
	['no typ', signed({}, { typ: '' }), 'typ'],
	['none', signed({}, { alg: 'none' }), 'algorithm'],
	['an algorithm that is not accepted', signed({}, { alg: 'RS256' }), 'algorithm'],
	['another issuer', signed({ iss: 'https://idp.example.com' }), 'issuer'],
	['no issuer', signed({ iss: 'absent' }), 'issuer'],
	['another client', signed({ aud: 'other' }), 'client'],
	['no client', signed({ aud: 'absent' }), 'client'],
	['no iat', signed({ iat: 'absent' }), 'iat'],
	['an answer that somebody kept', signed({ iat: now - 60 }), 'older than the question'],
	['an answer from the future', signed({ iat: now + 60 }), 'future'],
	['an exp that has passed', signed({ exp: now - 60 }), 'expired'],
	['an exp of text', signed({ exp: '9' }), 'expired'],
	['another key under the same kid', signed({}, {}, stranger), 'signature'],
	['an unknown kid', signed({}, { kid: 'other' }), 'signature'],
	['an altered claim', alter(signed(), 1, 30), 'signature|JSON|UTF-8|issuer'],
	['an altered signature', alter(signed(), 2, 3), 'signature'],
	['no token_introspection', signed({ token_introspection: 'absent' }), 'no token_introspection'],
	['a token_introspection that is none', signed({ token_introspection: [] }), 'no token_introspection'],
])('%s is no answer', async (_, text, message) => {
	const read = await readSignedAnswer(text, times, accepted);
	expect(read).toMatch(new RegExp(message));
});
