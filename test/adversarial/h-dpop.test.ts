/** Group H (H01–H13, H19, H21, H24): DPoP proofs over real sockets, and of C and G what concerns them (RFC 9449 §4.3, §7). */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bareJwk, keyThumbprint, makeProof, otherProofKey, proofKey } from '../support/dpop.ts';
import { type DpopRig, expectInvalid, origin, startDpopRig } from '../support/dpop-rig.ts';
import { expectForwarded, expectRefused, type GuardedGateway } from '../support/guarded-gateway.ts';
import { secretKey, signJws, testKey, wrapKey } from '../support/sign-jws.ts';

let dpop: DpopRig;
let rig: GuardedGateway;
const bound: DpopRig['bound'] = (claims) => dpop.bound(claims);
const send: DpopRig['send'] = (proof, request) => dpop.send(proof, request);

beforeAll(async () => {
	dpop = await startDpopRig();
	rig = dpop.gateway;
});
afterAll(() => dpop.stop());

test.each(['/if-bound', '/dpop', '/required'])('a bound token with its proof opens %s', async (target) => {
	const request = expectForwarded(await send({}, { target }));
	expect(request.lines.filter((line) => /^(?:dpop|authorization):/i.test(line))).toEqual([]);
	expectForwarded(await send({ method: 'DELETE' }, { target, method: 'DELETE' }));
});

test.each([
	['ES256', testKey('ES256', 'one')],
	['EdDSA', testKey('EdDSA', 'one')],
	['PS256', testKey('PS256', 'one')],
	['RS256', testKey('RS256', 'one')],
] as const)('a proof by a key for %s', async (_, key) => {
	const token = bound({ cnf: { jkt: keyThumbprint(key) } });
	expectForwarded(await send({ key }, { token }));
});

test('H01: a bound token as Bearer, without a proof: refused with a challenge for DPoP', async () => {
	for (const target of ['/if-bound', '/dpop', '/required']) {
		const seen = await rig.send({ target, token: bound() });
		expectRefused(seen, '401-IT', 'binding_missing', 'DPoP');
		expect(seen.response.headers.get('www-authenticate')).toContain('algs="ES256 EdDSA PS256 RS256"');
	}
});

test('H02: a bound token as Bearer, with a good proof', async () => {
	for (const target of ['/if-bound', '/dpop']) {
		expectRefused(await send({}, { target, scheme: 'Bearer' }), '401-IT', 'binding_missing', 'DPoP');
		expectRefused(await send({}, { target, scheme: 'bEARER' }), '401-IT', 'binding_missing', 'DPoP');
	}
});

test('H03: the scheme DPoP without a proof, with an empty one, and with something else', async () => {
	const token = bound();
	for (const target of ['/if-bound', '/dpop']) {
		expectInvalid(await rig.send({ target, token, scheme: 'DPoP' }));
		for (const proof of ['', 'x', 'a.b.c', token, 'a'.repeat(9000)]) {
			expectInvalid(await rig.send({ target, token, scheme: 'DPoP', headers: [['DPoP', proof]] }));
		}
	}
});

test('H04: a token that is not bound, as DPoP with a good proof', async () => {
	for (const target of ['/if-bound', '/dpop', '/required']) {
		const seen = await send({}, { target, token: dpop.provider.issue() });
		expectRefused(seen, '401-IT', 'binding_missing', 'DPoP');
	}
	const certificate = dpop.provider.issue({ cnf: { 'x5t#S256': keyThumbprint() } });
	expectRefused(await send({}, { token: certificate }), '401-IT', 'binding_missing', 'DPoP');
});

test('H05: two DPoP fields, and two proofs in one', async () => {
	const token = bound();
	const proof = () => makeProof({ url: `${origin}/dpop`, token });
	expectInvalid(await rig.send({ target: '/dpop', token, proof: proof(), headers: [['dpop', proof()]] }));
	expectInvalid(await rig.send({ target: '/dpop', token, proof: `${proof()}, ${proof()}` }));
	expectInvalid(await rig.send({ target: '/dpop', token, proof: `${proof()},${proof()}` }));
});

test.each([
	['JWT', 'JWT'],
	['at+jwt', 'at+jwt'],
	['missing', undefined],
	['a list', ['dpop+jwt']],
	['with a space', 'dpop+jwt '],
	['of another kind', 'text/dpop+jwt'],
])('H06: typ %s', async (_, typ) => {
	expectInvalid(await send({ header: { typ } }));
});

