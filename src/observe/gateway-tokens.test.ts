import { expect, test } from 'vitest';
import type { Facts, Principal } from '#core/index';
import { gatewayTokenNearExpiry, maxClients, metrics } from '#observe/catalogue';
import { createGatewayTokenWatch, type GatewayTokenEvent } from '#observe/gateway-tokens';
import { fakeMeter } from '../../test/support/fake-meter.ts';

const now = 1_800_000_000;

function setUp(providers = ['contoso']) {
	const meter = fakeMeter();
	const events: GatewayTokenEvent[] = [];
	const watch = createGatewayTokenWatch(meter, (event) => events.push(event));
	watch.follow(new Set(providers));
	const sum = (gateway: string, state: string) => meter.sum(metrics.gatewayTokens.name, 'contoso', gateway, state);
	return { meter, events, watch, sum };
}

function facts(expiresAt: number | undefined, client = 'edge', provider = 'contoso'): Facts {
	const principal = { provider, client, expiresAt } as Principal;
	return { principal, tokenId: 'digest' } as Facts;
}

const allowed = (expiresAt: number | undefined, client?: string, provider?: string, at = now) =>
	({ facts: facts(expiresAt, client, provider), decision: 'allow', reason: undefined, now: at }) as const;
const expired = (at = now, client?: string) =>
	({ facts: facts(now - 1, client), decision: 'deny', reason: 'token_expired', now: at }) as const;

test('a token with less than seven days left is counted at each request, and told once an hour', () => {
	const { events, watch, sum } = setUp();
	const ends = now + gatewayTokenNearExpiry - 1;
	for (const at of [now, now + 1, now + 3599]) watch.ended(allowed(ends, 'edge', 'contoso', at));
	expect(sum('edge', 'near_expiry')).toBe(3);
	expect(events).toEqual([
		{
			time: new Date(now * 1000).toISOString(),
			event: 'gateway_token_near_expiry',
			provider: 'contoso',
			gateway: 'edge',
			expires_at: new Date(ends * 1000).toISOString(),
			token_id: 'digest',
		},
	]);
	watch.ended(allowed(ends, 'edge', 'contoso', now + 3600));
	expect(events).toHaveLength(2);
});

test('one that has ended is told apart', () => {
	const { events, watch, sum } = setUp();
	watch.ended(allowed(now + 60));
	watch.ended(expired());
	expect([sum('edge', 'near_expiry'), sum('edge', 'expired')]).toEqual([1, 1]);
	expect(events.map(({ event }) => event)).toEqual(['gateway_token_near_expiry', 'gateway_token_expired']);
});

test('nothing is counted of tokens with time left, of other providers, of what is not genuine, or of other refusals', () => {
	const { meter, events, watch } = setUp();
	watch.ended(allowed(now + gatewayTokenNearExpiry));
	watch.ended(allowed(now + 60, 'edge', 'idp'));
	watch.ended(allowed(undefined));
	watch.ended({ ...expired(), facts: { ...facts(now - 1), principal: undefined } });
	watch.ended({ ...expired(), facts: undefined });
	watch.ended({ ...allowed(now + 60), decision: 'deny', reason: 'scope_insufficient' });
	expect([meter.told.size, events]).toEqual([0, []]);
});

test('more gateways than have series are counted together', () => {
	const { meter, events, watch, sum } = setUp();
	for (let index = 0; index < 2 * maxClients + 50; index++) watch.ended(allowed(now + 60, `edge-${index}`));
	watch.ended(expired(now, 'late'));
	expect(sum('other', 'near_expiry')).toBe(50);
	expect(sum('other', 'expired')).toBe(1);
	expect(meter.told.size).toBe(2 * maxClients + 2);
	expect(events).toHaveLength(2 * maxClients + 2);
});

test('series of a provider that is gone are forgotten', () => {
	const { meter, watch } = setUp();
	watch.ended(allowed(now + 60));
	watch.follow(new Set(['other']));
	expect(meter.told.size).toBe(0);
	watch.ended(allowed(now + 60));
	expect(meter.told.size).toBe(0);
});
