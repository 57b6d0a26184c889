/** What a gateway tells of the tokens that it gets for upstreams, over real sockets: counts, times, and no client's word. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GuardedGateway, startGuardedGateway } from './support/guarded-gateway.ts';
import { readMetrics } from './support/metrics.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';
import { startTokenEndpoint, type TokenAnswer, type TokenEndpoint } from './support/token-endpoint.ts';

let idp: TestProvider;
let endpoint: TokenEndpoint;
let rig: GuardedGateway;
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';

beforeAll(async () => {
	idp = await createTestProvider();
	endpoint = await startTokenEndpoint();
	endpoint.answer(({ form }): TokenAnswer => {
		if (form.get('audience') === 'no') return { status: 400, body: { error: 'invalid_target' } };
		if (form.get('audience') === 'broken') return { status: 500 };
		const issued = { access_token: 'a-token-for-an-upstream', token_type: 'Bearer', expires_in: 3600 };
		const isExchange = form.get('grant_type')?.endsWith('token-exchange') === true;
		return { body: isExchange ? { ...issued, issued_token_type: accessToken } : issued };
	});
	const server = { token_endpoint: endpoint.url, client: { id: 'gateway', secret: 'canary-secret-of-the-client' } };
	rig = await startGuardedGateway((upstream) => ({
		admin: { listen: '127.0.0.1:0' },
		providers: { idp: { issuer: idp.issuer, audience: idp.audience } },
		routes: [
			{ path: '/{audience}', upstream, backend_token: { type: 'exchange', audience: '{audience}', ...server } },
			{ path: '/own/x', upstream, backend_token: { type: 'client_credentials', ...server } },
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([endpoint.stop(), idp.stop()]);
});

test('exchanges by outcome, kept tokens by use, own tokens by what they have left; no label of a client’s', async () => {
	for (const jti of ['a', 'b', 'c']) {
		await rig.send({ target: '/orders', token: idp.issue({ sub: 'canary-subject', jti }) });
	}
	const token = idp.issue({ sub: 'canary-subject', jti: 'one' });
	for (let n = 0; n < 3; n++) await rig.send({ target: '/orders', token });
	await rig.send({ target: '/no', token });
	await rig.send({ target: '/broken', token });
	await rig.send({ target: '/own/x', token });
	const text = await (await fetch(`${rig.gateway.gateway.adminUrl}/metrics`)).text();
	const page = readMetrics(text);
	const server = new URL(endpoint.url).host;
	const count = (outcome: string) => page.value('countersign_exchanges_total', { server, outcome });
	expect([count('issued'), count('refused'), count('failed'), count('kept_back')]).toEqual([4, 1, 1, 0]);
	expect(page.value('countersign_exchange_duration_seconds_count', { server })).toBe(6);
	expect(page.value('countersign_exchange_cache_hits_total', { server })).toBe(2);
	expect(page.value('countersign_exchange_cache_entries', { server })).toBe(4);
	expect(page.value('countersign_own_token_remaining_seconds', { token: server })).toBeGreaterThan(3500);
	expect(page.value('countersign_own_token_failing', { token: server })).toBe(0);
	for (const canary of ['canary', 'a-token-for', token]) expect(text).not.toContain(canary);
});
