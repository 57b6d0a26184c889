import { expect, test } from 'vitest';
import { createSharedKeys } from '#assembly/shared-keys';
import type { VerificationKey } from '#core/index';
import { fakeLog } from '../../test/support/fake-runtime.ts';

function key(thumbprint: string | undefined, issuer?: string): VerificationKey {
	return {
		kid: undefined,
		algorithms: new Set(['RS256']),
		issuer,
		thumbprint,
		public: { verify: () => false },
		retired: false,
		usableUntil: 0,
	};
}

const provider = (name: string, issuer = `https://${name}.example/`) => ({
	name,
	issuers: [issuer],
	issuerTemplate: undefined,
});

function build(...providers: readonly ReturnType<typeof provider>[]) {
	const log = fakeLog();
	const shared = createSharedKeys(log);
	shared.follow(providers);
	return { log, shared };
}

test('a key in two sets is told of both providers, once, and as long as it is so', () => {
	const { log, shared } = build(provider('a'), provider('b'), provider('c'));
	shared.accepted('a', [key('1'), key('2')]);
	shared.accepted('c', [key('3')]);
	expect(log.lines).toEqual([]);
	shared.accepted('b', [key('2'), key('4')]);
	shared.accepted('b', [key('2')]);
	shared.accepted('a', [key('2')]);
	expect(log.lines).toEqual(['warn two issuers share a key {"provider":"b","other":"a"}']);
	expect(shared.warningsOf('a')).toEqual([expect.stringContaining('also a key of b:')]);
	expect(shared.warningsOf('b')).toEqual([expect.stringContaining('also a key of a:')]);
	expect(shared.warningsOf('c')).toEqual([]);
	shared.accepted('a', [key('1')]);
	expect(shared.warningsOf('b')).toEqual([]);
	shared.accepted('a', [key('2')]);
	expect(log.lines).toHaveLength(2);
});

test('two providers of one issuer may share keys, and so may keys that name a tenant’s issuer by template', () => {
	const one = build(provider('a'), provider('b', 'https://a.example/'));
	one.shared.accepted('a', [key('1')]);
	one.shared.accepted('b', [key('1')]);
	const tenants = build(provider('a'), provider('b'));
	for (const name of ['a', 'b']) {
		tenants.shared.accepted(name, [key('1', 'https://login.example/{tenantid}/v2.0'), key(undefined)]);
	}
	for (const { log, shared } of [one, tenants]) {
		expect(log.lines).toEqual([]);
		expect(shared.warningsOf('a')).toEqual([]);
	}
});

test('a provider that is gone is forgotten; the warning names three at most', () => {
	const names = ['a', 'b', 'c', 'd', 'e'];
	const { shared } = build(...names.map((name) => provider(name)));
	for (const name of names) shared.accepted(name, [key('1')]);
	expect(shared.warningsOf('a')[0]).toContain('b, c, d and 1 more');
	shared.follow([provider('a'), provider('b')]);
	expect(shared.warningsOf('a')[0]).toContain('also a key of b:');
	shared.follow([provider('a')]);
	expect(shared.warningsOf('a')).toEqual([]);
	expect(shared.warningsOf('b')).toEqual([]);
});
