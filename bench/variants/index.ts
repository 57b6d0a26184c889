/** All variants, in the order of the report. A new one: a file beside this one, and a line here. */
import { apimPolicy } from './apim-policy.ts';
import { dpopOnMemory, dpopOnRedis, dpopOnSqlite } from './dpop.ts';
import { exchange } from './exchange.ts';
import { headersFromClaims } from './headers-from-claims.ts';
import { introspection } from './introspection.ts';
import { minted } from './minted.ts';
import { sharedAccess } from './shared-access.ts';
import type { Variant } from './variant.ts';

export const variants: readonly Variant[] = [
	introspection,
	sharedAccess,
	dpopOnMemory,
	dpopOnSqlite,
	dpopOnRedis,
	headersFromClaims,
	minted,
	exchange,
	apimPolicy,
];
