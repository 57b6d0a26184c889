import { expect, test } from 'vitest';
import type { JsonObject, Voucher } from '#core/index';
import { createGenuineTokens, type GenuineToken } from './genuine-tokens.ts';

const voucher: Voucher = { issuer: undefined, retired: false, usableUntil: Number.POSITIVE_INFINITY };

function genuine(claims: JsonObject, scopes: readonly string[] = [], provider = 'a'): GenuineToken {
	return {
		principal: {
			provider,
			kind: 'jwt',
			issuer: 'https://a.example.com/',
			subject: undefined,
			client: undefined,
			audiences: [],
			scopes: new Set(scopes),
			claims,
			expiresAt: undefined,
			notBefore: undefined,
			issuedAt: undefined,
			confirmation: undefined,
			type: undefined,
		},
		scheme: 'bearer',
		voucher,
		generation: 'g',
		endsAt: 0,
		expiresMonotonic: 0,
		tokenId: 't',
	};
}

/** How many of these a mebibyte holds. */
function kept(token: GenuineToken): number {
	const tokens = createGenuineTokens(1024 * 1024);
	for (let i = 0; i < 2000; i++) tokens.admit(String(i), token);
	return tokens.size;
}

test('an entry counts for what its parts take in memory, not for its text alone', () => {
	const list = Array.from({ length: 3000 }, () => ({}));
	const scopes = Array.from({ length: 3000 }, (_, i) => i.toString(36));
	expect(kept(genuine({ sub: 'user', scope: 'read' }))).toBeGreaterThan(500);
	// Measured: 188 KiB and 131 KiB each, for tokens of about 12 KiB.
	expect(kept(genuine({ list }))).toBeLessThanOrEqual(5);
	expect(kept(genuine({ scope: scopes.join(' ') }, scopes))).toBeLessThanOrEqual(8);
});

test('one entry per provider, the newest of each', () => {
	const tokens = createGenuineTokens(1024 * 1024);
	const newest = genuine({ sub: '2' });
	tokens.admit('digest', genuine({ sub: '1' }));
	tokens.admit('digest', genuine({}, [], 'b'));
	tokens.admit('digest', newest);
	expect(tokens.recall('digest')?.map(({ principal }) => principal.provider)).toEqual(['b', 'a']);
	expect(tokens.recall('digest')?.[1]).toBe(newest);
	expect(tokens.recall('other')).toBeUndefined();
	expect(createGenuineTokens(0).recall('digest')).toBeUndefined();
});
