/** What a policy does not ask for holds on its routes all the same: revocation, and the proof of a token that is bound. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyThumbprint, makeProof, otherProofKey } from './support/dpop.ts';
import type { GuardedGateway, SentRequest } from './support/guarded-gateway.ts';
import { policyOf, secretText, secretToken, startPolicyGateway } from './support/policy-gateway.ts';
import { selfSigned, thumbprintOf } from './support/self-signed.ts';
import { testKey } from './support/sign-jws.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

const keys = `<issuer-signing-keys><key>${secretText}</key></issuer-signing-keys>`;
const own = selfSigned({ commonName: 'client' });
const other = selfSigned({ commonName: 'another client' });
const url = 'https://api.example.com';

let rig: GuardedGateway;
/** Of the operator. */
let provider: TestProvider;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	rig = await startPolicyGateway(
		{
			field: policyOf(`<validate-jwt header-name="Authorization">${keys}</validate-jwt>`),
			elsewhere: policyOf(`<validate-jwt header-name="X-Token">${keys}</validate-jwt>`),
			value: policyOf(
				`<validate-jwt token-value="@(context.Request.Headers.GetValueOrDefault("Authorization","").Split(' ').Last())">${keys}</validate-jwt>`,
			),
			swallowed: policyOf(
				`<validate-jwt header-name="Authorization">${keys}</validate-jwt>`,
				'<on-error><return-response><set-status code="200" reason="OK" /></return-response></on-error>',
			),
		},
		{},
		{
			config: {
				admin: { listen: '127.0.0.1:0', auth: { provider: 'idp', scopes: ['gateway:admin'], audience: 'admin' } },
				providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
				public_url: url,
				dpop: {},
				trusted_proxies: ['127.0.0.1'],
				client_certificate_header: { format: 'rfc9440' },
			},
		},
	);
});
afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

async function came(request: SentRequest): Promise<readonly unknown[]> {
	const { response, record, forwarded } = await rig.send(request);
	return [response.status, record.reason, forwarded.length];
}

const passed = [200, undefined, 1];
const presented = ({ certificate }: { readonly certificate: string }) =>
	[['Client-Cert', `:${certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '')}:`]] as const;

test('a token that is bound to a key passes with its proof alone, once each', async () => {
	const token = secretToken({ cnf: { jkt: keyThumbprint() } });
	const target = '/field/a';
	// Twice: as a new token, and as one that is known to be genuine.
	for (const _ of [1, 2]) {
		expect(await came({ target, token })).toEqual([401, 'binding_missing', 0]);
		const proof = makeProof({ url: url + target, token });
		expect(await came({ target, token, proof })).toEqual(passed);
		expect(await came({ target, token, proof })).toEqual([401, 'dpop_proof_replayed', 0]);
		const stolen = makeProof({ url: url + target, token, key: otherProofKey });
		expect(await came({ target, token, proof: stolen })).toEqual([401, 'binding_mismatch', 0]);
		const elsewhere = makeProof({ url: `${url}/field/b`, token });
		expect(await came({ target, token, proof: elsewhere })).toEqual([401, 'dpop_proof_invalid', 0]);
	}
});

test('a token that is bound to a certificate passes with that certificate alone', async () => {
	const token = secretToken({ cnf: { 'x5t#S256': thumbprintOf(own) } });
	const target = '/field/a';
	for (const _ of [1, 2]) {
		expect(await came({ target, token })).toEqual([401, 'binding_missing', 0]);
		expect(await came({ target, token, headers: presented(other) })).toEqual([401, 'binding_mismatch', 0]);
		expect(await came({ target, token, headers: presented(own) })).toEqual(passed);
	}
});

test.each([
	['X-Token', '/elsewhere', (token: string) => ({ headers: [['X-Token', token]] as const, token: undefined })],
	['token-value', '/value', (token: string) => ({ token })],
])('nor does it pass without one from %s, which a policy reads in its own way', async (_, target, sent) => {
	for (const cnf of [{ jkt: keyThumbprint() }, { 'x5t#S256': thumbprintOf(own) }, { unheard_of: 'x' }]) {
		const { token, ...rest } = sent(secretToken({ cnf }));
		const seen = await came({ target, ...rest, ...(token === undefined ? {} : { token }) });
		expect([seen[0], seen[2]], JSON.stringify(cnf)).toEqual([401, 0]);
	}
	const { token, ...rest } = sent(secretToken());
	expect(await came({ target, ...rest, ...(token === undefined ? {} : { token }) })).toEqual(passed);
});

test('on-error may answer as it likes: nothing is forwarded', async () => {
	const token = secretToken({ cnf: { jkt: keyThumbprint() } });
	expect(await came({ target: '/swallowed', token })).toEqual([200, 'binding_missing', 0]);
});

function revoke(what: Readonly<Record<string, unknown>>): Promise<Response> {
	return fetch(new URL('/revocations', rig.gateway.gateway.adminUrl), {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			authorization: `Bearer ${provider.issue({ aud: 'admin', scope: 'gateway:admin', sub: 'operator' })}`,
		},
		body: JSON.stringify(what),
	});
}

test('a revocation must say until when, also for an issuer whose tokens have a bound elsewhere: a policy sets none', async () => {
	for (const issuer of ['https://issuer.example.com/', provider.issuer]) {
		const refused = await revoke({ subject: 'carol', issuer });
		expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('until')]);
	}
});

test('a revoked subject is refused from that moment on, and so is the token that was known before', async () => {
	const [bad, good] = [secretToken({ sub: 'mallory' }), secretToken({ sub: 'alice' })];
	for (const target of ['/field', '/value']) {
		for (const token of [bad, good]) expect(await came({ target, token })).toEqual(passed);
	}
	const made = await revoke({ subject: 'mallory', issuer: 'https://issuer.example.com/', until: '1h' });
	expect(made.status).toBe(201);
	for (const target of ['/field', '/value']) {
		expect(await came({ target, token: bad }), target).toEqual([401, 'token_revoked', 0]);
		expect(await came({ target, token: good }), target).toEqual(passed);
		expect(await came({ target, token: secretToken({ sub: 'mallory', jti: target }) })).toEqual([
			401,
			'token_revoked',
			0,
		]);
	}
});
