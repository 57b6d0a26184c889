/**
 * A policy of Azure API Management as native providers and rules of a route, where these decide alike; else the reasons why
 * it stays a policy. Never more permissive: whatever token or request the policy refuses, the rules refuse too. Whoever
 * translates reads in the notes in what the rules are stricter, and what clients read differently.
 *
 * The policy must have been read without an error. Nothing is fetched.
 */
import type { ProviderFile, RouteFile } from '#config/schema';
import type { ReadPolicy } from '../statements/read-policy.ts';
import type { Statement } from '../statements/statement.ts';
import type { KnownCertificate } from './keys.ts';
import { type Note, Notes, type Spot } from './notes.ts';
import { createReferences } from './references.ts';
import {
	type RouteChanges,
	type StatementSurroundings,
	translateInbound,
	translateOnError,
	translateOutbound,
	withoutFragments,
} from './statements.ts';
import { translateValidation, type Validation } from './validation.ts';

export interface TranslationInput {
	readonly policy: ReadPolicy;
	/** The same, read with `markOf(name)` for each named value. */
	readonly marked: ReadPolicy;
	/** Where that reading found what it could not read: what is a number or a word here hangs on a named value. */
	readonly unreadable: readonly Spot[];
	/** The environment variable for a named value. */
	readonly variableOf: (namedValue: string) => string;
	/** By the id that policies name. */
	readonly certificates: ReadonlyMap<string, KnownCertificate>;
	/** What metadata documents name as their issuer, by URL, as far as somebody has looked. */
	readonly issuers: ReadonlyMap<string, string>;
}

export type Translation =
	| {
			readonly kind: 'translated';
			/** At least one; names are the caller’s. */
			readonly providers: readonly ProviderFile[];
			/** Without name, path and providers; `upstream` where the policy names one. */
			readonly route: Omit<RouteFile, 'upstream'> & { readonly upstream?: string };
			/** `stricter`, `answer`, `changed`. */
			readonly notes: readonly Note[];
	  }
	/** `notes`: the causes, at least one. */
	| { readonly kind: 'kept'; readonly notes: readonly Note[] };

export function translatePolicy({
	policy,
	marked,
	unreadable,
	variableOf,
	certificates,
	issuers,
}: TranslationInput): Translation {
	const notes = new Notes();
	const references = createReferences(marked, variableOf);
	const inbound = withoutFragments(policy.sections.inbound);
	const first = inbound.findIndex(isValidation);
	const validation = inbound[first];
	if (validation === undefined || !isValidation(validation)) {
		const [place] = Object.values(policy.sections).flat();
		const start = { file: policy.scopes[0]?.file ?? '', position: { line: 1, column: 1 } };
		notes.keep(
			inbound[0]?.place ?? place?.place ?? start,
			'no token is checked on every way: a native route has a provider, or is public',
		);
		// Causes of the statements, too: a check within a choose is the usual one.
		for (const statement of inbound)
			if (statement.kind === 'choose') notes.keep(statement.place, 'choose depends on the request');
		return { kind: 'kept', notes: notes.list };
	}
	const status = translateOnError(withoutFragments(policy.sections['on-error']), notes);
	const surroundings: StatementSurroundings = { references, notes, tokenHeader: tokenHeaderOf(validation) };
	const changes: RouteChanges = {
		...translateInbound(inbound.slice(0, first), inbound.slice(first + 1), surroundings),
		...translateOutbound(withoutFragments(policy.sections.outbound), surroundings),
	};
	const backend = withoutFragments(policy.sections.backend);
	translateInbound(backend, [], surroundings);
	const forwards = backend.filter(({ kind }) => kind === 'forward-request').length;
	if (forwards !== 1) notes.keep(validation.place, 'its backend does not forward each request once');
	const translated = translateValidation(validation, { certificates, issuers, references, notes, status });
	if (notes.isKept || translated === undefined) {
		if (!notes.isKept) notes.keep(validation.place, 'the check of the token cannot be said natively');
		return { kind: 'kept', notes: notes.list };
	}
	for (const spot of unreadable) notes.add('changed', spot, 'the named value here is written out as it is now');
	return {
		kind: 'translated',
		providers: translated.providers,
		route: { ...translated.rules, ...changes },
		notes: notes.list,
	};
}

function isValidation(statement: Statement): statement is Validation {
	return statement.kind === 'validate-jwt' || statement.kind === 'validate-azure-ad-token';
}

function tokenHeaderOf({ token }: Validation): string | undefined {
	return token.in === 'header' && token.name.kind === 'constant' ? token.name.text.toLowerCase() : undefined;
}
