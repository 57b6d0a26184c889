/**
 * Tokens that Keycloak is asked about: as every kind of client, with the full claims of lightweight tokens, and refused
 * in time once they were revoked. Keycloak signs no answers, so a provider that demands it lets nobody in.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { allowed, refused, same } from '../expectations.ts';
import { asUser } from '../population.ts';
import { introspectionCache, type Rig } from '../rig.ts';

const methods = ['basic', 'post', 'secret_jwt', 'key_jwt', 'tls'] as const;

export async function checkIntrospection({ report, realm, population, gateway }: Rig): Promise<void> {
	report.heading('Introspection');
	for (const method of methods) {
		await report.check(`${method}: a lightweight token passes with the claims of the answer`, async () => {
			const { access_token: token } = await realm.token('light', asUser('alice'));
			const sent = await gateway.send(`/${method}/orders`, token);
			allowed(sent);
			const { kind, client, subject } = sent.record;
			same('audit record', { kind, client, subject }, { kind: 'opaque', client: 'light', subject: population.alice });
			return undefined;
		});
	}
	await report.check('a lightweight token says too little to be judged as a JWT', async () => {
		const { access_token: token } = await realm.token('light', asUser('alice'));
		refused(await gateway.send('/preset/orders', token), 401, 'audience_mismatch');
		return undefined;
	});
	await report.check('what Keycloak does not know is inactive', async () => {
		refused(await gateway.send('/basic/orders', 'no-token-of-anybody'), 401, 'token_inactive');
		return undefined;
	});
	await report.check('with a wrong secret of our own: a fault, not the client’s', async () => {
		const { access_token: token } = await realm.token('app', asUser('alice'));
		refused(await gateway.send('/impostor/orders', token), 503, 'introspection_unavailable');
		return undefined;
	});
	await report.check('signed answers demanded: Keycloak has none, so nobody passes', async () => {
		const { access_token: token } = await realm.token('app', asUser('alice'));
		refused(await gateway.send('/signed/orders', token), 503, 'introspection_unavailable');
		const types = ['application/token-introspection+jwt', 'application/jwt'].map(async (accept) => {
			const asked = await realm.ask('token/introspect', 'gateway-signed', { token }, { headers: { accept } });
			return `${accept} gets ${asked.contentType}${'jwt' in asked.body ? ' with a member jwt' : ''}`;
		});
		return (await Promise.all(types)).join('; ');
	});

	report.heading('Revoked at Keycloak');
	for (const [provider, words] of [
		['basic', 'an introspected token'],
		['both', 'a JWT that is introspected as well'],
	] as const) {
		await report.check(`${words} is refused no later than the cache says`, async () => {
			const { access_token: token } = await realm.token('app', asUser('alice'));
			allowed(await gateway.send(`/${provider}/orders`, token));
			await realm.ask('revoke', 'app', { token, token_type_hint: 'access_token' });
			return refusedInTime(() => gateway.send(`/${provider}/orders`, token));
		});
	}
	await report.check('a token whose session was ended is refused no later than the cache says', async () => {
		const { access_token: token, refresh_token: refresh = '' } = await realm.token('light', asUser('alice'));
		allowed(await gateway.send('/basic/orders', token));
		await realm.ask('logout', 'light', { refresh_token: refresh });
		return refusedInTime(() => gateway.send('/basic/orders', token));
	});
	await report.check('without introspection a JWT passes until it expires', async () => {
		const { access_token: token } = await realm.token('app', asUser('alice'));
		await realm.ask('revoke', 'app', { token, token_type_hint: 'access_token' });
		allowed(await gateway.send('/preset/orders', token));
		return undefined;
	});
}

/** A request that is sent when the answer is older than the cache allows must be refused; it counts from the question on. */
async function refusedInTime(send: () => ReturnType<Rig['gateway']['send']>): Promise<string> {
	const start = performance.now();
	let lastPassed = 0;
	for (;;) {
		const sentAt = performance.now() - start;
		const sent = await send();
		if (sent.status !== 200 || sentAt >= introspectionCache) {
			refused(sent, 401, 'token_inactive');
			return `passed for ${Math.round(lastPassed)} ms with cache: ${introspectionCache}ms`;
		}
		lastPassed = sentAt;
		await sleep(50);
	}
}
