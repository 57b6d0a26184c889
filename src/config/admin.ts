/** The admin listener: open to this machine alone, or to whoever brings a token with the scopes that it names. */
import { isLoopbackHost } from '#formats/ip';
import { templateNames } from '#formats/template';
import type { AdminDefinition, ProviderRules } from './definition.ts';
import { listWords, suggest } from './diagnostics.ts';
import { readAddress } from './listeners.ts';
import type { ReadProvider } from './providers.ts';
import { asList, type Reading } from './reading.ts';
import { readRules } from './rules.ts';
import type { ConfigFile } from './schema.ts';

type AdminFile = NonNullable<ConfigFile['admin']>;
type AuthFile = NonNullable<AdminFile['auth']>;

/** Undefined only beside an error in the report. */
export function readAdmin(
	file: AdminFile,
	providers: ReadonlyMap<string, ReadProvider>,
	reading: Reading,
): AdminDefinition | undefined {
	const { report } = reading;
	const auth = file.auth === undefined ? undefined : readAuth(file.auth, providers, reading);
	const address = readAddress(file.listen);
	if (typeof address === 'string') {
		report.error(['admin', 'listen'], address, { fix: 'For example: 127.0.0.1:9090' });
		return undefined;
	}
	if (file.auth === undefined && !isLoopbackHost(address.host)) {
		report.error(
			['admin', 'listen'],
			'without auth the admin listener may only be on this machine (127.0.0.1, ::1 or localhost)',
			{ fix: 'Add admin.auth with a provider and scopes, or listen on 127.0.0.1.' },
		);
		return undefined;
	}
	const openChanges = file.insecure_changes ?? false;
	if (openChanges && file.auth !== undefined) {
		report.error(['admin', 'insecure_changes'], 'with auth, a token that opens the listener may change things', {
			at: 'key',
		});
	}
	if (openChanges && file.auth === undefined) {
		report.warning(
			['admin', 'insecure_changes'],
			'every program on this machine can revoke tokens, and make and see keys',
			{
				at: 'key',
			},
		);
	}
	return { ...address, auth, keyScopes: asList(file.auth?.key_scopes), openChanges };
}

/** Read like the rules of a route that has no parameters, so that both mean the same by the same words. */
function readAuth(
	auth: AuthFile,
	providers: ReadonlyMap<string, ReadProvider>,
	reading: Reading,
): ProviderRules | undefined {
	const { report } = reading;
	const path = ['admin', 'auth'];
	const provider = providers.get(auth.provider);
	if (provider === undefined) {
		const fix = suggest(auth.provider, providers.keys()) ?? 'Define it under providers:.';
		report.error([...path, 'provider'], `there is no provider ${auth.provider}`, { fix });
		return undefined;
	}
	const values = { scopes: auth.scopes, audience: auth.audience, clients: auth.clients };
	const present = new Set(Object.keys(auth));
	const rules = readRules(
		{ route: { path, values, present }, provider, own: undefined, ownPath: path, parameters: [], audienceUsed: false },
		reading,
	);
	const { allOf, anyOf } = rules.scopes;
	if (allOf.length + anyOf.length === 0) {
		report.error([...path, 'scopes'], 'no scope: every token of the provider would open the admin listener');
	}
	const parameters = [...asList(auth.audience), ...allOf, ...anyOf, ...asList(auth.key_scopes)].flatMap(templateNames);
	if (parameters.length > 0) {
		const written = parameters.map((name) => `{${name}}`);
		report.error(path, `the admin listener has no parameters such as ${listWords(written, 'and')}`);
	}
	return rules;
}
