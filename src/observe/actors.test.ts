import { expect, test } from 'vitest';
import type { JsonValue, Principal } from '#core/index';
import { actorsOf } from './actors.ts';

const withAct = (...act: JsonValue[]): Principal => ({
	provider: 'idp',
	kind: 'jwt',
	issuer: 'https://idp.example.com/',
	subject: 'alice',
	client: 'app',
	audiences: [],
	scopes: new Set(),
	claims: act.length === 0 ? {} : { act: act[0] ?? null },
	expiresAt: undefined,
	notBefore: undefined,
	issuedAt: undefined,
	confirmation: undefined,
	type: undefined,
});

test('the one who acts now first, then those before', () => {
	expect(actorsOf(undefined)).toBeUndefined();
	expect(actorsOf(withAct())).toBeUndefined();
	expect(actorsOf(withAct({ sub: 'orders', act: { client_id: 'front', act: { azp: 'app' } } }))).toEqual([
		'orders',
		'front',
		'app',
	]);
	const known = withAct({ sub: 'orders' });
	expect(actorsOf(known)).toBe(actorsOf(known));
});

test('a chain without end is cut, and what is no actor is one that nobody knows', () => {
	let chain: JsonValue = { sub: 'actor-49' };
	for (let n = 48; n >= 0; n--) chain = { sub: `actor-${n}`, act: chain };
	expect(actorsOf(withAct(chain))).toEqual([...Array.from({ length: 8 }, (_, n) => `actor-${n}`), '…']);
	for (const odd of [null, 'x', [], 1]) expect(actorsOf(withAct(odd))).toEqual(['?']);
	expect(actorsOf(withAct({ sub: 7, client_id: '', act: { sub: 'a' } }))).toEqual(['?', 'a']);
});
