/** DPoP against oidc-provider: tokens that it binds to a key, JWTs and opaque ones, through gateways with nonces and without. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProof, otherProofKey } from './support/dpop.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	type Seen,
	startGuardedGateway,
} from './support/guarded-gateway.ts';
import { apiAudience, type OpaqueIssuer, startOpaqueIssuer } from './support/opaque-issuer.ts';

const secret = 'a secret of the gateway, 32 bytes';
let server: OpaqueIssuer;

beforeAll(async () => {
	server = await startOpaqueIssuer(
		{ dpop: true, clients: [{ client_id: 'gateway', client_secret: secret }] },
		async (url, form) => {
			const proof = makeProof({ method: 'POST', url, token: '', claims: { ath: undefined } });
			const body = new URLSearchParams({ ...form });
			const response = await fetch(url, { method: 'POST', body, headers: { DPoP: proof } });
			if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
			return response.json();
		},
	);
});
afterAll(() => server.stop());

describe.each([false, true])('nonces: %s', (nonces) => {
	let rig: GuardedGateway;
	let nonce: string | undefined;

	beforeAll(async () => {
		rig = await startGuardedGateway((upstream) => ({
			public_url: apiAudience,
			dpop: { nonces },
			providers: {
				op: {
					issuer: server.issuer,
					tokens: ['jwt', 'opaque'],
					audience: apiAudience,
					client: { id: 'gateway', secret },
				},
			},
			routes: [
				{ path: '/orders', scopes: ['read'], upstream },
				{ path: '/bound', binding: 'dpop', scopes: ['read'], upstream },
			],
		}));
	});
	afterAll(() => rig.stop());

	/** As a client does: once more with the nonce that it is told. */
	async function send(target: string, token: string, key?: typeof otherProofKey): Promise<Seen> {
		const make = () =>
			makeProof({
				url: `${apiAudience}${target}`,
				token,
				claims: { nonce },
				...(key === undefined ? {} : { key }),
			});
		const seen = await rig.send({ target, token, proof: make() });
		const told = seen.response.headers.get('dpop-nonce');
		if (told === undefined) return seen;
		expectRefused(seen, '401-NON', 'dpop_nonce_required', 'DPoP');
		nonce = told;
		return rig.send({ target, token, proof: make() });
	}

	test.each(['jwt', 'opaque'] as const)('%s', async (format) => {
		const token = await server.token({ format });
		for (const target of ['/orders', '/bound']) {
			for (let n = 0; n < 3; n++) expect(expectForwarded(await send(target, token)).target).toBe(target);
			const stolen = await send(target, token, otherProofKey);
			expectRefused(stolen, '401-IT', 'binding_mismatch', 'DPoP');
			expectRefused(await rig.send({ target, token }), '401-IT', 'binding_missing', 'DPoP');
		}
		const proof = makeProof({ url: `${apiAudience}/bound`, token, claims: { nonce } });
		const seen = await rig.send({ target: '/bound', token, proof });
		expectForwarded(seen);
		expect(seen.record).toMatchObject({ kind: format, client: 'application' });
		const again = await rig.send({ target: '/bound', token, proof });
		expectRefused(again, '401-DP', 'dpop_proof_replayed', 'DPoP');
	});

	test('the nonce was asked for if it had to be', () => {
		expect(nonce !== undefined).toBe(nonces);
	});
});
