import { expect, test } from 'vitest';
import { Evidence, type Principal } from '#core/index';
import { fakeLog } from '../../test/support/fake-runtime.ts';
import { requestView } from '../../test/support/request-view.ts';
import { createUnderWay, type Ending } from './under-way.ts';

function evidence(subject: string | undefined): Evidence {
	const gathered = new Evidence(requestView({}), 1_000, 0);
	if (subject === undefined) return gathered;
	const principal: Principal = {
		provider: 'idp',
		kind: 'jwt',
		issuer: 'https://idp.example.com/',
		subject,
		client: undefined,
		audiences: [],
		scopes: new Set(),
		claims: {},
		expiresAt: undefined,
		notBefore: undefined,
		issuedAt: undefined,
		confirmation: undefined,
		type: undefined,
	};
	gathered.principal = principal;
	return gathered;
}

/** Denies whoever is in `denied`; keeps whom it was asked about. */
function setUp() {
	const denied = new Set<string>();
	const asked: string[] = [];
	const cuts: string[] = [];
	const log = fakeLog();
	const judge = (_: Evidence, { subject = '' }: Principal): Ending | undefined => {
		asked.push(subject);
		return denied.has(subject)
			? { reason: 'token_revoked', check: 'revocation', found: `revoked: ${subject}` }
			: undefined;
	};
	const underWay = createUnderWay({ judge, log });
	const add = (subject: string | undefined, cut = () => void cuts.push(subject ?? '')) => {
		const gathered = evidence(subject);
		return { gathered, over: underWay.add(gathered, cut) };
	};
	return { underWay, denied, asked, cuts, log, judge, add };
}

test('what a review finds to be over is cut, once, and its facts say why; the rest stays', () => {
	const { underWay, denied, cuts, judge, add } = setUp();
	const { gathered } = add('alice');
	add('bob');
	denied.add('alice');
	expect(cuts).toEqual([]);
	underWay.review(judge);
	underWay.review(judge);
	expect([cuts, underWay.size]).toEqual([['alice'], 1]);
	expect(gathered).toMatchObject({ check: 'revocation', found: 'revoked: alice' });
});

test('what was denied before it was open is cut, but not before it is known who is to be told', async () => {
	const { underWay, denied, cuts, add } = setUp();
	denied.add('alice');
	add('alice');
	expect(cuts).toEqual([]);
	await Promise.resolve();
	expect([cuts, underWay.size]).toEqual([['alice'], 0]);
	add('alice').over();
	await Promise.resolve();
	expect(cuts).toEqual(['alice']);
});

test('what is over is neither kept nor judged, and without a principal nothing is', () => {
	const { underWay, denied, asked, cuts, judge, add } = setUp();
	add('alice').over();
	add(undefined).over();
	add(undefined);
	denied.add('alice');
	underWay.review(judge);
	expect([underWay.size, asked, cuts]).toEqual([0, ['alice'], []]);
});

test('one that cannot be cut keeps no other one open', () => {
	const { underWay, denied, cuts, log, judge, add } = setUp();
	add('alice', () => {
		throw new Error('no');
	});
	add('bob');
	denied.add('alice').add('bob');
	underWay.review(judge);
	expect([cuts, underWay.size]).toEqual([['bob'], 0]);
	expect(log.lines.join('\n')).toContain('could not be ended');
});
