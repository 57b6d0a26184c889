/** Sender-constrained tokens: DPoP (RFC 9449) and certificates (RFC 8705), of Keycloak. */
import { randomUUID } from 'node:crypto';
import { signJws, type TestKey, testKey } from '../../support/sign-jws.ts';
import { allowed, refused } from '../expectations.ts';
import type { Rig } from '../rig.ts';

const scope = { scope: 'orders:read' };

export async function checkBoundTokens({ report, realm, gateway, over }: Rig): Promise<void> {
	report.heading('Sender-constrained tokens');
	const key = testKey('ES256', 'interop client');

	await report.check('DPoP: a bound token is no bearer token', async () => {
		const headers = { dpop: proof(key, 'POST', realm.endpoint('token')) };
		const { access_token: token } = await realm.token('dpop', scope, { headers });
		refused(await gateway.send('/preset/orders', token), 401, 'binding_missing');
		return undefined;
	});
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

/** A DPoP proof (RFC 9449 §4.2); with the token's hash where it goes along with one. */
function proof(key: TestKey, htm: string, htu: string): string {
	return signJws({
		header: { typ: 'dpop+jwt', alg: key.algorithm, jwk: key.jwk },
		payload: { jti: randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1000) },
		key,
	});
}
