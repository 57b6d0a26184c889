/** Where the gateway listens, and with which certificates. */
import { parseHost } from '#formats/host';
import type { ListenerDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { asList, type Reading, readNamedFile } from './reading.ts';
import type { ConfigFile } from './schema.ts';

type ListenFile = NonNullable<ConfigFile['listen']>;
type TlsFile = NonNullable<Exclude<Extract<ListenFile, object>, readonly unknown[]>['tls']>;

export function readListeners(value: ListenFile, path: ConfigPath, reading: Reading): readonly ListenerDefinition[] {
	const seen = new Set<string>();
	return asList(value).flatMap((entry, index): ListenerDefinition[] => {
		const at = Array.isArray(value) ? [...path, index] : path;
		const addressAt = typeof entry === 'string' ? at : [...at, 'address'];
		const address = readAddress(typeof entry === 'string' ? entry : entry.address);
		const tls =
			typeof entry === 'string' || entry.tls === undefined ? undefined : readTls(entry.tls, [...at, 'tls'], reading);
		if (typeof address === 'string') {
			reading.report.error(addressAt, address, {
				fix: 'For example: 127.0.0.1:8080, or 0.0.0.0:8080 for every network.',
			});
			return [];
		}
		const key = `${address.host}:${address.port}`;
		if (address.port !== 0 && seen.has(key)) reading.report.error(addressAt, 'this address is there twice');
		seen.add(key);
		return [{ ...address, tls }];
	});
}

/** `host:port` taken apart, IPv6 without its brackets; or what is wrong with it. */
export function readAddress(text: string): { readonly host: string; readonly port: number } | string {
	const [, host, digits] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
	if (host === undefined || digits === undefined) return 'expected host:port';
	const port = Number(digits);
	if (port > 65_535) return 'a port is at most 65535';
	if (host === '') return 'the host is missing: on which address shall the gateway listen?';
	const name = parseHost(host);
	if (name === undefined || name.port !== undefined) return 'expected host:port, with IPv6 in brackets';
	return { host: name.name.replace(/^\[(.*)\]$/, '$1'), port };
}

function readTls(tls: TlsFile, path: ConfigPath, reading: Reading): ListenerDefinition['tls'] {
	const { report } = reading;
	const file = (key: 'certificate' | 'key' | 'client_ca', block: RegExp, what: string): string | undefined => {
		const name = tls[key];
		if (name === undefined) return undefined;
		const content = readNamedFile(reading, name, [...path, key]);
		if (content !== undefined && !block.test(content.text))
			report.error([...path, key], `the file ${name} holds no PEM ${what}`);
		return content?.path;
	};
	const certificate = file('certificate', /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/, 'certificate');
	const key = file('key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'private key');
	const clientCa = file('client_ca', /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/, 'certificate');
	const clientCertificate = tls.client_certificate ?? 'none';
	if (clientCertificate === 'require' && tls.client_ca === undefined) {
		report.error([...path, 'client_certificate'], 'require needs client_ca: whose certificates are accepted?');
	}
	return certificate === undefined || key === undefined ? undefined : { certificate, key, clientCa, clientCertificate };
}