test.each(['DPOP+JWT', 'Dpop+Jwt', 'application/dpop+jwt', 'APPLICATION/dpop+JWT'])(
	'H06: typ %s is one',
	async (typ) => {
		expectForwarded(await send({ header: { typ } }));
	},
);

describe('H07: alg', () => {
	test.each(['none', 'HS256', 'ES384', 'es256', 'ES256K', '', 7, undefined])('%s in the header', async (alg) => {
		expectInvalid(await send({ header: { alg } }));
	});

	test('a secret, and the public key as one', async () => {
		const secret = secretKey('a secret of at least thirty-two octets');
		const jwk = { kty: 'oct', k: Buffer.from('a secret of at least thirty-two octets').toString('base64url') };
		expectInvalid(await send({ key: secret, header: { jwk } }));
		expectInvalid(await send({ key: secret, header: { jwk: bareJwk(proofKey) } }));
	});

	test('a good signature by an algorithm that is not on the list, or not of the key', async () => {
		for (const key of [testKey('ES384', 'proof'), testKey('ES512', 'proof'), testKey('PS512', 'proof')]) {
			expectInvalid(await send({ key }, { token: bound({ cnf: { jkt: keyThumbprint(key) } }) }));
		}
		expectInvalid(await send({ header: { jwk: { ...bareJwk(proofKey), alg: 'ES512' } } }));
	});
});

test.each([
	['missing', undefined],
	['null', null],
	['a text', JSON.stringify(bareJwk(proofKey))],
	['a list', [bareJwk(proofKey)]],
	['with its private member', { ...bareJwk(proofKey), d: 'AA' }],
	['with an empty private member', { ...bareJwk(proofKey), d: '' }],
	['with a secret beside it', { ...bareJwk(proofKey), k: 'AA' }],
	['off its curve', { ...bareJwk(proofKey), y: bareJwk(proofKey)['x'] }],
	['on another curve', { ...bareJwk(proofKey), crv: 'secp256k1' }],
	['for encryption', { ...bareJwk(proofKey), use: 'enc' }],
	['to sign alone', { ...bareJwk(proofKey), key_ops: ['sign'] }],
])('H07: a jwk that is %s', async (_, jwk) => {
	expectInvalid(await send({ header: { jwk } }));
});

test('H07: an RSA key that is too short', async () => {
	const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
	const key = wrapKey(privateKey, 'RS256', 'short');
	expectInvalid(await send({ key }, { token: bound({ cnf: { jkt: keyThumbprint(key) } }) }));
});

test('H09: a proof by another key, with its own jwk or with the right one', async () => {
	const [first, second] = [await send({ key: otherProofKey }), await send({ header: { jwk: bareJwk(otherProofKey) } })];
	expectRefused(first, '401-IT', 'binding_mismatch', 'DPoP');
	expectRefused(second, '401-IT', 'binding_mismatch', 'DPoP');
	expectInvalid(await send({ key: otherProofKey, header: { jwk: bareJwk(proofKey) } }));
	for (const jkt of [`${keyThumbprint()}=`, keyThumbprint().toLowerCase(), '', 5, null, [keyThumbprint()]]) {
		expectRefused(await send({}, { token: bound({ cnf: { jkt } }) }), '401-IT', 'binding_mismatch', 'DPoP');
	}
});

test.each(['get', 'Get', 'POST', 'GET ', '', undefined, null, ['GET']])('H10: htm %j', async (htm) => {
	expectInvalid(await send({ claims: { htm } }));
});

test.each([
	`${origin}/other`,
	`${origin}/dpop/`,
	`${origin}/DPOP`,
	`${origin}//dpop`,
	`${origin}/dpop%2F`,
	'https://other.example.com/dpop',
	'https://api.example.com.evil.example/dpop',
	'https://api.example.com@evil.example/dpop',
	'https://user@api.example.com/dpop',
	'http://api.example.com/dpop',
	'https://api.example.com:8443/dpop',
	'https://api.example.com:80/dpop',
	'//api.example.com/dpop',
	'/dpop',
	'api.example.com/dpop',
	' https://api.example.com/dpop',
	'https:\\\\api.example.com\\dpop',
	'https://api.example.com/d%pop',
	'',
	undefined,
	null,
	[`${origin}/dpop`],
])('H11: htu %j', async (htu) => {
	expectInvalid(await send({ claims: { htu } }));
});

