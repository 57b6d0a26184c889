/**
 * Backend tokens that are the gateway's own: client credentials, the managed identity of a cloud, and what stands in the
 * configuration. None of them takes anything from a request.
 */
import { isLoopbackHost } from '#formats/ip';
import { encodeUtf8 } from '#formats/utf8';
import { type BackendTokenSurroundings, readTarget } from './backend-token-exchange.ts';
import type {
	ClientCredentialsDefinition,
	ManagedIdentityDefinition,
	StaticCredentialDefinition,
} from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { checkCredentialHeader } from './identity-headers.ts';
import { bareHost, checkUrl, parseUrl, type Reading } from './reading.ts';
import type { ApiKeyFile, BasicFile, ClientCredentialsFile, ManagedIdentityFile } from './schema-backend-token.ts';
import { readOwnServer, readServerTimeout } from './token-server.ts';

/** Undefined after reporting why. */
export function readClientCredentials(
	file: ClientCredentialsFile,
	path: ConfigPath,
	{ accepted, servers }: BackendTokenSurroundings,
	reading: Reading,
): ClientCredentialsDefinition | undefined {
	const { report } = reading;
	const [only, second] = accepted;
	const name = file.provider ?? (second === undefined ? only : undefined);
	const own = readOwnServer(file, path, reading);
	const rest = {
		target: readTarget(file, path, [], reading),
		header: checkCredentialHeader(file.header ?? 'Authorization', [...path, 'header'], report),
		timeout: readServerTimeout(file, path, reading),
	};
	if (file.token_endpoint === undefined && name === undefined) {
		report.error(path, 'provider is missing: whose token endpoint?', { at: 'key' });
		return undefined;
	}
	const at = file.provider === undefined ? path : [...path, 'provider'];
	const server = file.token_endpoint === undefined ? servers.at(name ?? '', at) : own;
	if (server === undefined) return undefined;
	if (server.client.authentication.method === 'bearer') {
		report.error(path, 'client_credentials cannot be got with the auth_method bearer', { at: 'key' });
	}
	return { type: 'client_credentials', server, ...rest };
}

const imds = 'http://169.254.169.254/metadata/identity/oauth2/token';

/** Undefined after reporting why. */
export function readManagedIdentity(
	file: ManagedIdentityFile,
	path: ConfigPath,
	reading: Reading,
): ManagedIdentityDefinition | undefined {
	const { report } = reading;
	const { source = 'imds', identity_endpoint: endpoint, identity_header: secret, resource } = file;
	if (source === 'app_service' && (endpoint === undefined || secret === undefined)) {
		report.error(path, 'app_service needs identity_endpoint and identity_header', {
			at: 'key',
			fix: 'Write identity_endpoint: "${env:IDENTITY_ENDPOINT}" and identity_header: "${env:IDENTITY_HEADER}".',
		});
		return undefined;
	}
	if (source === 'imds' && secret !== undefined) {
		report.error([...path, 'identity_header'], 'identity_header belongs to app_service', { at: 'key' });
	}
	const url = endpoint ?? imds;
	const problem = checkIdentityUrl(url);
	if (problem !== undefined) report.error([...path, 'identity_endpoint'], problem);
	if (secret !== undefined && !/^[!-~]+$/.test(secret)) {
		report.error([...path, 'identity_header'], 'expected printable ASCII without blanks: was a line break left in?');
	}
	return {
		type: 'managed_identity',
		source,
		url,
		secret,
		resource,
		clientId: file.client_id,
		header: checkCredentialHeader(file.header ?? 'Authorization', [...path, 'header'], report),
		timeout: readServerTimeout(file, path, reading),
	};
}

/** The endpoint is beside this machine, where nothing is encrypted and nobody listens: loopback or link-local. */
function checkIdentityUrl(text: string): string | undefined {
	const url = parseUrl(text);
	if (url === undefined || url.search !== '') return 'expected an absolute URL without a query';
	const host = bareHost(url);
	if (url.protocol === 'http:' && (isLoopbackHost(host) || /^169\.254(\.[0-9]{1,3}){2}$/.test(host))) return undefined;
	return checkUrl(text, { insecureHttp: false });
}

export function readApiKey(file: ApiKeyFile, path: ConfigPath, { report }: Reading): StaticCredentialDefinition {
	if (!/^[!-~]+( [!-~]+)*$/.test(file.value)) {
		report.error([...path, 'value'], 'expected printable ASCII: was a line break left in?');
	}
	const header = checkCredentialHeader(file.header ?? 'X-API-Key', [...path, 'header'], report);
	return { type: 'api_key', header, value: file.value };
}

/** RFC 7617 §2: no colon in the name, no control characters; UTF-8. */
export function readBasic(
	{ username, password }: BasicFile,
	path: ConfigPath,
	{ report }: Reading,
): StaticCredentialDefinition {
	if (username.includes(':')) report.error([...path, 'username'], 'a user name holds no colon (RFC 7617 §2)');
	for (const [key, text] of [
		['username', username],
		['password', password],
	] as const) {
		if (/\p{Cc}/u.test(text)) report.error([...path, key], 'no control characters: was a line break left in?');
	}
	const octets = encodeUtf8(`${username}:${password}`);
	const value = `Basic ${btoa(String.fromCharCode(...octets))}`;
	return { type: 'basic', header: 'authorization', value };
}
