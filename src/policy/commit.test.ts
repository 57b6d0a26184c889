import { expect, test } from 'vitest';
import type { Effect, Evidence, Reason } from '#core/index';
import { createDecide } from '#policy/decide';
import { explain } from '#policy/explain';
import { createRouteTable } from '#policy/route-table';
import { definition, provider, route, rules } from '../../test/support/definition.ts';
import { testPolicy, token } from '../../test/support/policy.ts';
import { requestView } from '../../test/support/request-view.ts';
import { testKey } from '../../test/support/sign-jws.ts';

const key = testKey('ES256', 'commit');
const gateway = definition({
	providers: [provider({ name: 'idp' })],
	routes: [
		route({ name: 'api', path: '/api', rules: [rules({ provider: 'idp', scopes: { allOf: ['read'], anyOf: [] } })] }),
		route({ name: 'open', path: '/open', public: true }),
	],
});

/** The policy of `gateway` with these effects on every route. */
function withEffects(...commit: readonly Effect[]) {
	const { policy } = testPolicy(gateway, { idp: [key] });
	const routes = policy.routes.map((compiled) => ({ ...compiled, commit }));
	const patterns = gateway.routes.map((pattern, i) => {
		const compiled = routes[i];
		if (compiled === undefined) throw new Error('a route is missing');
		return { pattern, route: compiled };
	});
	return { ...policy, routes, table: createRouteTable(patterns) };
}

function effect(log: string[], name: string, answer: Reason | null | Promise<Reason | null>): Effect {
	return {
		name: 'limits',
		needs: 'request',
		judge(evidence: Evidence) {
			log.push(`${name} of ${evidence.principal?.subject ?? 'nobody'}`);
			return answer;
		},
		look: () => answer,
		expected: () => 'something',
		found: () => 'something else',
	};
}

const asked = (bearer: string | undefined, target = '/api') =>
	requestView({ target, headers: bearer === undefined ? [] : [['authorization', `Bearer ${bearer}`]] });
const good = () => token('idp', key, { scope: 'read' });

test('effects come last, in order, and only when everything else has passed', async () => {
	const log: string[] = [];
	const decide = createDecide(withEffects(effect(log, 'first', null), effect(log, 'second', Promise.resolve(null))));
	for (const bearer of [undefined, 'nonsense', token('idp', key, { scope: 'write' })]) await decide(asked(bearer));
	expect(log).toEqual([]);
	expect(await decide(asked(good()))).toMatchObject({ kind: 'allow' });
	expect(log).toEqual(['first of user', 'second of user']);
});

test('on a public route too', async () => {
	const log: string[] = [];
	const decide = createDecide(withEffects(effect(log, 'only', null)));
	expect(await decide(asked(undefined, '/open'))).toMatchObject({ kind: 'allow' });
	expect(log).toEqual(['only of nobody']);
});

test.each([
	['at once', 'rate_limited'],
	['later', Promise.resolve('rate_limited' as const)],
] as const)('the first refusal ends it, %s', async (_, answer) => {
	const log: string[] = [];
	const decide = createDecide(withEffects(effect(log, 'first', answer), effect(log, 'second', null)));
	expect(await decide(asked(good()))).toMatchObject({
		kind: 'deny',
		reason: 'rate_limited',
		facts: { check: 'limits', expected: 'something', found: 'something else' },
	});
	expect(log).toEqual(['first of user']);
});

test('a known token is decided at once as long as no effect waits', async () => {
	const log: string[] = [];
	const bearer = good();
	const decide = createDecide(withEffects(effect(log, 'only', null)));
	await decide(asked(bearer));
	expect(decide(asked(bearer))).toMatchObject({ kind: 'allow' });
});

test('explain looks and commits nothing', async () => {
	const log: string[] = [];
	const policy = withEffects(effect(log, 'only', 'rate_limited'));
	const { outcome, findings } = await explain(policy, asked(good()));
	expect(outcome).toBe('rate_limited');
	expect(findings.at(-1)).toMatchObject({ check: 'limits', outcome: 'refused', found: 'something else' });
	expect((await explain(policy, asked(undefined, '/open'))).outcome).toBe('rate_limited');
	expect(log).toEqual([]);
});
