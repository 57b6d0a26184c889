/**
 * Takes a logout token of a provider: verified by the same authenticator, with the same keys and algorithms, as its
 * access tokens, then read as what it is. What it ends is revoked on every gateway.
 */
import type { Cryptography } from '#core/index';
import type { Policy } from '#policy/policy';
import { logoutWindow, readLogoutToken } from '#revocation/logout-token';
import type { EventDenial } from '#revocation/security-events';
import type { Assembly } from './assemble.ts';
import { lifetimeBound, sessionBound } from './lifetime-bound.ts';
import { verifyJwt } from './verify-jwt.ts';

export type LogoutOutcome =
	| { readonly outcome: 'done'; readonly denials: readonly EventDenial[]; readonly issuer: string }
	/** `why` repeats nothing of the token. */
	| { readonly outcome: 'refused'; readonly why: string }
	/** The provider's keys cannot be had at the moment. */
	| { readonly outcome: 'unavailable'; readonly why: string };

/** Seconds for which a logout counts where nothing bounds the provider's tokens. */
const longestToken = 24 * 60 * 60;

const space = 'logout';

export interface Logout {
	/** What a token of this provider ends, once it was found genuine and fresh; nothing is changed yet. */
	read(provider: string, token: string): Promise<LogoutOutcome & { readonly apply?: (by: string) => Promise<boolean> }>;
}

export function createLogout(
	assembly: Pick<Assembly, 'definition' | 'keys' | 'state'> & { readonly policy: Pick<Policy, 'clock'> },
	cryptography: Pick<Cryptography, 'digest'>,
): Logout {
	const { definition, keys, policy, state } = assembly;
	const { clock } = policy;

	/** False for a token that was seen before. One that could not be applied may come again. */
	async function once(issuer: string, jti: string, task: () => Promise<void>): Promise<boolean> {
		const key = cryptography.digest(JSON.stringify([issuer, jti]));
		const version = await state.store.put(space, key, '', { ttl: logoutWindow * 3 * 1000, expected: null });
		if (version === undefined) return false;
		try {
			await task();
			return true;
		} catch (cause) {
			await state.store.remove(space, key, version).catch(() => false);
			throw cause;
		}
	}

	return {
		async read(name, token) {
			const rules = definition.revocation.logout.find(({ provider }) => provider === name);
			if (rules === undefined) return { outcome: 'refused', why: 'no logout tokens are taken for this provider' };
			const verified = await verifyJwt(name, token, { definition, keys, clock });
			if ('why' in verified) return verified;
			const now = clock.now() / 1000;
			const clockSkew = definition.providers.find((candidate) => candidate.name === name)?.clockSkew ?? 0;
			const read = readLogoutToken(verified, { audience: rules.audience, clockSkew, now });
			if (typeof read === 'string') return { outcome: 'refused', why: read };
			const { issuer } = verified;
			const bound = lifetimeBound(definition, name) ?? Math.max(longestToken, sessionBound(definition, name));
			const until = Math.ceil(now + bound);
			return {
				outcome: 'done',
				denials: read.denials,
				issuer,
				apply: (by) =>
					once(issuer, read.jti, async () => {
						for (const denial of read.denials) await state.revocations.revoke({ ...denial, issuer, until }, { by });
					}),
			};
		},
	};
}
