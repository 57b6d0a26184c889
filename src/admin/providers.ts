/** The providers and their keys: what is trusted now, how old it is, and what went wrong last. Public facts only. */
import { ageOf, secretsInForce } from '#assembly/secret-ages';
import type { KeysDefinition, ProviderDefinition } from '#config/definition';
import type { KeyPairs } from '#keys/pairs/key-pairs';
import type { KeySource } from '#keys/verification/key-source';
import type { Introspector } from '#pipeline/authenticate/introspection/introspector';
import type { AdminSubject } from './admin.ts';
import type { Page } from './exchange.ts';

type Subject = Pick<AdminSubject, 'assembly' | 'clock'>;

export function providersPage(subject: Subject & Pick<AdminSubject, 'workers'>): Page {
	return {
		path: '/providers',
		summary: 'providers: state, age and ids of their keys, next refresh, last error; age of every secret and key',
		method: 'GET',
		async answer() {
			// Each worker has keys of its own, which may be older or newer than the primary's.
			const workers = await subject.workers?.ask('providers', null);
			return {
				status: 200,
				body: { providers: describeProviders(subject), secrets: describeSecrets(subject), workers },
			};
		},
	};
}

/** As this process sees them. */
export function describeProviders({ assembly, clock }: Subject): readonly Record<string, unknown>[] {
	const { definition, keys, pairs, introspectors } = assembly();
	return definition.providers.map((provider) => ({
		...describe(provider, keys.get(provider.name), clock.now()),
		...describePairs(provider, pairs.get(provider.name)),
		...describeIntrospection(provider, introspectors.get(provider.name)),
	}));
}

/** Where each secret and key is and how old; nothing of what it is. */
function describeSecrets({ assembly, clock }: Subject): readonly Record<string, unknown>[] {
	const inForce = assembly();
	const { maxSecretAge } = inForce.definition;
	return secretsInForce(inForce, clock.now()).map((known) => {
		const { at, from, file } = known.definition;
		const age = ageOf(known, clock.now());
		return {
			at,
			from,
			file,
			since: new Date(known.since).toISOString(),
			age_seconds: Math.round(age),
			too_old: maxSecretAge === undefined ? undefined : age > maxSecretAge,
		};
	});
}

function describe(provider: ProviderDefinition, source: KeySource | undefined, now: number): Record<string, unknown> {
	const { name, preset, issuers, issuerTemplate, algorithms, tokens } = provider;
	return {
		name,
		preset,
		issuers: issuerTemplate === undefined ? issuers : [...issuers, issuerTemplate],
		tokens,
		algorithms,
		keys: { ...describeOrigin(provider.keys), ...(source === undefined ? {} : describeStatus(source, now)) },
	};
}

/** Names and what is in force under them; nothing of a key. */
function describePairs({ sharedAccess }: ProviderDefinition, pairs: KeyPairs | undefined): Record<string, unknown> {
	if (sharedAccess === undefined || pairs === undefined) return {};
	const list = pairs.names().flatMap((name) => pairs.find(name) ?? []);
	return {
		format: sharedAccess.format,
		key_pairs: list.map(({ name, primary, secondary, disabled, scopes }) => ({
			name,
			primary: primary !== undefined,
			secondary: secondary !== undefined,
			disabled,
			scopes,
		})),
	};
}

/** What is known of the server that is asked; nothing of who we are there but the name. */
function describeIntrospection(
	{ introspection }: ProviderDefinition,
	introspector: Introspector | undefined,
): Record<string, unknown> {
	if (introspection === undefined || introspector === undefined) return {};
	const { url, open, calls, failures, underWay, waiting, lastError, warnings } = introspector.status();
	return {
		introspection: {
			endpoint: url === undefined ? undefined : withoutQuery(url),
			client: introspection.client.id,
			auth_method: introspection.client.authentication.method,
			signed: introspection.signed,
			state: open ? 'failing' : 'ready',
			calls,
			failures,
			under_way: underWay,
			waiting,
			last_error: lastError,
			warnings,
		},
	};
}

function describeOrigin(keys: KeysDefinition): Record<string, unknown> {
	switch (keys.from) {
		case 'discovery':
			return { from: keys.from, urls: keys.urls.map(withoutQuery) };
		case 'url':
			return { from: keys.from, url: withoutQuery(keys.url) };
		case 'jwks':
		case 'pem':
			return { from: keys.from, file: keys.file };
		case 'secret':
		case 'none':
			return { from: keys.from };
	}
}

/** A query may hold an API key. */
function withoutQuery(url: string): string {
	return url.replace(/\?.*$/s, '');
}

function describeStatus(source: KeySource, now: number): Record<string, unknown> {
	const { state, kids, fetchedAt, nextRefreshAt, fetches, lastError, clockOffset, warnings } = source.status();
	return {
		state,
		kids: kids.map((kid) => kid ?? null),
		fetched_at: fetchedAt === undefined ? undefined : new Date(fetchedAt).toISOString(),
		age_seconds: fetchedAt === undefined ? undefined : Math.max(0, Math.round((now - fetchedAt) / 1000)),
		next_refresh_at: nextRefreshAt === undefined ? undefined : new Date(nextRefreshAt).toISOString(),
		fetches,
		last_error: lastError,
		clock_offset_seconds: clockOffset,
		warnings,
	};
}
