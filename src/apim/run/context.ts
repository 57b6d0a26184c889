/** What expressions are evaluated over, made from a run; how it looks is the expressions' business. */
import type { PolicyRun } from './policy-run.ts';

export interface ContextBuilder {
	/** Made once a run; what changes is read when it is asked for. */
	scopeOf(run: PolicyRun): unknown;
	/** As C# `ToString()` gives it; null is the empty text. */
	toText(value: unknown): string;
	/** The `Jwt` of a genuine token, for its variable. */
	jwtOf(token: string, run: PolicyRun): unknown;
}
