/** What tokens of the gateway's own have in common, wherever they are spoken of. */
import type { Algorithm } from './ports.ts';

/** What they may be signed with: what every library that verifies JWTs knows. */
export const mintingAlgorithms = ['ES256', 'EdDSA', 'RS256'] as const satisfies readonly Algorithm[];
export type MintingAlgorithm = (typeof mintingAlgorithms)[number];

/**
 * Claims that decide how the token is judged, which are therefore the gateway's own word and never mapped (RFC 7519 §4.1,
 * RFC 7800 §3.1, RFC 8693 §4). `client_id` is none of them: it is there by itself, and a mapping may replace or drop it.
 */
export const reservedMintedClaims = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf', 'act', 'may_act'] as const;

/** Seconds. Bounds how long a key that signs no more must be published. */
export const longestMintedLifetime = 3_600;
