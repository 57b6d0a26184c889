/** The gateway as a client of a provider: one way to authenticate, with what that way needs and nothing else. */
import type { Algorithm } from '#core/index';
import type { ClientDefinition } from './definition.ts';
import { type ConfigPath, listWords } from './diagnostics.ts';
import { asList, type Reading, readNamedFile } from './reading.ts';
import type { ClientFile } from './schema-client.ts';
import { checkSecret } from './shared-secret.ts';

type Method = NonNullable<ClientFile['auth_method']>;
type Key = Exclude<keyof ClientFile, 'auth_method'>;

/** What each method needs, and what it may have beside that. */
const keysOf: Readonly<Record<Method, { readonly needs: readonly Key[]; readonly may: readonly Key[] }>> = {
	client_secret_basic: { needs: ['id', 'secret'], may: [] },
	client_secret_post: { needs: ['id', 'secret'], may: [] },
	client_secret_jwt: { needs: ['id', 'secret'], may: ['algorithm', 'audience'] },
	private_key_jwt: { needs: ['id', 'private_key_file'], may: ['key_id', 'algorithm', 'audience'] },
	tls_client_auth: { needs: ['id', 'certificate_file', 'key_file'], may: [] },
	bearer: { needs: ['token'], may: ['id'] },
	none: { needs: ['id'], may: [] },
};

/** `use`: `sessions`, which may be those of a public client. `issuer`: of the provider, the audience of assertions that name no other. Undefined after reporting why. */
export function readClient(
	client: ClientFile,
	issuer: string,
	path: ConfigPath,
	reading: Reading,
	use: 'calls' | 'sessions' = 'calls',
): ClientDefinition | undefined {
	const { report } = reading;
	const method = client.auth_method ?? 'client_secret_basic';
	const unfit = use === 'sessions' ? 'bearer' : 'none';
	if (method === unfit) {
		report.error(
			[...path, 'auth_method'],
			use === 'sessions'
				? 'users are not logged in with the auth_method bearer'
				: 'a public client is for sessions alone',
		);
		return undefined;
	}
	const { needs, may } = keysOf[method];
	const given = (Object.keys(client) as (keyof ClientFile)[]).filter((key) => client[key] !== undefined);
	for (const key of given) {
		if (key === 'auth_method' || needs.includes(key) || may.includes(key)) continue;
		report.error([...path, key], `${key} has no meaning with ${method}`, {
			at: 'key',
			fix: `It takes ${listWords([...needs, ...may], 'and')}.`,
		});
	}
	const missing = needs.filter((key) => !given.includes(key));
	if (missing.length > 0) {
		report.error(path, `${method} needs ${listWords(missing, 'and')}`, { at: 'key' });
		return undefined;
	}
	const authentication = readMethod(method, client, issuer, path, reading);
	if (authentication === undefined) return undefined;
	const definition = { id: client.id ?? '', authentication };
	for (const problem of reading.checkClient?.(definition) ?? []) report.error(path, problem, { at: 'key' });
	return definition;
}

function readMethod(
	method: Method,
	client: ClientFile,
	issuer: string,
	path: ConfigPath,
	reading: Reading,
): ClientDefinition['authentication'] | undefined {
	const { token = '', algorithm, audience = issuer } = client;
	const [secret = '', secondary] = asList(client.secret);
	switch (method) {
		case 'client_secret_basic':
		case 'client_secret_post':
			return { method, secret, secondary };
		case 'client_secret_jwt':
			for (const each of asList(client.secret)) checkAssertionSecret(each, algorithm ?? 'HS256', path, reading);
			return { method, secret, secondary, algorithm: algorithm ?? 'HS256', audience };
		case 'private_key_jwt': {
			const key = readNamedFile(reading, client.private_key_file ?? '', [...path, 'private_key_file']);
			return key === undefined ? undefined : { method, key: key.text, algorithm, keyId: client.key_id, audience };
		}
		case 'tls_client_auth': {
			const certificate = readNamedFile(reading, client.certificate_file ?? '', [...path, 'certificate_file']);
			const key = readNamedFile(reading, client.key_file ?? '', [...path, 'key_file']);
			return certificate === undefined || key === undefined
				? undefined
				: { method, certificate: certificate.text, key: key.text };
		}
		case 'none':
			return { method };
		case 'bearer':
			if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) {
				reading.report.error([...path, 'token'], 'this is no bearer token (RFC 6750 §2.1): was a line break left in?');
			}
			return { method, token };
	}
}

function checkAssertionSecret(secret: string, algorithm: Algorithm, path: ConfigPath, { report }: Reading): void {
	if (!algorithm.startsWith('HS')) {
		report.error([...path, 'algorithm'], 'client_secret_jwt signs with HS256, HS384 or HS512');
		return;
	}
	const problem = checkSecret(secret, [algorithm]);
	if (problem !== undefined) report.error([...path, 'secret'], problem);
}
