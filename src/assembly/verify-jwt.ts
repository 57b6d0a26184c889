/**
 * A JWT of a provider that is no access token (a logout token, an ID token): its signature, form and issuer, verified by
 * the same authenticator, with the same keys and algorithms, as access tokens. What it is, and for whom, is for the caller.
 */
import type { Definition } from '#config/definition';
import { type Clock, Evidence, isFaultReason, type Principal, type RequestView } from '#core/index';
import type { KeySource } from '#keys/verification/key-source';
import { createJwtAuthenticator } from '#pipeline/authenticate/jwt';
import { createIssuerCheck } from '#pipeline/authorize/issuer';
import { evaluate } from '#policy/evaluate';

export interface VerifyJwtParts {
	readonly definition: Pick<Definition, 'providers'>;
	readonly keys: ReadonlyMap<string, KeySource>;
	readonly clock: Clock;
}

export type UnverifiedJwt =
	/** `why` repeats nothing of the token. */
	| { readonly outcome: 'refused'; readonly why: string }
	/** The provider's keys cannot be had at the moment. */
	| { readonly outcome: 'unavailable'; readonly why: string };

const location = { in: 'header', name: 'token-of-the-provider' } as const;

export async function verifyJwt(
	name: string,
	token: string,
	{ definition, keys, clock }: VerifyJwtParts,
): Promise<Principal | UnverifiedJwt> {
	const provider = definition.providers.find((candidate) => candidate.name === name);
	const source = keys.get(name);
	if (provider === undefined || source === undefined) return { outcome: 'refused', why: 'no such provider' };
	const evidence = new Evidence(noRequest, clock.now() / 1000, clock.monotonic());
	evidence.credential = { scheme: 'bearer', token, location };
	const checks = [
		...createJwtAuthenticator([
			{
				...provider,
				algorithms: new Set(provider.algorithms),
				keys: source,
				// Logout tokens are signed (OpenID Connect Back-Channel Logout §2.4); encrypted ones are not taken.
				decryption: [],
				tokenFrom: [location],
			},
		]),
		createIssuerCheck(provider.issuers, provider.issuerTemplate),
	];
	const reason = await evaluate(checks, evidence);
	if (reason === null && evidence.principal !== undefined) return evidence.principal;
	if (reason !== null && isFaultReason(reason)) return { outcome: 'unavailable', why: reason };
	return { outcome: 'refused', why: reason ?? 'token_malformed' };
}

/** Such a token comes with no request that any check of these would look at. */
export const noRequest: RequestView = {
	method: 'POST',
	target: '/',
	scheme: 'http',
	host: '',
	headerCount: () => 0,
	header: () => undefined,
	fields: () => [],
	peer: '',
	serverName: undefined,
	clientCertificate: undefined,
};
