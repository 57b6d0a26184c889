/** `backend_token: { type: exchange }`: which server exchanges which provider's tokens, on which terms and for whom. */
import { templateNames } from '#formats/template';
import type { ExchangeDefinition, TokenServerDefinition, TokenTargetDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { checkCredentialHeader } from './identity-headers.ts';
import { asList, type Reading } from './reading.ts';
import type { ExchangeFile, TokenTargetFile } from './schema-backend-token.ts';
import { readOwnServer, readServerTimeout, type TokenServers } from './token-server.ts';

export interface BackendTokenSurroundings {
	/** Providers whose tokens the route accepts. */
	readonly accepted: readonly string[];
	/** Names of the route's parameters; undefined when its path or host is broken. */
	readonly parameters: readonly string[] | undefined;
	readonly servers: TokenServers;
	/** Whether the file says how tokens are minted. */
	readonly minting: boolean;
}

const typePrefix = 'urn:ietf:params:oauth:token-type:';
const shortTypes: ReadonlySet<string> = new Set(['access_token', 'jwt', 'id_token', 'refresh_token', 'saml1', 'saml2']);

/** Undefined after reporting why. */
export function readExchange(
	file: ExchangeFile,
	path: ConfigPath,
	{ accepted, parameters, servers }: BackendTokenSurroundings,
	reading: Reading,
): ExchangeDefinition | undefined {
	const { report } = reading;
	const target = readTarget(file, path, parameters, reading);
	const grant = file.grant ?? 'token_exchange';
	if (grant === 'on_behalf_of') {
		for (const key of ['actor', 'resource', 'subject_token_type', 'requested_token_type'] as const) {
			if (file[key] === undefined) continue;
			report.error([...path, key], `${key} has no meaning with on_behalf_of`, { at: 'key' });
		}
		if (target.scope.length === 0) {
			report.error(path, 'on_behalf_of needs scope', { at: 'key', fix: 'For example: scope: api://orders/.default' });
		}
	} else if (target.audience.length + target.resource.length === 0) {
		report.error(path, 'neither audience nor resource: for whom is the token?', {
			at: 'key',
			fix: 'A token that is for nobody in particular works at every service.',
		});
	}
	const ownServer = readOwnServer(file, path, reading);
	const found = new Map<string, TokenServerDefinition>();
	for (const provider of accepted) {
		const server =
			file.token_endpoint === undefined
				? servers.at(file.provider ?? provider, file.provider === undefined ? path : [...path, 'provider'])
				: ownServer;
		if (server !== undefined) found.set(provider, server);
	}
	// Read before anything is given up, so that all faults are told at once.
	const rest = {
		grant,
		target,
		subjectType: readType(file.subject_token_type ?? 'access_token', [...path, 'subject_token_type'], reading),
		requestedType:
			file.requested_token_type === undefined
				? undefined
				: readType(file.requested_token_type, [...path, 'requested_token_type'], reading),
		actor: file.actor === undefined ? undefined : readTarget(file.actor, [...path, 'actor'], [], reading),
		header: checkCredentialHeader(file.header ?? 'Authorization', [...path, 'header'], report),
		timeout: readServerTimeout(file, path, reading),
	};
	if (found.size < accepted.length) return undefined;
	return { type: 'exchange', servers: [...found].map(([provider, server]) => ({ provider, server })), ...rest };
}

function readType(text: string, path: ConfigPath, { report }: Reading): string {
	if (shortTypes.has(text)) return `${typePrefix}${text}`;
	// RFC 8693 §3: a URI of any scheme.
	if (!/^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/.test(text)) {
		report.error(path, 'expected access_token, jwt, id_token or a URI');
	}
	return text;
}

/** `parameters`: those that may stand in it; nothing else of a request can get in. */
export function readTarget(
	file: TokenTargetFile,
	path: ConfigPath,
	parameters: readonly string[] | undefined,
	{ report }: Reading,
): TokenTargetDefinition {
	const read = (key: keyof TokenTargetFile): readonly string[] => {
		const texts = asList(file[key]);
		for (const [index, text] of texts.entries()) {
			const at = Array.isArray(file[key]) ? [...path, key, index] : [...path, key];
			const unknown = templateNames(text).find((name) => parameters?.includes(name) === false);
			if (unknown !== undefined) report.error(at, `there is no parameter {${unknown}} here`);
			if (!/^[!-~]+( [!-~]+)*$/.test(text)) report.error(at, 'expected printable ASCII');
		}
		return texts;
	};
	// Several scopes in one text are several scopes.
	const scope = read('scope').flatMap((text) => text.split(' '));
	return { audience: read('audience'), resource: read('resource'), scope };
}
