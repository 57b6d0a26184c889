/** What `explain` says of opaque tokens, and to whom it shows them. */
import { expect, test } from 'vitest';
import type { JsonObject } from '#core/index';
import { judgeAnswer } from '#pipeline/authenticate/introspection/answer';
import type { Introspector } from '#pipeline/authenticate/introspection/introspector';
import { explain } from '#policy/explain';
import { definition, provider, route, rules } from './support/definition.ts';
import { token as jwtOf, testPolicy } from './support/policy.ts';
import { bearer, requestView } from './support/request-view.ts';
import { testKey } from './support/sign-jws.ts';

const key = testKey('ES256', 'explained');
const api = 'https://api.example.com';

/** Says the same of every token, and remembers which it was asked about. */
function saying(name: string, answer: JsonObject): Introspector & { readonly asked: string[] } {
	const asked: string[] = [];
	const of = provider({ name });
	return {
		asked,
		async introspect(token) {
			asked.push(token);
			const judged = judgeAnswer(answer, of);
			const voucher = { issuer: undefined, retired: false, usableUntil: Number.POSITIVE_INFINITY };
			return judged.kind === 'active' ? { ...judged, voucher } : judged;
		},
		expected: 'active: true',
		start: () => Promise.resolve(),
		status: () => {
			throw new Error('nobody asks');
		},
	};
}

function world(answers: { readonly first: JsonObject; readonly second: JsonObject; readonly idp: JsonObject }) {
	const introspectors = new Map(Object.entries(answers).map(([name, answer]) => [name, saying(name, answer)]));
	const opaque = { tokens: ['opaque'], keys: { from: 'none' } } as const;
	const introspection = {
		endpoint: { from: 'url', url: 'https://idp.example.com/introspect' },
		client: { id: 'gateway', authentication: { method: 'bearer', token: 'x' } },
		cache: 0,
		negativeCache: 0,
		timeout: 1,
		concurrency: 1,
		signed: false,
		jwts: true,
	} as const;
	const to = (name: string) => route({ name, path: `/${name}`, rules: [rules({ provider: name })] });
	const { policy, decide } = testPolicy(
		definition({
			providers: [
				provider({ name: 'first', ...opaque }),
				provider({ name: 'second', ...opaque }),
				provider({ name: 'idp', introspection }),
			],
			routes: [to('first'), to('second'), to('idp'), { ...to('idp'), name: 'idp-too', path: '/idp-too' }],
		}),
		{ idp: [key] },
		undefined,
		introspectors,
	);
	const ask = (target: string, token: string) => requestView({ target, headers: [bearer(token)] });
	return { policy, decide, introspectors, ask };
}

const yes = { active: true, aud: api, exp: Date.UTC(2026, 0, 1) / 1000 + 60 };

test('the checks of an opaque token in their order, and no other server sees it', async () => {
	const { policy, introspectors, ask } = world({ first: yes, second: yes, idp: yes });
	const found = await explain(policy, ask('/first', 'opaque-canary'));
	expect(found).toMatchObject({ outcome: 'allow', kind: 'opaque', provider: 'first', genuine: true });
	expect(found.findings.map(({ check, outcome }) => `${check} ${outcome}`).slice(2, 8)).toEqual([
		'credential passed',
		'credential_form passed',
		'provider passed',
		'introspection passed',
		'type passed',
		'issuer passed',
	]);
	expect(introspectors.get('first')?.asked).toEqual(['opaque-canary']);
	expect(introspectors.get('second')?.asked).toEqual([]);
	expect(introspectors.get('idp')?.asked).toEqual([]);
	expect(JSON.stringify(found)).not.toContain('canary');
});

test('an inactive token: what was said, nothing judged behind it, and as decide decides', async () => {
	const { policy, decide, ask } = world({ first: { active: false }, second: yes, idp: yes });
	const found = await explain(policy, ask('/first', 'opaque'));
	expect(found).toMatchObject({ outcome: 'token_inactive', check: 'introspection', genuine: false });
	expect(found.findings.find(({ check }) => check === 'introspection')).toMatchObject({
		expected: 'active: true',
		found: 'active: false',
	});
	expect(found.findings.filter(({ outcome }) => outcome === 'not_judged').length).toBeGreaterThan(3);
	expect(await decide(ask('/first', 'opaque'))).toMatchObject({ kind: 'deny', reason: 'token_inactive' });
});

test('a JWT that was revoked: every rule is judged, and no other route accepts it', async () => {
	const token = jwtOf('idp', key);
	const good = world({ first: yes, second: yes, idp: yes });
	expect(await explain(good.policy, good.ask('/idp', token))).toMatchObject({
		outcome: 'allow',
		elsewhere: { routes: ['idp-too'] },
	});
	const revoked = world({ first: yes, second: yes, idp: { active: false } });
	const found = await explain(revoked.policy, revoked.ask('/idp', token));
	expect(found).toMatchObject({ outcome: 'token_inactive', check: 'introspection', elsewhere: { routes: [] } });
	expect(found.findings.find(({ check }) => check === 'audience')?.outcome).toBe('passed');
	// An unverified one is not worth a question.
	const before = revoked.introspectors.get('idp')?.asked.length;
	await explain(revoked.policy, revoked.ask('/idp', jwtOf('idp', testKey('ES256', 'stranger'), {}, { kid: key.kid })));
	expect(revoked.introspectors.get('idp')?.asked).toHaveLength(before ?? -1);
});