test.each([
	`${origin}/dpop?a=b`,
	`${origin}/dpop#there`,
	`${origin}/dpop?a=b#/there?`,
	'https://api.example.com:443/dpop',
	'https://api.example.com:/dpop',
	'HTTPS://API.Example.COM/dpop',
	`${origin}/%64pop`,
	`${origin}/d%70op`,
	`${origin}/a/../dpop`,
	`${origin}/./dpop`,
	`${origin}/a/%2e%2E/dpop`,
	`${origin}/../../dpop`,
])('H12: htu %s is the same', async (htu) => {
	expectForwarded(await send({ claims: { htu } }));
	expectForwarded(await send({ claims: { htu } }, { target: '/dpop?c=d' }));
});

test('H12: the path is the one that was received, in its normal spelling; what is reserved stays as it was sent', async () => {
	const pairs = [
		['/dpop/~user', '/dpop/%7euser', true],
		['/dpop/%7Euser', '/dpop/~user', true],
		['/dpop/%c3%a9', '/dpop/%C3%A9', true],
		['/dpop/a:b', '/dpop/a%3Ab', false],
		['/dpop/a%3Ab', '/dpop/a:b', false],
		['/dpop/a%3ab', '/dpop/a%3Ab', true],
		['/dpop/b/', '/dpop/b', false],
		['/dpop/b', '/dpop/b/', false],
		['/dpop/b/', '/dpop/a/../b/', true],
		['/dpop/b/', '/dpop/b/c/..', true],
	] as const;
	for (const [target, path, isSame] of pairs) {
		const seen = await send({ url: `${origin}${path}` }, { target });
		if (isSame) expectForwarded(seen);
		else expectInvalid(seen);
	}
});

test('H13: the external URL counts; what headers say of it does not', async () => {
	const forged = [
		['X-Forwarded-Host', 'evil.example'],
		['X-Forwarded-Proto', 'http'],
		['Forwarded', 'host=evil.example;proto=http'],
		['X-Original-URL', '/evil'],
	] as const;
	expectInvalid(await send({ url: 'http://evil.example/dpop' }, { headers: forged }));
	expectInvalid(await send({ url: 'https://evil.example/dpop' }, { headers: forged }));
	expectInvalid(await send({ url: `${rig.gateway.url}/dpop` }, { headers: forged }));
	expectForwarded(await send({}, { headers: forged }));
	// A proof that was made for another server does not become one for this server by naming that one in Host.
	expectInvalid(await send({ url: 'https://evil.example/dpop' }, { host: 'evil.example' }));
	expectForwarded(await send({}, { host: 'evil.example' }));
});

test('H13: on a route with a host it is that host, and for a pattern the host that matched', async () => {
	const here = { target: '/here', host: 'other.example.com:8080' };
	expectForwarded(await send({ url: 'https://other.example.com/here' }, here));
	expectInvalid(await send({ url: `${origin}/here` }, here));
	const tenant = { target: '/tenant', host: 'ACME.tenants.example.com' };
	expectForwarded(await send({ url: 'https://acme.tenants.example.com/tenant' }, tenant));
	expectInvalid(await send({ url: 'https://other.tenants.example.com/tenant' }, tenant));
});

test.each([
	['missing', () => undefined],
	['of another token', () => makeProof({ url: origin, token: 'other' }).slice(0, 43)],
	['in hexadecimal', (token: string) => Buffer.from(ath(token), 'base64url').toString('hex')],
	['in Base64', (token: string) => Buffer.from(ath(token), 'base64url').toString('base64')],
	['padded', (token: string) => `${ath(token)}=`],
	['null', () => null],
	['a list', (token: string) => [ath(token)]],
	['of the token with its scheme', (token: string) => ath(`DPoP ${token}`)],
] as const)('H19: ath %s', async (_, write) => {
	const token = bound();
	expectInvalid(await send({ claims: { ath: write(token) } }, { token }));
});

function ath(token: string): string {
	const [, payload = ''] = makeProof({ url: origin, token }).split('.');
	return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { ath: string }).ath;
}

test('H19: a proof for another bound token of the same client', async () => {
	const [first, second] = [bound(), bound({ sub: 'other' })];
	expectInvalid(
		await rig.send({ target: '/dpop', token: second, proof: makeProof({ url: `${origin}/dpop`, token: first }) }),
	);
});

test('H21: the proof is good, and the token has expired', async () => {
	const token = bound({ iat: 1_700_000_000, exp: 1_700_000_300 });
	const seen = await send({}, { token });
	expectRefused(seen, '401-IT', 'token_expired', 'DPoP');
	expect(seen.response.headers.get('www-authenticate')).toContain('algs="');
});

