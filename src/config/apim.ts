/** The `apim` section and the policies of routes, with the texts of the files that they name. */
import { type Algorithm } from '#core/index';
import { readManagedIdentity } from './backend-token-own.ts';
import { defaults } from './defaults.ts';
import type { ApimContextDefinition, ApimDefinition, ApimPolicyDefinition, ApimScope } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { asList, parseUrl, type Reading, readNamedFile } from './reading.ts';
import type { ApimContextFile, ApimFile, ApimPolicyFile } from './schema-apim.ts';
import { readUpstream } from './upstreams.ts';

export const apimScopes: readonly ApimScope[] = ['global', 'product', 'api', 'operation'];

/** Names of the files in an `apim` section. */
export function apimFiles(file: ApimFile | undefined): readonly string[] {
	return [
		...Object.values(file?.fragments ?? {}),
		...Object.values(file?.certificates ?? {}).flatMap((entry) =>
			typeof entry === 'string' ? [entry] : [entry.certificate, ...(entry.key === undefined ? [] : [entry.key])],
		),
	];
}

/** Policy files of a route, from the outermost scope to the innermost. */
export function apimPolicyFiles(
	file: ApimPolicyFile | undefined,
): readonly { readonly scope: ApimScope; readonly file: string }[] {
	if (file === undefined) return [];
	if (typeof file === 'string') return [{ scope: 'api', file }];
	return apimScopes.flatMap((scope) => {
		const name = file[scope];
		return name === undefined ? [] : [{ scope, file: name }];
	});
}

export function readApim(file: ApimFile | undefined, reading: Reading): ApimDefinition {
	const { report } = reading;
	const path = (...rest: ConfigPath): ConfigPath => ['apim', ...rest];
	const texts = (values: ApimFile['named_values']) =>
		Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, String(value)]));
	const identity = file?.managed_identity ?? {};
	const hosts = asList(file?.allowed_openid_hosts);
	for (const [index, host] of hosts.entries()) {
		if (!/^[a-z0-9.-]+(:[0-9]{1,5})?$/.test(host)) {
			report.error(path('allowed_openid_hosts', index), 'expected a host, lower-case, perhaps with a port');
		}
	}
	const uncheckedRevocation = file?.insecure_unchecked_revocation === true;
	if (uncheckedRevocation) {
		report.warning(
			path('insecure_unchecked_revocation'),
			'client certificates that their authority has revoked pass where policies ask for that to be looked up',
			{ at: 'key' },
		);
	}
	return {
		uncheckedRevocation,
		namedValues: texts(file?.named_values),
		placeholders: texts(file?.placeholders),
		fragments: Object.entries(file?.fragments ?? {}).flatMap(([name, written]) => {
			const content = readNamedFile(reading, written, path('fragments', name));
			return content === undefined ? [] : [{ name, file: written, text: content.text }];
		}),
		certificates: Object.entries(file?.certificates ?? {}).flatMap(([id, entry]) => {
			const names = typeof entry === 'string' ? { certificate: entry, key: undefined } : entry;
			const certificate = readNamedFile(reading, names.certificate, path('certificates', id));
			const key =
				names.key === undefined ? undefined : readNamedFile(reading, names.key, path('certificates', id, 'key'));
			return certificate === undefined ? [] : [{ id, certificate: certificate.text, key: key?.text }];
		}),
		backends: Object.entries(file?.backends ?? {}).flatMap(([id, written]) => {
			const upstream = readUpstream(written, path('backends', id), undefined, reading);
			return upstream === undefined ? [] : [{ id, upstream }];
		}),
		allowedOpenidHosts: hosts,
		algorithms: file?.algorithms === undefined ? defaults.apimAlgorithms : asList<Algorithm>(file.algorithms),
		managedIdentity: readManagedIdentity(
			{ type: 'managed_identity', resource: 'api', ...identity },
			path('managed_identity'),
			reading,
		),
	};
}

/** Undefined where the route has none; reports what keeps it from being run. */
export function readApimPolicy(
	file: ApimPolicyFile | undefined,
	path: ConfigPath,
	around: { readonly apim: ApimDefinition; readonly context: ApimContextDefinition | undefined },
	reading: Reading,
): ApimPolicyDefinition | undefined {
	if (file === undefined) return undefined;
	const named = apimPolicyFiles(file);
	const { report } = reading;
	if (named.length === 0) {
		report.error(path, 'no policy file is named');
		return undefined;
	}
	const policy = named.flatMap(({ scope, file: name }) => {
		const at = typeof file === 'string' ? path : [...path, scope];
		const content = readNamedFile(reading, name, at);
		return content === undefined ? [] : [{ scope, file: name, text: content.text }];
	});
	if (policy.length < named.length) return undefined;
	for (const { severity, place, message } of reading.checkPolicy?.(policy, around.apim, around.context) ?? []) {
		report[severity](path, `${place}: ${message}`);
	}
	return policy;
}

export function readApimContext(
	file: ApimContextFile | undefined,
	path: ConfigPath,
	{ report }: Reading,
): ApimContextDefinition | undefined {
	if (file === undefined) return undefined;
	const { api = {}, operation = {}, product } = file;
	const { service_url: serviceUrl } = api;
	if (serviceUrl !== undefined && (!/^https?:/.test(parseUrl(serviceUrl)?.href ?? '') || /[?#@]/.test(serviceUrl))) {
		report.error([...path, 'api', 'service_url'], 'expected an http: or https: URL without user, query and fragment');
	}
	const { id, name, path: apiPath, version, revision } = api;
	return {
		api: { id, name, path: apiPath, version, revision, serviceUrl },
		operation: { id: operation.id, name: operation.name, urlTemplate: operation.url_template },
		product: product === undefined ? undefined : { id: product.id, name: product.name ?? product.id },
	};
}
