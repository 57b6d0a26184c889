/** Where state lives. Without a word about it: in a file beside the configuration as soon as there is state to lose. */
import { join } from 'node:path';
import { isLoopbackHost } from '#formats/ip';
import { defaults } from './defaults.ts';
import type { StoreDefinition } from './definition.ts';
import { bareHost, parseUrl, type Reading, seconds } from './reading.ts';
import type { ConfigFile } from './schema.ts';
import { resolvePath } from './secrets.ts';

type StoreFile = NonNullable<ConfigFile['store']>;

export interface StoreSurroundings {
	/** Absolute; undefined: nothing shall outlive the process. */
	readonly stateDirectory: string | undefined;
	/** Whether this configuration lets anybody change state: revoke, make keys, end sessions. */
	readonly isWritten: boolean;
	/** Whether several processes serve. */
	readonly isSpread: boolean;
}

/** Beside an error in the report the result is of no use. */
export function readStore(file: ConfigFile['store'], around: StoreSurroundings, reading: Reading): StoreDefinition {
	const store = readPlace(file, around, reading);
	if (store.type === 'memory' && around.isWritten && around.isSpread) {
		reading.report.error(file === undefined ? [] : ['store'], 'several workers do not share a store in memory', {
			fix: 'Say store: { type: sqlite, path: ./store.db }, or redis.',
		});
	}
	return store;
}

function readPlace(
	file: ConfigFile['store'],
	{ stateDirectory, isWritten }: StoreSurroundings,
	reading: Reading,
): StoreDefinition {
	const { report } = reading;
	const common = {
		encryptionKeys: readEncryptionKeys(file, reading),
		maxStaleness: readMaxStaleness(file, reading),
		failOpen: file?.insecure_fail_open ?? false,
	};
	for (const [key, type] of onlyFor) {
		if (file?.[key] === undefined || file.type === type) continue;
		report.error(['store', key], `${key} is for a store of type ${type}`, { at: 'key' });
	}
	if (common.failOpen) {
		report.warning(
			['store', 'insecure_fail_open'],
			'while the store is away, tokens that were revoked meanwhile pass, and DPoP proofs that were used before',
			{
				at: 'key',
			},
		);
	}
	switch (file?.type) {
		case 'redis':
			return { type: 'redis', url: readUrl(file, reading), ca: fileOf(file.ca, reading), ...common };
		case 'sqlite': {
			const path = fileOf(file.path, reading) ?? (stateDirectory === undefined ? undefined : ownFile(stateDirectory));
			if (path === undefined) {
				report.error(['store'], 'path is missing: state_directory is false', {
					fix: 'For example: path: ./state/store.db',
				});
			}
			return { type: 'sqlite', path: path ?? '', ...common };
		}
		case 'memory':
			return { type: 'memory', ...common };
		case undefined:
			return isWritten && stateDirectory !== undefined
				? { type: 'sqlite', path: ownFile(stateDirectory), ...common }
				: { type: 'memory', ...common };
	}
}

const onlyFor = [
	['path', 'sqlite'],
	['url', 'redis'],
	['ca', 'redis'],
] as const;

function ownFile(stateDirectory: string): string {
	return join(stateDirectory, 'store.db');
}

function fileOf(name: string | undefined, { folder }: Reading): string | undefined {
	return name === undefined ? undefined : resolvePath(folder, name);
}

function readUrl(file: StoreFile, { report }: Reading): string {
	const path = ['store', 'url'];
	const { url: text = '' } = file;
	const url = parseUrl(text);
	if (
		url === undefined ||
		!/^rediss?:$/.test(url.protocol) ||
		url.hostname === '' ||
		!/^(\/\d*)?$/.test(url.pathname)
	) {
		report.error(file.url === undefined ? ['store'] : path, 'expected url: redis://host:port or rediss://host:port', {
			fix: 'For example: rediss://gateway:${env:REDIS_PASSWORD}@redis.example.net:6379/0. Special characters of the password are percent-encoded.',
		});
		return text;
	}
	if (url.search !== '' || url.hash !== '') report.error(path, 'a URL of Redis has neither a query nor a fragment');
	const isLocal = isLoopbackHost(bareHost(url));
	if (url.protocol === 'redis:' && !isLocal) {
		report.warning(path, 'state, and the password, go to Redis unencrypted; rediss: is TLS');
	}
	if (url.protocol === 'redis:' && file.ca !== undefined) {
		report.error(['store', 'ca'], 'redis: has no certificate to check; rediss: is TLS', { at: 'key' });
	}
	return text;
}

/** 32 octets each, as Base64 or base64url; anything else was not made by a random generator. */
function readEncryptionKeys(file: ConfigFile['store'], { report }: Reading): readonly string[] {
	const keys = file?.encryption_keys ?? [];
	for (const [index, key] of keys.entries()) {
		const path = ['store', 'encryption_keys', index];
		if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(key)) {
			report.error(path, 'expected 32 octets in Base64', { fix: 'Make one with: openssl rand -base64 32' });
		} else if (new Set(key).size < 12) {
			report.error(path, 'the key repeats itself: it can be guessed', {
				fix: 'Make one with: openssl rand -base64 32',
			});
		} else if (keys.indexOf(key) < index) report.error(path, 'this key is there twice');
	}
	return keys;
}

function readMaxStaleness(file: ConfigFile['store'], { report }: Reading): number {
	const time = seconds(file?.max_staleness ?? defaults.store.maxStaleness) ?? 0;
	// Below that, one answer that is late is an outage; above, a revocation is a matter of luck.
	if (time < 1 || time > 300) report.error(['store', 'max_staleness'], 'from 1s to 5m');
	return time;
}
