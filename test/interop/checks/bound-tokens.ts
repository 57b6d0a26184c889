/** Sender-constrained tokens: DPoP (RFC 9449) and certificates (RFC 8705), of Keycloak. */
import { hash, randomUUID } from 'node:crypto';
import { signJws, type TestKey, testKey } from '../../support/sign-jws.ts';
import { allowed, refused } from '../expectations.ts';
import type { Rig } from '../rig.ts';

const scope = { scope: 'orders:read' };

export async function checkBoundTokens({ report, realm, gateway, over }: Rig): Promise<void> {
	report.heading('Sender-constrained tokens');
	const key = testKey('ES256', 'interop client');

	for (const [provider, words] of [
		['preset', 'a JWT'],
		['basic', 'an introspected token'],
	] as const) {
		await report.check(`DPoP: ${words} passes with a proof of its key, once, and with nothing else`, async () => {
			const forToken = { dpop: proof(key, { htm: 'POST', htu: realm.endpoint('token') }) };
			const { access_token: token } = await realm.token('dpop', scope, { headers: forToken });
			const path = `/${provider}/orders`;
			const claims = { htm: 'GET', htu: `${gateway.urls[0] ?? ''}${path}`, ath: hash('sha256', token, 'base64url') };
			const send = (dpop: string) => gateway.send(path, token, { scheme: 'DPoP', headers: { dpop } });
			const good = proof(key, claims);
			allowed(await send(good));
			refused(await send(good), 401, 'dpop_proof_replayed');
			allowed(await send(proof(key, claims)));
			refused(await send(proof(testKey('ES256', 'somebody'), claims)), 401, 'binding_mismatch');
			refused(await send(proof(key, { ...claims, htm: 'POST' })), 401, 'dpop_proof_invalid');
			refused(
				await send(proof(key, { ...claims, ath: hash('sha256', 'another', 'base64url') })),
				401,
				'dpop_proof_invalid',
			);
			refused(await gateway.send(path, token), 401, 'binding_missing');
			return undefined;
		});
	}
	const [own, another] = [over('application'), over('somebody')];
	for (const [provider, words] of [
		['certificate', 'a JWT'],
		['basic', 'an introspected token'],
	] as const) {
		await report.check(`certificate: ${words} passes with it, not with another, and not without`, async () => {
			const { access_token: token } = await realm.token('mtls', scope, { over: own });
			const path = `/${provider}/orders`;
			allowed(await gateway.send(path, token, { listener: 1, over: own }));
			refused(await gateway.send(path, token, { listener: 1, over: another }), 401, 'binding_mismatch');
			refused(await gateway.send(path, token), 401, 'binding_missing');
			return undefined;
		});
	}
	await report.check('certificate: a route that wants it lets no unbound token in', async () => {
		const { access_token: token } = await realm.token('app', scope);
		refused(await gateway.send('/certificate/orders', token, { listener: 1, over: own }), 401, 'binding_missing');
		return undefined;
	});
}

interface ProofClaims {
	readonly htm: string;
	readonly htu: string;
	/** Hash of the token that it goes along with. */
	readonly ath?: string;
}

/** A new DPoP proof (RFC 9449 §4.2). */
function proof(key: TestKey, claims: ProofClaims): string {
	return signJws({
		header: { typ: 'dpop+jwt', alg: key.algorithm, jwk: key.jwk },
		payload: { ...claims, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
		key,
	});
}
