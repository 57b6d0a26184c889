/**
 * What one provider's tokens must satisfy on one route: the route's rules with that provider's own laid over them.
 * Audience, scopes and clients are replaced, claims merged by name, of time bounds the stricter counts.
 */
import { templateNames } from '#formats/template';
import type { ClaimRule, ProviderRules } from './definition.ts';
import { type ConfigPath, suggest } from './diagnostics.ts';
import type { ReadProvider } from './providers.ts';
import { asList, type Reading, readClaims, readTokenFrom, seconds, stricter } from './reading.ts';
import type { RouteFile, RuleFile, ScopesFile } from './schema.ts';
import type { Shaped } from './shape.ts';
import { checkRoots } from './shared-access.ts';
import { checkTokenFrom } from './token-from.ts';

export interface RuleInput {
	readonly route: Shaped<RouteFile>;
	readonly provider: ReadProvider;
	/** The provider's own entry of a `providers` mapping. */
	readonly own: RuleFile | undefined;
	readonly ownPath: ConfigPath;
	/** Names of the route's parameters; undefined when its path or host is broken. */
	readonly parameters: readonly string[] | undefined;
	/** Whether the route's own `audience` is checked for some other provider of the route. */
	readonly audienceUsed: boolean;
}

export function readRules(input: RuleInput, reading: Reading): ProviderRules {
	const { route, provider, own, ownPath, parameters } = input;
	const { report } = reading;
	const { definition } = provider;
	const audience = readAudience(input, reading);
	const clients = own?.clients ?? route.values.clients ?? provider.clients;
	if (audience === undefined && provider.needsClients && clients.length === 0 && !route.present.has('clients')) {
		if (route.values.insecure_any_audience !== true && !provider.audienceBroken) {
			report.error(route.path, `no clients: tokens of ${provider.name} have no audience, so clients takes its place`, {
				fix: `List the client ids that may call, in this route or in providers.${provider.name}.clients.`,
			});
		}
	}
	const ownClaims = readClaims(own?.claims, [...ownPath, 'claims'], report);
	const replaced = new Set(ownClaims.map(({ claim }) => claim));
	const routeClaims = claimsOf(route).filter(({ claim }) => !replaced.has(claim));
	if (own?.token_from !== undefined) checkTokenFrom(own.token_from, [...ownPath, 'token_from'], report);
	checkTemplates(own, ownPath, parameters, reading);
	checkProviderClaims(input, reading);
	if (definition.sharedAccess !== undefined) checkSignatureRules(input, reading);
	const tokenFrom = own?.token_from ?? route.values.token_from;
	const binding = own?.binding ?? route.values.binding ?? 'if_bound';
	return {
		provider: provider.name,
		audience,
		scopes: readScopes(own?.scopes ?? route.values.scopes),
		clients,
		claims: [...routeClaims, ...ownClaims],
		maxLifetime: stricter(
			stricter(seconds(own?.max_lifetime), seconds(route.values.max_lifetime)),
			definition.maxLifetime,
		),
		maxAge: stricter(stricter(seconds(own?.max_age), seconds(route.values.max_age)), definition.maxAge),
		authentication: {
			acrValues: own?.acr_values ?? route.values.acr_values ?? [],
			maxAge: seconds(own?.auth_max_age ?? route.values.auth_max_age),
		},
		binding,
		tokenFrom: tokenFrom === undefined ? definition.tokenFrom : readTokenFrom(tokenFrom),
	};
}

/** What a route may ask of tokens, but not of signatures. */
function checkSignatureRules({ route, provider, own, ownPath }: RuleInput, { report }: Reading): void {
	const { sharedAccess } = provider.definition;
	if (sharedAccess !== undefined && !provider.withoutAudience) {
		const { format } = sharedAccess;
		if (own?.audience !== undefined) checkRoots(own.audience, format, [...ownPath, 'audience'], report);
		else checkRoots(route.values.audience, format, [...route.path, 'audience'], report);
	}
	if ((own?.binding ?? route.values.binding ?? 'if_bound') !== 'if_bound') {
		report.error(
			[...(own?.binding === undefined ? route.path : ownPath), 'binding'],
			`signatures of ${provider.name} are never bound to a key`,
			{
				at: 'key',
				fix: 'Give binding to the other providers in their own rules.',
			},
		);
	}
	const at = own?.max_age === undefined ? route.path : ownPath;
	if ((own?.max_age ?? route.values.max_age) === undefined) return;
	report.error([...at, 'max_age'], `signatures of ${provider.name} do not say when they were made`, {
		at: 'key',
		fix: 'Bound the time to their end with max_lifetime; give max_age to other providers in their own rules.',
	});
}

