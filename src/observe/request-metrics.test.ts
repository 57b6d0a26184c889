import { expect, test } from 'vitest';
import { Evidence, type Principal } from '#core/index';
import { fakeMeter } from '../../test/support/fake-meter.ts';
import { requestView } from '../../test/support/request-view.ts';
import { closeToExpiry, maxClients, metrics } from './catalogue.ts';
import { createRequestMetrics, type MeasuredRequest } from './request-metrics.ts';

const now = 1_767_225_600;

function facts(members: Partial<Evidence> = {}): Evidence {
	return Object.assign(new Evidence(requestView(), now, 0), {
		route: 'orders',
		provider: 'idp',
		tokenId: 'id',
		backendTokenId: undefined,
		...members,
	});
}

function principal(members: Partial<Principal> = {}): Principal {
	return {
		provider: 'idp',
		kind: 'jwt',
		issuer: 'https://idp.example.com/',
		subject: 'user',
		client: 'app',
		audiences: [],
		scopes: new Set(),
		claims: {},
		expiresAt: now + 300,
		notBefore: undefined,
		issuedAt: now,
		confirmation: undefined,
		type: 'at+jwt',
		...members,
	};
}

const allowed: MeasuredRequest = {
	facts: facts({ principal: principal() }),
	decision: 'allow',
	reason: undefined,
	status: 200,
	upstreamDuration: 5,
	now,
};

test('seconds are told, not milliseconds', () => {
	const meter = fakeMeter();
	const measured = createRequestMetrics(meter);
	measured.decided(facts({ cached: true }), 2);
	measured.ended(allowed);
	expect(meter.sum(metrics.decisionDuration.name, 'recalled')).toBe(0.002);
	expect(meter.sum(metrics.upstreamDuration.name, 'orders')).toBe(0.005);
});

test('a lifetime counts once per token: when it is verified, not when it is recalled', () => {
	const meter = fakeMeter();
	const measured = createRequestMetrics(meter);
	measured.decided(facts({ principal: principal() }), 1);
	measured.decided(facts({ principal: principal(), cached: true }), 1);
	measured.decided(facts({ principal: principal({ issuedAt: undefined }) }), 1);
	expect(meter.told.get(`${metrics.tokenLifetime.name}{idp}`)).toEqual([300]);
});

test('close to expiry: allowed requests alone, and only within the last minute', () => {
	const meter = fakeMeter();
	const measured = createRequestMetrics(meter);
	const at = (left: number, more: Partial<MeasuredRequest> = {}) =>
		measured.ended({ ...allowed, facts: facts({ principal: principal({ expiresAt: now + left }) }), ...more });
	at(closeToExpiry);
	at(closeToExpiry - 1);
	at(1, { decision: 'deny', reason: 'scope_insufficient' });
	measured.ended({ ...allowed, facts: facts({ principal: principal({ expiresAt: undefined }) }) });
	expect(meter.sum(metrics.closeToExpiry.name, 'app')).toBe(1);
});

test('clients beyond the hundredth are other, and names are cut', () => {
	const meter = fakeMeter();
	const measured = createRequestMetrics(meter);
	const late = (client: string | undefined) =>
		measured.ended({ ...allowed, facts: facts({ principal: principal({ client, expiresAt: now + 1 }) }) });
	late(undefined);
	for (let i = 0; i < 1000; i++) late(`${'x'.repeat(60)}${i}`);
	late('another');
	late(undefined);
	const names = [...meter.told.keys()].filter((name) => name.startsWith(metrics.closeToExpiry.name));
	expect(names).toHaveLength(maxClients + 1);
	for (const name of names) expect(name.length).toBeLessThan(metrics.closeToExpiry.name.length + 70);
	expect(meter.sum(metrics.closeToExpiry.name, 'none')).toBe(2);
	expect(meter.sum(metrics.closeToExpiry.name, 'other')).toBeGreaterThan(800);
});

test('what the configuration no longer names is forgotten, and comes back with the configuration that names it', () => {
	const meter = fakeMeter();
	const measured = createRequestMetrics(meter);
	const refused: MeasuredRequest = { ...allowed, decision: 'deny', reason: 'token_expired', status: 401 };
	measured.ended(allowed);
	measured.ended({ ...refused, facts: facts({ provider: 'old' }) });
	measured.ended({ ...refused, facts: undefined, reason: 'route_not_found' });
	measured.decided(facts({ principal: principal() }), 1);
	measured.follow(new Set(['orders']), new Set(['idp']));
	const decision = metrics.decisions.name;
	expect([...meter.told.keys()].filter((key) => key.startsWith(decision))).toEqual([
		`${decision}{orders,idp,allow,none}`,
		`${decision}{none,none,deny,route_not_found}`,
	]);
	measured.follow(new Set(), new Set());
	expect([...meter.told.keys()].filter((key) => /orders|idp/.test(key))).toEqual([]);
	// It was decided before, and ends now.
	measured.decided(facts({ principal: principal() }), 1);
	measured.ended(allowed);
	expect([...meter.told.keys()].filter((key) => /orders|idp/.test(key))).toEqual([]);
	measured.follow(new Set(['orders']), new Set());
	measured.ended(allowed);
	expect([...meter.told.keys()].filter((key) => key.includes('idp'))).toEqual([]);
	expect(meter.sum(metrics.responses.name, 'orders', '2xx')).toBe(1);
	measured.follow(new Set(['orders']), new Set(['idp']));
	measured.ended(allowed);
	expect(meter.sum(decision, 'orders', 'idp', 'allow', 'none')).toBe(1);
});

test('in flight is what began and is not over', () => {
	const meter = fakeMeter();
	const measured = createRequestMetrics(meter);
	measured.began();
	measured.began();
	measured.over();
	meter.read();
	expect(meter.told.get(`${metrics.inFlight.name}{}`)).toEqual([1]);
});
