/**
 * What eases the move from other gateways, over a socket: an Authorization field with whatever scheme, or with Bearer and no
 * other; a credential that cannot be read answered like one that is not there; a shared secret that is given in Base64.
 */
import { createSecretKey } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyThumbprint, makeProof } from './support/dpop.ts';
import { expectForwarded, type GuardedGateway, startGuardedGateway } from './support/guarded-gateway.ts';
import { signJws } from './support/sign-jws.ts';

const octets = Buffer.from(Array.from({ length: 32 }, (_, i) => 251 - 7 * i));
const key = createSecretKey(octets);
const issuer = 'https://issuer.example.com/';

let rig: GuardedGateway;

beforeAll(async () => {
	const schemes = { default: undefined, bearer: 'bearer', any: 'any' };
	// As Azure API Management has it in a policy: over several lines.
	const secret_base64 = `\n\t${octets.toString('base64').replace(/^(.{20})/, '$1\n\t')}\n`;
	rig = await startGuardedGateway((upstream) => ({
		providers: Object.fromEntries(
			Object.entries(schemes).map(([name, scheme]) => [
				name,
				{
					issuer,
					audience: 'api',
					secret_base64,
					...(scheme === undefined ? {} : { token_from: { header: 'Authorization', scheme } }),
				},
			]),
		),
		routes: [
			...Object.keys(schemes).map((name) => ({ name, path: `/${name}`, providers: [name], upstream })),
			{
				name: 'moved',
				path: '/moved',
				providers: ['default'],
				responses: { credential_malformed: 401, credential_repeated: 403 },
				upstream,
			},
		],
	}));
});
afterAll(() => rig.stop());

function token(claims: Readonly<Record<string, unknown>> = {}): string {
	const now = Math.floor(Date.now() / 1000);
	const payload = { iss: issuer, aud: 'api', sub: 'user-1', iat: now, exp: now + 300, ...claims };
	return signJws({ header: JSON.stringify({ alg: 'HS256', typ: 'JWT' }), payload, key, algorithm: 'HS256' });
}

const bearer = (): string => `Bearer ${token()}`;

test.each([
	['Bearer', bearer, [200, 200, 200]],
	['bearer, in small letters', () => `bearer  ${token()}`, [200, 200, 200]],
	['another scheme', () => `Token ${token()}`, [401, 401, 200]],
	['a scheme of signatures', () => `SharedAccessSignature ${token()}`, [401, 401, 200]],
	['no scheme', token, [401, 401, 200]],
	['a scheme alone', () => 'Bearer', [400, 400, 401]],
	['two words after a scheme', () => `Bearer ${token()} x`, [400, 400, 400]],
	['a scheme and a tab', () => `Bearer\t${token()}`, [400, 400, 200]],
	['nothing', () => '', [400, 400, 401]],
	['DPoP for a token that is bound to nothing', () => `DPoP ${token()}`, [401, 401, 401]],
	['what is no b64token', () => `Bearer ${token()},`, [400, 400, 400]],
] as const)('Authorization with %s', async (_, value, statuses) => {
	const seen = [];
	for (const route of ['default', 'bearer', 'any']) {
		const sent = await rig.send({ target: `/${route}`, headers: [['Authorization', value()]] });
		expect(sent.forwarded).toHaveLength(sent.response.status === 200 ? 1 : 0);
		if (sent.response.status === 200) expectForwarded(sent);
		seen.push(sent.response.status);
	}
	expect(seen).toEqual(statuses);
});

test('a token that is bound to a DPoP key passes with its proof, but not where Bearer alone is taken', async () => {
	const bound = token({ cnf: { jkt: keyThumbprint() } });
	const seen = [];
	for (const route of ['default', 'bearer', 'any']) {
		const proof = makeProof({ token: bound, url: `http://api.example.com/${route}` });
		seen.push((await rig.send({ target: `/${route}`, token: bound, proof })).response.status);
	}
	expect(seen).toEqual([200, 401, 200]);
});

test('a credential that cannot be read, or is there twice, has the status that `responses` gives it', async () => {
	const sent = (headers: readonly (readonly [string, string])[], target: string) => rig.send({ target, headers });
	const twice = [
		['Authorization', bearer()],
		['Authorization', bearer()],
	] as const;
	expect((await sent([['Authorization', 'Bearer a b']], '/default')).response.status).toBe(400);
	const malformed = await sent([['Authorization', 'Bearer a b']], '/moved');
	expect([malformed.response.status, malformed.record.reason]).toEqual([401, 'credential_malformed']);
	expect(malformed.response.headers.get('www-authenticate')).toContain('error="invalid_request"');
	const repeated = await sent(twice, '/moved');
	expect([repeated.response.status, repeated.record.reason]).toEqual([403, 'credential_repeated']);
});

test('the secret is its octets, and no other reading of the same text is one', async () => {
	const text = createSecretKey(Buffer.from(octets.toString('base64')));
	const now = Math.floor(Date.now() / 1000);
	const payload = { iss: issuer, aud: 'api', iat: now, exp: now + 300 };
	const wrong = signJws({ header: '{"alg":"HS256"}', payload, key: text, algorithm: 'HS256' });
	const { response, record } = await rig.send({ target: '/default', token: wrong });
	expect([response.status, record.reason]).toEqual([401, 'signature_invalid']);
	expect((await rig.send({ target: '/default', token: token() })).response.status).toBe(200);
});
