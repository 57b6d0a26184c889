import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Algorithm, VerificationKey } from '#core/index';
import { KeySet } from '#keys/verification/key-set';

function key(name: string, fields: Partial<VerificationKey> = {}): VerificationKey {
	return {
		kid: name,
		algorithms: new Set<Algorithm>(['RS256']),
		issuer: undefined,
		thumbprint: name,
		public: { verify: () => false },
		retired: false,
		usableUntil: 1000,
		...fields,
	};
}

function setOf(keys: readonly VerificationKey[], soleKeyMatchesAnyKid = false): KeySet {
	const set = new KeySet({ soleKeyMatchesAnyKid });
	set.replace(keys);
	return set;
}

test('a kid finds exactly its own keys', () => {
	const [a, b, none] = [key('a'), key('b'), key('n', { kid: undefined })];
	const set = setOf([a, b, none]);
	expect(set.candidates('RS256', 'a')).toEqual([a]);
	expect(set.candidates('RS256', 'A')).toBe('unknown');
	expect(set.candidates('RS256', '')).toBe('unknown');
	for (const kid of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
		expect(set.candidates('RS256', kid)).toBe('unknown');
	const odd = key('odd', { kid: '__proto__' });
	expect(setOf([odd]).candidates('RS256', '__proto__')).toEqual([odd]);
});

test('a known kid whose keys do not fit the algorithm is no unknown key', () => {
	const set = setOf([key('a')]);
	expect(set.candidates('PS256', 'a')).toEqual([]);
	expect(set.candidates('PS256', 'b')).toBe('unknown');
	expect(set.candidates('PS256', undefined)).toBe('unknown');
});

test('keys that share a kid are all candidates, those that fit', () => {
	const rsa = key('1', { kid: 'same' });
	const ec = key('2', { kid: 'same', algorithms: new Set<Algorithm>(['ES256']) });
	const second = key('3', { kid: 'same' });
	expect(setOf([rsa, ec, second]).candidates('RS256', 'same')).toEqual([rsa, second]);
});

test('without a kid at most four keys are tried, with one too', () => {
	const many = Array.from({ length: 9 }, (_, i) => key(`k${i}`, { kid: i % 2 === 0 ? undefined : 'same' }));
	expect(setOf(many).candidates('RS256', undefined)).toEqual(many.slice(0, 4));
	expect(setOf(many).candidates('RS256', 'same')).toHaveLength(4);
});

test('a sole local key without kid serves any kid; two do not, nor does a fetched one', () => {
	const sole = key('s', { kid: undefined });
	expect(setOf([sole], true).candidates('RS256', 'whatever')).toEqual([sole]);
	expect(setOf([sole], true).candidates('ES256', 'whatever')).toEqual([]);
	expect(setOf([sole], false).candidates('RS256', 'whatever')).toBe('unknown');
	expect(setOf([sole, key('t', { kid: undefined })], true).candidates('RS256', 'whatever')).toBe('unknown');
	expect(setOf([key('a')], true).candidates('RS256', 'whatever')).toBe('unknown');
	expect(setOf([], true).candidates('RS256', 'whatever')).toBe('unknown');
});

test('an unchanged key keeps its identity and gets its new time; a changed or missing one is retired', () => {
	const [stays, goes, rebound] = [key('stays'), key('goes'), key('rebound')];
	const set = setOf([stays, goes, rebound]);
	const rebind = key('rebound', { algorithms: new Set<Algorithm>(['PS256']), usableUntil: 2000 });
	set.replace([rebind, key('stays', { usableUntil: 2000 })]);
	expect(set.candidates('RS256', 'stays')).toEqual([stays]);
	expect(set.keys.find((other) => other.kid === 'stays')).toBe(stays);
	expect(stays).toMatchObject({ retired: false, usableUntil: 2000 });
	expect([goes.retired, rebound.retired, rebind.retired]).toEqual([true, true, false]);
	expect(set.candidates('RS256', 'goes')).toBe('unknown');
});

test('thumbprint, kid, issuer and algorithms all make the identity', () => {
	for (const change of [{ thumbprint: 'x' }, { kid: 'x' }, { kid: undefined }, { issuer: 'x' }]) {
		const before = key('a');
		const set = setOf([before]);
		set.replace([key('a', change)]);
		expect(before.retired, JSON.stringify(change)).toBe(true);
		expect(set.keys[0]).not.toBe(before);
	}
});

test('one key listed twice is one key, and secrets are never taken for one another', () => {
	expect(setOf([key('a'), key('a')]).keys).toHaveLength(1);
	expect(setOf([key('a', { thumbprint: undefined }), key('a', { thumbprint: undefined })]).keys).toHaveLength(2);
});

test('over any series of key sets: exactly the current keys are not retired, and look-ups only find current ones', () => {
	const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 });
	fc.assert(
		fc.property(fc.array(names, { minLength: 1 }), (series) => {
			const set = new KeySet({ soleKeyMatchesAnyKid: false });
			const seen = new Set<VerificationKey>();
			for (const current of series) {
				set.replace(current.map((name) => key(name)));
				for (const one of set.keys) seen.add(one);
				expect(new Set(set.keys.map((one) => one.kid))).toEqual(new Set(current));
				for (const one of seen) expect(one.retired).toBe(!set.keys.includes(one));
				for (const name of ['a', 'b', 'c', 'd', 'e', 'f'] as const)
					expect(set.candidates('RS256', name) === 'unknown').toBe(!current.includes(name));
			}
		}),
	);
});
