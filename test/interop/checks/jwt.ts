/** Keycloak's JWTs by preset and by plain issuer: what passes, and each way of being refused with its reason. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allowed, refused, same } from '../expectations.ts';
import { type Application, asUser } from '../population.ts';
import type { Rig } from '../rig.ts';

export async function checkJwts({ report, realm, foreign, population, gateway }: Rig): Promise<void> {
	const token = async (client: Application, form: Readonly<Record<string, string>> = { scope: 'orders:read' }) =>
		(await realm.token(client, form)).access_token;

	report.heading('JWTs');
	for (const provider of ['preset', 'plain'] as const) {
		await report.check(`${provider}: a user’s and a client’s own token pass, and the token stops here`, async () => {
			for (const form of [asUser('alice'), { scope: 'orders:read' }]) {
				const sent = await gateway.send(`/${provider}/orders`, await token('app', form));
				allowed(sent);
				const { kind, client } = sent.record;
				same('audit record', { kind, client }, { kind: 'jwt', client: 'app' });
			}
			return undefined;
		});
	}
	for (const client of ['ps256', 'es256', 'es512', 'eddsa'] as const) {
		await report.check(`signed with ${client.toUpperCase()}, found by discovery`, async () => {
			const sent = await gateway.send('/plain/orders', await token(client));
			// ES512 is off unless a provider says so: the check is that it is refused for that and nothing else.
			if (client === 'es512') refused(sent, 401, 'algorithm_rejected');
			else allowed(sent);
			return client === 'es512' ? 'refused, as it is not among the default algorithms' : undefined;
		});
	}
	await report.check('roles by JSON Pointer: alice has one, bob has none', async () => {
		const headers = allowed(await gateway.send('/preset/records/1', await token('app', asUser('alice'))));
		same('x-user', headers['x-user'], population.alice);
		same('x-client', headers['x-client'], 'app');
		refused(await gateway.send('/preset/records/1', await token('app', asUser('bob'))), 403, 'claim_mismatch');
		refused(
			await gateway.send('/preset/records/1', await token('stranger', asUser('alice'))),
			403,
			'client_not_allowed',
		);
		return `x-roles: ${String(headers['x-roles'])}`;
	});

	report.heading('Refused JWTs');
	await report.check('no token', async () => {
		refused(await gateway.send('/preset/orders', undefined), 401, 'credential_missing');
		return undefined;
	});
	await report.check('another audience', async () => {
		refused(await gateway.send('/preset/foreign', await token('app')), 401, 'audience_mismatch');
		return undefined;
	});
	await report.check('a scope that was not asked for', async () => {
		refused(await gateway.send('/preset/orders', await token('app', {})), 403, 'scope_insufficient');
		return undefined;
	});
	await report.check('a longer life than allowed', async () => {
		refused(await gateway.send('/strict/orders', await token('app')), 401, 'token_lifetime_exceeded');
		return undefined;
	});
	await report.check('expired, and known to be genuine before', async () => {
		const brief = await token('brief');
		allowed(await gateway.send('/preset/orders', brief));
		// Three seconds of life and five of clock skew.
		await sleep(8_500);
		refused(await gateway.send('/preset/orders', brief), 401, 'token_expired');
		return undefined;
	});
	await report.check('altered: payload, signature', async () => {
		const [header = '', payload = '', signature = ''] = (await token('app')).split('.');
		const claims = Buffer.from(payload, 'base64url').toString();
		const raised = Buffer.from(claims.replace('orders:read', 'orders:read admin')).toString('base64url');
		const turned = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
		refused(await gateway.send('/preset/orders', `${header}.${raised}.${signature}`), 401, 'signature_invalid');
		refused(await gateway.send('/preset/orders', `${header}.${payload}.${turned}`), 401, 'signature_invalid');
		return undefined;
	});
	await report.check('of another realm of the same server', async () => {
		const { access_token: other } = await foreign.token('app');
		refused(await gateway.send('/preset/orders', other), 401, 'issuer_unknown');
		return undefined;
	});
	await report.check('signed with a secret (HS256)', async () => {
		refused(await gateway.send('/preset/orders', await token('hs256')), 401, 'algorithm_rejected');
		return undefined;
	});
	await report.check('refresh and ID token in place of an access token', async () => {
		const answer = await realm.token('app', asUser('alice', { scope: 'openid orders:read' }));
		refused(await gateway.send('/preset/orders', answer.refresh_token), 401, 'algorithm_rejected');
		refused(await gateway.send('/preset/orders', answer.id_token), 401, 'token_type_rejected');
		return undefined;
	});
}
