import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Evidence, type JsonObject, type Principal, type VerificationKey } from '#core/index';
import { requestView } from '../../test/support/request-view.ts';
import { nodeCryptography } from '../runtime/node/cryptography.ts';
import { createDenySet } from './deny-set.ts';
import { type Denial, type Revocation, revocationId, revocationKinds } from './revocation.ts';
import { tokenIdentity } from './token-identity.ts';

const { digest } = nodeCryptography;
const now = 1_000_000;
const issuer = 'https://idp.example.com/';

function principal(parts: Partial<Principal> = {}): Principal {
	return {
		provider: 'idp',
		kind: 'jwt',
		issuer,
		subject: 'alice',
		client: 'app',
		audiences: [],
		scopes: new Set(),
		claims: { jti: 'j1', sid: 's1' } satisfies JsonObject,
		expiresAt: now + 100,
		notBefore: undefined,
		issuedAt: now - 10,
		confirmation: undefined,
		type: undefined,
		...parts,
	};
}

function evidence(token = 'h.p.s', kid = 'k1'): Evidence {
	const gathered = new Evidence(requestView({}), now, 0);
	gathered.credential = { scheme: 'bearer', token, location: { in: 'header', name: 'authorization' } };
	const key: VerificationKey = {
		kid,
		algorithms: new Set(['RS256']),
		issuer: undefined,
		thumbprint: undefined,
		public: { verify: () => true },
		retired: false,
		usableUntil: Number.POSITIVE_INFINITY,
	};
	gathered.voucher = key;
	return gathered;
}

function revocation(denial: Partial<Denial> & Pick<Denial, 'kind' | 'value'>): Revocation {
	const full: Denial = { issuer, issuedBefore: undefined, until: now + 60, ...denial };
	return { ...full, id: revocationId(full, digest), at: now, by: 'test', note: undefined };
}

function denies(denial: Parameters<typeof revocation>[0], who = principal(), gathered = evidence()): boolean {
	const set = createDenySet({ digest });
	set.put(revocation(denial));
	return set.find(who, gathered) !== undefined;
}

test.each([
	['issuer', '', ''],
	['subject', 'alice', 'bob'],
	['client', 'app', 'App'],
	['session', 's1', 's2'],
	['jti', 'j1', 'j'],
	['key', 'k1', 'k2'],
] as const)('%s: denied of this issuer, of no other, and not for another value', (kind, value, another) => {
	expect(denies({ kind, value })).toBe(true);
	expect(denies({ kind, value, issuer: 'https://other.example.com/' })).toBe(false);
	if (another !== '') expect(denies({ kind, value: another })).toBe(false);
	expect(denies({ kind, value, until: now })).toBe(false);
	expect(denies({ kind, value, issuedBefore: now - 10 })).toBe(false);
	expect(denies({ kind, value, issuedBefore: now - 9 })).toBe(true);
	expect(denies({ kind, value, issuedBefore: now - 500 }, principal({ issuedAt: undefined }))).toBe(true);
});

test('what is asked again later is judged by the time that it is then', () => {
	const set = createDenySet({ digest });
	set.put(revocation({ kind: 'subject', value: 'alice' }));
	const [who, gathered] = [principal(), evidence()];
	expect([now + 59, now + 60].map((later) => set.find(who, gathered, later) !== undefined)).toEqual([true, false]);
	expect(set.find(who, gathered)).toBeDefined();
});

test('claims that are no text, or not there, are nobody', () => {
	for (const claims of [{}, { jti: 7, sid: ['s1'] }, { jti: null }] as const) {
		const who = principal({ claims, subject: undefined, client: undefined });
		for (const kind of ['subject', 'client', 'session', 'jti'] as const) {
			expect(denies({ kind, value: 's1' }, who)).toBe(false);
			expect(denies({ kind, value: '' }, who)).toBe(false);
		}
	}
	expect(denies({ kind: 'subject', value: '__proto__' }, principal({ issuer: '__proto__' }))).toBe(false);
});

test('B08: a token that was revoked by its digest stays revoked with any other signature', () => {
	const value = digest(tokenIdentity('jwt', 'h.p.s', 'bearer'));
	const denial = { kind: 'digest', value, issuer: '' } as const;
	expect(denies(denial)).toBe(true);
	expect(denies(denial, principal(), evidence('h.p.twin'))).toBe(true);
	expect(denies(denial, principal(), evidence('h.q.s'))).toBe(false);
	expect(denies(denial, principal({ kind: 'opaque' }))).toBe(false);
	const opaque = digest(tokenIdentity('opaque', 'a.b', 'bearer'));
	expect(denies({ kind: 'digest', value: opaque, issuer: '' }, principal({ kind: 'opaque' }), evidence('a.b'))).toBe(
		true,
	);
	expect(denies({ kind: 'digest', value: opaque, issuer: '' }, principal({ kind: 'opaque' }), evidence('a.c'))).toBe(
		false,
	);
});

test('a shared access signature with its fields in another order is the same one', () => {
	const fields = [
		'sr=sb%3A%2F%2Fbus.example.net%2F',
		'sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D',
		'se=1900000000',
		'skn=Root',
	];
	const identity = (order: readonly number[]) =>
		tokenIdentity('shared_access', order.map((i) => fields[i]).join('&'), 'sharedaccesssignature');
	expect(identity([3, 2, 1, 0])).toBe(identity([0, 1, 2, 3]));
	expect(identity([0, 1, 2, 3])).not.toContain('sig=');
	const other = tokenIdentity('shared_access', fields.join('&').replace('Root', 'Other'), 'sharedaccesssignature');
	expect(other).not.toBe(identity([0, 1, 2, 3]));
});

test('whatever is put and removed, what is found is what a list of them says', () => {
	const values = ['alice', 'app', 's1', 'j1', 'k1', ''];
	const one = fc.record({
		kind: fc.constantFrom(...revocationKinds.filter((kind) => kind !== 'digest')),
		value: fc.constantFrom(...values),
		issuer: fc.constantFrom(issuer, 'other'),
		issuedBefore: fc.constantFrom(undefined, now - 20, now),
		until: fc.constantFrom(now - 1, now + 60),
	});
	fc.assert(
		fc.property(fc.array(fc.tuple(one, fc.boolean()), { maxLength: 30 }), (steps) => {
			const set = createDenySet({ digest });
			const model = new Map<string, Revocation>();
			for (const [denial, isPut] of steps) {
				const entry = revocation(denial);
				if (isPut) {
					set.put(entry);
					model.set(entry.id, entry);
				} else {
					set.remove(entry.id);
					model.delete(entry.id);
				}
			}
			const own: Readonly<Record<string, string>> = {
				subject: 'alice',
				client: 'app',
				session: 's1',
				jti: 'j1',
				key: 'k1',
				issuer: '',
			};
			const expected = [...model.values()].some(
				(entry) =>
					entry.issuer === issuer &&
					own[entry.kind] === entry.value &&
					entry.until > now &&
					(entry.issuedBefore === undefined || now - 10 < entry.issuedBefore),
			);
			expect(set.find(principal(), evidence()) !== undefined).toBe(expected);
			expect(set.size).toBe(model.size);
			set.purge(now);
			expect(set.list().every(({ until }) => until > now)).toBe(true);
		}),
	);
});
