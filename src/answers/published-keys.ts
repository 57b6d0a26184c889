/**
 * The documents by which backends find the keys of minted tokens: the key set (RFC 7517 §5), and metadata in the form
 * that libraries discover by (OpenID Connect Discovery §4, RFC 8414 §2). There is no authorization server behind them,
 * so no grant, endpoint or response type is named.
 */
import type { Answer, HeaderList } from '#core/index';
import { publishedPaths } from '#formats/published-paths';
import type { MintingKeys } from '#keys/signing/minting-keys';

export interface PublishedKeysOptions {
	readonly issuer: string;
	readonly keys: Pick<MintingKeys, 'published'>;
	/** Seconds that backends may keep the documents without looking again. */
	readonly maxAge: number;
}

export interface PublishedKeys {
	/** `now`: seconds since the epoch. 503 while there is no key: an empty set would be kept as one. */
	keySet(now: number): Answer;
	metadata(now: number): Answer;
}

export function createPublishedKeys({ issuer, keys, maxAge }: PublishedKeysOptions): PublishedKeys {
	const headers: HeaderList = [
		['content-type', 'application/json'],
		['cache-control', `public, max-age=${maxAge}`],
		['x-content-type-options', 'nosniff'],
	];
	const keySetUrl = new URL(issuer).origin + publishedPaths(issuer)[0];

	function answer(now: number, body: (published: ReturnType<MintingKeys['published']>) => unknown): Answer {
		const published = keys.published(now);
		if (published.length > 0) return { status: 200, headers, body: JSON.stringify(body(published)) };
		return {
			status: 503,
			headers: [
				['content-type', 'application/json'],
				['cache-control', 'no-store'],
				['retry-after', '1'],
			],
			body: '{}',
		};
	}

	return {
		keySet: (now) => answer(now, (published) => ({ keys: published.map(({ jwk }) => jwk) })),
		metadata: (now) =>
			answer(now, (published) => ({
				issuer,
				jwks_uri: keySetUrl,
				id_token_signing_alg_values_supported: [...new Set(published.map(({ algorithm }) => algorithm))],
				response_types_supported: [],
				grant_types_supported: [],
				subject_types_supported: ['public'],
			})),
	};
}
