/**
 * The configuration file → a definition, or everything that is wrong with it. Nothing here throws for a bad file; a
 * definition comes back only when there is not one error (invariant 7 rests on that).
 */
import { dirname, resolve } from 'node:path';
import { apimFiles, apimPolicyFiles } from './apim.ts';
import { defineGateway } from './define.ts';
import type { ClientDefinition, DecryptionKeyDefinition, Definition, KeysDefinition } from './definition.ts';
import { createReport, type Diagnostic, formatPath } from './diagnostics.ts';
import { readDocument } from './document.ts';
import { asList, type CheckMintingKey, type CheckPolicy, type FileContent } from './reading.ts';
import { findSecrets } from './secret-ages.ts';
import { fillSecrets, readableFileError, resolvePath, type SecretSources } from './secrets.ts';
import { type ShapedFile, shapeFile } from './shape.ts';

export interface LoadEnvironment extends SecretSources {
	/** When a file was last written, milliseconds since the epoch; undefined for one of which nobody knows. Default: nobody knows of any. */
	readonly changedAt?: (path: string) => Promise<number | undefined>;
	/** Milliseconds since the epoch. Default: the clock of this machine. */
	readonly now?: () => number;
	/** Problems of keys that are part of the configuration, readable and without key material. Default: not looked at. */
	readonly checkKeys?: (keys: KeysDefinition) => readonly string[];
	/** The same for keys that decrypt tokens. */
	readonly checkDecryptionKey?: (key: DecryptionKeyDefinition) => readonly string[];
	/**
	 * What is wrong or risky in a policy of Azure API Management; `load` is called for a file in which a route has one.
	 * Default: not looked at.
	 */
	readonly checkPolicy?: CheckPolicy | { readonly load: () => Promise<CheckPolicy> };
	/** The same for our own keys towards authorization servers. */
	readonly checkClient?: (client: ClientDefinition) => readonly string[];
	/** The name of a key that signs minted tokens, or what is wrong with it, without key material. */
	readonly checkMintingKey?: CheckMintingKey;
}

export interface Loaded {
	/** Undefined if there is any error. */
	readonly definition: Definition | undefined;
	/** Errors, warnings and hints, in the order of the file. */
	readonly diagnostics: readonly Diagnostic[];
	/** Absolute paths of the configuration and of every file that it names: what to watch for changes. */
	readonly files: readonly string[];
}

/** Reads and checks `file`. Never rejects: a file that cannot be read is a diagnostic too. */
export async function loadConfig(file: string, environment: LoadEnvironment): Promise<Loaded> {
	const path = resolve(file);
	let text: string;
	try {
		text = await environment.readFile(path);
	} catch (error) {
		const message = `the configuration file cannot be read: ${readableFileError(error)}`;
		return {
			definition: undefined,
			diagnostics: [{ severity: 'error', path: '', line: 1, column: 1, message }],
			files: [path],
		};
	}
	const loaded = await loadConfigText(text, { ...environment, folder: dirname(path) });
	return { ...loaded, files: [path, ...loaded.files] };
}

/** The same for a text at hand. `folder`: absolute; relative paths in the text start there. */
export async function loadConfigText(
	text: string,
	environment: LoadEnvironment & { readonly folder: string },
): Promise<Loaded> {
	const { folder } = environment;
	const document = readDocument(text);
	const report = createReport((path, at) => document.locate(path, at));
	if (document.data === undefined && document.problems.length > 0) {
		return { definition: undefined, diagnostics: document.problems.map(asDiagnostic), files: [] };
	}

	for (const { path } of document.problems) if (path.length > 0) report.mute(path);
	const filled =
		document.data === undefined ? undefined : await fillSecrets(document.data, folder, environment, report);
	const shaped = shapeFile(filled?.data, report);
	const files = shaped === undefined ? new Map<string, FileContent>() : await readNamedFiles(shaped, environment);
	const secrets =
		filled === undefined
			? []
			: await findSecrets(filled.data, {
					folder,
					originOf: filled.originOf,
					changedAt: environment.changedAt,
					readFile: environment.readFile,
				});
	const definition =
		shaped === undefined
			? undefined
			: defineGateway(shaped, {
					report,
					folder,
					files,
					secrets,
					now: (environment.now ?? Date.now)(),
					checkKeys: environment.checkKeys,
					checkDecryptionKey: environment.checkDecryptionKey,
					checkPolicy: await policyCheckOf(shaped, environment),
					checkClient: environment.checkClient,
					checkMintingKey: environment.checkMintingKey,
				});

	const diagnostics = [...document.problems.map(asDiagnostic), ...report.list()]
		.map((diagnostic) => filled?.redact(diagnostic) ?? diagnostic)
		.toSorted((a, b) => a.line - b.line || a.column - b.column);
	const usable = !diagnostics.some(({ severity }) => severity === 'error');
	return {
		definition: usable ? definition : undefined,
		diagnostics,
		files: [...new Set([...(filled?.files ?? []), ...files.keys()])],
	};
}

function asDiagnostic(problem: ReturnType<typeof readDocument>['problems'][number]): Diagnostic {
	const { position, path, message, fix } = problem;
	return { severity: 'error', path: formatPath(path), ...position, message, ...(fix === undefined ? {} : { fix }) };
}

async function policyCheckOf(
	{ routes }: ShapedFile,
	{ checkPolicy }: LoadEnvironment,
): Promise<CheckPolicy | undefined> {
	if (typeof checkPolicy !== 'object') return checkPolicy;
	return routes.some(({ values }) => values.apim_policy !== undefined) ? checkPolicy.load() : undefined;
}

async function readNamedFiles(
	{ values, providers, routes }: ShapedFile,
	{ folder, readFile }: LoadEnvironment & { readonly folder: string },
): Promise<ReadonlyMap<string, FileContent>> {
	const listeners = asList(values.listen).flatMap((entry) =>
		typeof entry === 'string' || entry.tls === undefined ? [] : [entry.tls],
	);
	const upstreams = routes.flatMap(({ values: { upstream } }) => (typeof upstream === 'object' ? [upstream.tls] : []));
	const names = [
		...listeners.flatMap((tls) => [tls.certificate, tls.key, tls.client_ca]),
		...(values.minting?.keys ?? []).map(({ file }) => file),
		...upstreams.flatMap((tls) => [tls?.ca, tls?.client_certificate, tls?.client_key]),
		...providers.flatMap(
			({ values: { jwks_file: jwks, public_key_file: pem, decryption_keys: decryption, client } }) => [
				jwks,
				pem,
				client?.private_key_file,
				client?.certificate_file,
				client?.key_file,
				...(decryption ?? []).map(({ file }) => file),
			],
		),
		...routes.flatMap(({ values: { backend_token: token } }) => {
			const client = typeof token === 'object' && 'client' in token ? token.client : undefined;
			return [client?.private_key_file, client?.certificate_file, client?.key_file];
		}),
	];
	names.push(...apimFiles(values.apim));
	for (const { values: route } of routes) names.push(...apimPolicyFiles(route.apim_policy).map(({ file }) => file));
	const files = new Map<string, FileContent>();
	for (const name of names) {
		if (name === undefined) continue;
		const path = resolvePath(folder, name);
		if (files.has(path)) continue;
		try {
			files.set(path, { text: await readFile(path) });
		} catch (error) {
			files.set(path, { problem: readableFileError(error) });
		}
	}
	return files;
}