test('H24: a browser may send proofs, and read challenges and nonces', async () => {
	const from = ['Origin', 'https://app.example.com'] as const;
	const preflight = await rig.send({
		method: 'OPTIONS',
		target: '/browser',
		headers: [
			from,
			['Access-Control-Request-Method', 'GET'],
			['Access-Control-Request-Headers', 'authorization, dpop'],
		],
	});
	expect(preflight.response.status).toBe(204);
	expect(preflight.response.headers.get('access-control-allow-headers')).toContain('dpop');
	const refused = await rig.send({ target: '/browser', headers: [from] });
	expect(refused.response.status).toBe(401);
	expect(refused.response.headers.get('access-control-expose-headers')).toBe('X-Total, WWW-Authenticate, DPoP-Nonce');
	const allowed = await send({}, { target: '/browser', headers: [from] });
	expect(expectForwarded(allowed)).toBeDefined();
	expect(allowed.response.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce');
});

test('without a credential, every scheme that the route takes is named, each in its own challenge', async () => {
	const challenge = async (target: string) => {
		const seen = await rig.send({ target });
		expect(seen.record.reason).toBe('credential_missing');
		return seen.response.headers.get('www-authenticate');
	};
	const dpop = 'DPoP algs="ES256 EdDSA PS256 RS256"';
	expect(await challenge('/if-bound')).toBe(`Bearer, ${dpop}`);
	expect(await challenge('/required')).toBe(`Bearer, ${dpop}`);
	expect(await challenge('/dpop')).toBe(dpop);
	expect(await challenge('/mtls')).toBe('Bearer');
});

test('G06: what the holder made known is worth nothing to a thief, as Bearer or with an own proof', async () => {
	const token = bound();
	for (let round = 0; round < 3; round++) {
		expectForwarded(await send({}, { target: '/if-bound', token }));
		expectRefused(await rig.send({ target: '/if-bound', token }), '401-IT', 'binding_missing', 'DPoP');
		expectInvalid(await rig.send({ target: '/if-bound', token, scheme: 'DPoP' }));
		const own = await send({ key: otherProofKey }, { target: '/if-bound', token });
		expectRefused(own, '401-IT', 'binding_mismatch', 'DPoP');
	}
});

test('C27: a proof does not make up for another member of cnf', async () => {
	for (const other of [{ 'x5t#S256': keyThumbprint() }, { kid: 'x' }, { jwk: bareJwk(proofKey) }]) {
		const token = bound({ cnf: { jkt: keyThumbprint(), ...other } });
		expectRefused(await send({}, { target: '/if-bound', token }), '401-IT', 'binding_missing', 'DPoP');
	}
});

test('an opaque token is bound by what the introspection answer says', async () => {
	dpop.opaque.answer(dpop.opaque.active({ token_type: 'DPoP', cnf: { jkt: keyThumbprint() } }));
	expectForwarded(await send({}, { target: '/opaque', token: 'opaque-token-1' }));
	expectForwarded(await send({}, { target: '/opaque', token: 'opaque-token-1' }));
	const theirs = await send({ key: otherProofKey }, { target: '/opaque', token: 'opaque-token-1' });
	expectRefused(theirs, '401-IT', 'binding_mismatch', 'DPoP');
	expectRefused(await rig.send({ target: '/opaque', token: 'opaque-token-1' }), '401-IT', 'binding_missing', 'DPoP');
	dpop.opaque.answer(dpop.opaque.active({}));
	expectRefused(await send({}, { target: '/opaque', token: 'opaque-token-2' }), '401-IT', 'binding_missing', 'DPoP');
});

test('a proof is no token, and a token no proof', async () => {
	const token = bound();
	const proof = makeProof({ url: `${origin}/dpop`, token });
	expectRefused(await rig.send({ target: '/dpop', token: proof, proof }), '401-IT', 'issuer_unknown', 'DPoP');
	const both = signJws({
		header: JSON.stringify({ typ: 'at+jwt', alg: 'ES256', jwk: bareJwk(proofKey) }),
		payload: { jti: 'x', htm: 'GET', htu: `${origin}/dpop`, iat: Math.floor(Date.now() / 1000), ath: ath(token) },
		key: proofKey,
	});
	expectInvalid(await rig.send({ target: '/dpop', token, proof: both }));
});
