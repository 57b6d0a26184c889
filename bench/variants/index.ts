/** All variants, in the order of the report. A new one: a file beside this one, and a line here. */
import { headersFromClaims } from './headers-from-claims.ts';
import type { Variant } from './variant.ts';

export const variants: readonly Variant[] = [headersFromClaims];
