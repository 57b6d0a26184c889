import { expect, test } from 'vitest';
import type { Algorithm, PublicKey, VerificationKey } from '#core/index';
import { judgeIssuer } from './issuer-rule.ts';
import { joinKeys, type KeyMember, policyKeys } from './joined-keys.ts';

const algorithms: ReadonlySet<Algorithm> = new Set<Algorithm>(['RS256', 'PS256']);

function keyOf(thumbprint: string | undefined, issuer?: string): VerificationKey {
	return {
		kid: 'k',
		algorithms,
		thumbprint,
		public: {} as PublicKey,
		issuer,
		retired: false,
		usableUntil: Number.POSITIVE_INFINITY,
	};
}

/** Metadata of `issuer` whose keys are `keys()` now; undefined: they cannot be had. */
function memberOf(issuer: string, keys: () => readonly VerificationKey[] | undefined): KeyMember {
	const { source } = joinKeys([]);
	return {
		issuer: () => issuer,
		isDiscovered: true,
		takesVersionOne: false,
		source: { ...source, candidates: () => keys() ?? 'unavailable' },
	};
}

const none = { listed: new Set<string>() };

function judge(keys: ReturnType<typeof joinKeys>, issuer: string): string {
	const [voucher] = keys.source.candidates('RS256', 'k', 0);
	if (typeof voucher !== 'object') throw new Error('no candidate');
	const principal = { issuer, claims: {} } as Parameters<typeof judgeIssuer>[0];
	return judgeIssuer(principal, keys.vouchingFor(voucher, 0), { ...none, origins: keys.origins });
}

test('a key that two have is tried once, and vouches for both, and for nobody else', () => {
	const keys = joinKeys([memberOf('a', () => [keyOf('t')]), memberOf('b', () => [keyOf('t')])]);
	expect(keys.source.candidates('RS256', 'k', 0)).toHaveLength(1);
	expect([judge(keys, 'a'), judge(keys, 'b'), judge(keys, 'c')]).toEqual(['accepted', 'accepted', 'refused']);
});

test('other keys, and shared secrets, vouch for their own issuer alone', () => {
	const different = joinKeys([memberOf('a', () => [keyOf('t')]), memberOf('b', () => [keyOf('u')])]);
	expect(different.source.candidates('RS256', 'k', 0)).toHaveLength(2);
	expect(judge(different, 'b')).toBe('refused');
	const secrets = joinKeys([memberOf('a', () => [keyOf(undefined)]), memberOf('b', () => [keyOf(undefined)])]);
	expect(secrets.source.candidates('RS256', 'k', 0)).toHaveLength(2);
	expect(judge(secrets, 'b')).toBe('refused');
});

test('what the key of each says of its issuer holds for that one', () => {
	const keys = joinKeys([memberOf('a', () => [keyOf('t', 'a')]), memberOf('b', () => [keyOf('t', 'x')])]);
	expect([judge(keys, 'a'), judge(keys, 'b')]).toEqual(['accepted', 'refused']);
});

test('the word of one that withdrew the key ends; while its keys cannot be had nobody knows', () => {
	let second: readonly VerificationKey[] | undefined = [keyOf('t')];
	const keys = joinKeys([memberOf('a', () => [keyOf('t')]), memberOf('b', () => second)]);
	expect(judge(keys, 'b')).toBe('accepted');
	second = [keyOf('u')];
	expect(judge(keys, 'b')).toBe('refused');
	second = undefined;
	expect([judge(keys, 'a'), judge(keys, 'b'), judge(keys, 'c')]).toEqual(['accepted', 'unknown', 'refused']);
});

test('a key that was no candidate here vouches for nothing', () => {
	const keys = joinKeys([memberOf('a', () => [keyOf('t')])]);
	expect([keys.knows(keyOf('t')), [...keys.vouchingFor(keyOf('t'), 0)]]).toEqual([false, []]);
});

test('a key of the policy for another algorithm does not hide that metadata may have the one that is asked for', () => {
	const secret: VerificationKey = { ...keyOf(undefined), kid: undefined, algorithms: new Set<Algorithm>(['HS256']) };
	const beside = (lookup: ReturnType<KeyMember['source']['candidates']>) => {
		const metadata = memberOf('a', () => []);
		const keys = joinKeys([
			{ ...metadata, source: { ...metadata.source, candidates: () => lookup } },
			policyKeys([secret]),
		]);
		return keys.source.candidates('RS256', 'new', 0);
	};
	expect([beside('unavailable'), beside('unknown'), beside([])]).toEqual(['unavailable', 'unknown', []]);
	expect(beside([keyOf('t')])).toHaveLength(1);
	expect(joinKeys([policyKeys([secret])]).source.candidates('RS256', 'new', 0)).toEqual([]);
});