/** The route's own claim rules; their problems are reported by `checkRouteRules`, once a route. */
function claimsOf({ values, path }: Shaped<RouteFile>): readonly ClaimRule[] {
	const silent = { error() {}, warning() {}, hint() {}, mute() {}, list: () => [] };
	return readClaims(values.claims, [...path, 'claims'], silent);
}

/** What does not depend on the provider. */
export function checkRouteRules(
	route: Shaped<RouteFile>,
	parameters: readonly string[] | undefined,
	reading: Reading,
): void {
	const { values, path } = route;
	readClaims(values.claims, [...path, 'claims'], reading.report);
	if (values.token_from !== undefined) checkTokenFrom(values.token_from, [...path, 'token_from'], reading.report);
	checkTemplates(values, path, parameters, reading);
}

function readAudience(input: RuleInput, { report }: Reading): readonly string[] | undefined {
	const { route, provider, own, ownPath, parameters, audienceUsed } = input;
	if (route.values.insecure_any_audience === true) return undefined;
	if (provider.withoutAudience) {
		const at = own?.audience === undefined ? [...route.path, 'audience'] : [...ownPath, 'audience'];
		if (own?.audience !== undefined || (route.values.audience !== undefined && !audienceUsed)) {
			report.error(at, `tokens of ${provider.name} have no audience`, {
				fix: 'Use clients instead; where tokens are requested for a resource, set audience on the provider.',
			});
		}
		return undefined;
	}
	const audience = own?.audience ?? route.values.audience ?? provider.audience;
	if (audience === undefined) {
		if (!route.present.has('audience') && !provider.audienceBroken) {
			report.error(route.path, `no audience: neither this route nor the provider ${provider.name} states one`, {
				fix: 'Without it, a token for any other service would open this one.',
			});
		}
		return undefined;
	}
	if (own?.audience === undefined && route.values.audience === undefined && parameters !== undefined) {
		for (const text of asList(audience)) {
			const missing = templateNames(text).find((name) => !parameters.includes(name));
			if (missing === undefined) continue;
			report.error(
				route.path,
				`the audience of ${provider.name} needs the parameter {${missing}}, which this route does not have`,
			);
		}
	}
	return asList(audience);
}

/** A provider's own claim rules may hold parameters too; then each of its routes must have them. */
function checkProviderClaims({ route, provider, parameters }: RuleInput, { report }: Reading): void {
	if (parameters === undefined) return;
	for (const { claim, test } of provider.definition.claims) {
		walkTexts(test, [], (text) => {
			const missing = templateNames(text).find((name) => !parameters.includes(name));
			if (missing === undefined) return;
			report.error(
				route.path,
				`the claim rule ${claim} of ${provider.name} needs the parameter {${missing}}, which this route does not have`,
			);
		});
	}
}

function readScopes(value: ScopesFile | undefined): ProviderRules['scopes'] {
	if (typeof value === 'string' || Array.isArray(value)) return { allOf: asList(value), anyOf: [] };
	return { allOf: value?.all_of ?? [], anyOf: value?.any_of ?? [] };
}

type Templated = Pick<RouteFile, 'audience' | 'scopes' | 'claims'>;

/** Every `{name}` in a template must be a parameter of the route. */
function checkTemplates(
	rules: Templated | undefined,
	path: ConfigPath,
	parameters: readonly string[] | undefined,
	{ report }: Reading,
): void {
	if (rules === undefined || parameters === undefined) return;
	const check = (text: string, at: ConfigPath, strict: boolean) => {
		for (const name of templateNames(text)) {
			if (parameters.includes(name)) continue;
			const fix = suggest(name, parameters) ?? 'Parameters come from the path and the host of the route.';
			report.error(at, `the route has no parameter {${name}}`, { fix });
		}
		if (strict && /[{}]/.test(text.replaceAll(/\{[A-Za-z_][A-Za-z0-9_]*\}/g, ''))) {
			report.error(at, 'a parameter is written {name}: letters, digits and _, not beginning with a digit');
		}
	};
	walkTexts(rules.audience, [...path, 'audience'], (text, at) => check(text, at, true));
	walkTexts(rules.scopes, [...path, 'scopes'], (text, at) => check(text, at, true));
	walkTexts(rules.claims, [...path, 'claims'], (text, at) => check(text, at, false));
}

function walkTexts(value: unknown, path: ConfigPath, visit: (text: string, path: ConfigPath) => void): void {
	if (typeof value === 'string') visit(value, path);
	else if (Array.isArray(value)) for (const [index, item] of value.entries()) walkTexts(item, [...path, index], visit);
	else if (typeof value === 'object' && value !== null) {
		for (const [key, item] of Object.entries(value)) walkTexts(item, [...path, key], visit);
	}
}
