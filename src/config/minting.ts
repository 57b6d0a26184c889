/** `minting`: who signs tokens for upstreams, with which keys, and where their public halves stand. */
import { publishedPaths } from '#formats/published-paths';
import { defaults } from './defaults.ts';
import type { Definition, MintingDefinition, MintingKeyDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { checkUrl, parseUrl, type Reading, readNamedFile, seconds } from './reading.ts';
import type { ConfigFile } from './schema.ts';
import type { MintingFile } from './schema-minting.ts';

const path = ['minting'];
/** Seconds: the longest that a store may be asked to count, and then some. */
const longestRotation = 390 * 86_400;
/** Seconds for which the usual libraries keep a key set. */
const usualCache = 600;

/** Undefined after reporting why, and where there is none. */
export function readMinting(
	{ minting: file, public_url: publicUrl }: ConfigFile,
	reading: Reading,
): MintingDefinition | undefined {
	if (file === undefined) return undefined;
	const { report } = reading;
	const issuer = readIssuer(file, publicUrl, reading);
	const keys = file.keys === undefined ? readRotation(file, reading) : readKeys(file, file.keys, reading);
	const maxAge = seconds(file.keys_max_age ?? defaults.minting.keysMaxAge) ?? 0;
	if (maxAge < 1 || maxAge > 86_400) report.error([...path, 'keys_max_age'], '1s to 24h');
	if (keys?.from === 'made' && maxAge > keys.ahead) {
		report.error(
			[...path, file.keys_max_age === undefined ? 'publish_ahead' : 'keys_max_age'],
			'a key would sign before backends look for it: keys_max_age is longer than publish_ahead',
		);
	}
	const publishOn = file.publish_on ?? defaults.minting.publishOn;
	if (issuer === undefined || keys === undefined) return undefined;
	return {
		issuer,
		keys,
		maxAge: Math.floor(maxAge),
		publishOn: { listen: publishOn !== 'admin', admin: publishOn !== 'listen' },
	};
}

function readIssuer(file: MintingFile, publicUrl: string | undefined, { report }: Reading): string | undefined {
	const issuer = file.issuer ?? publicUrl;
	if (issuer === undefined) {
		report.error(path, 'issuer is missing, and there is no public_url', {
			at: 'key',
			fix: 'For example: issuer: https://gateway.example.com',
		});
		return undefined;
	}
	const at = file.issuer === undefined ? path : [...path, 'issuer'];
	const problem = checkUrl(issuer, { insecureHttp: file.insecure_http === true });
	const url = parseUrl(issuer);
	if (problem !== undefined) report.error(at, problem);
	// What backends put the well-known path behind must be what requests are compared with.
	else if (url === undefined || url.search !== '' || (issuer !== url.href && `${issuer}/` !== url.href)) {
		report.error(at, 'expected a URL as it is sent: lower-case host, no query, no needless port, no dot segments');
	}
	if (file.insecure_http === true) {
		report.warning([...path, 'insecure_http'], 'whoever is between gateway and backends can plant keys', { at: 'key' });
	}
	return issuer;
}

function readRotation(file: MintingFile, { report }: Reading): MintingDefinition['keys'] {
	const every = seconds(file.rotate_every ?? defaults.minting.rotateEvery) ?? 0;
	const ahead = seconds(file.publish_ahead ?? defaults.minting.publishAhead) ?? 0;
	if (every > longestRotation) report.error([...path, 'rotate_every'], 'at most 390d');
	if (ahead < 1) report.error([...path, 'publish_ahead'], 'at least 1s');
	else if (every < 2 * ahead) {
		report.error(
			[...path, file.rotate_every === undefined ? 'publish_ahead' : 'rotate_every'],
			'a key would hardly sign before the next one is there: rotate_every is at least twice publish_ahead',
		);
	}
	if (file.publish_ahead !== undefined && ahead < usualCache) {
		report.warning(
			[...path, 'publish_ahead'],
			'most libraries keep a key set for ten minutes: backends may refuse what a new key signs',
		);
	}
	return { from: 'made', algorithm: file.algorithm ?? defaults.minting.algorithm, every, ahead };
}

const ofMadeKeys = ['algorithm', 'rotate_every', 'publish_ahead'] as const;

function readKeys(
	file: MintingFile,
	keys: NonNullable<MintingFile['keys']>,
	reading: Reading,
): MintingDefinition['keys'] {
	const { report } = reading;
	for (const key of ofMadeKeys) {
		if (file[key] !== undefined)
			report.error([...path, key], `${key} is for keys that the gateway makes`, { at: 'key' });
	}
	const kids = new Set<string>();
	const read = keys.flatMap((key, index): MintingKeyDefinition[] => {
		const at = [...path, 'keys', index];
		const text = readKeyText(key, at, reading);
		if (text === undefined) return [];
		const checked = reading.checkMintingKey?.({ text, kid: key.kid });
		if (checked !== undefined && 'problem' in checked) report.error(at, checked.problem);
		else if (checked !== undefined) {
			if (kids.has(checked.kid)) report.error(at, 'this key, or another one of its name, is there already');
			kids.add(checked.kid);
		}
		return [{ text, kid: key.kid }];
	});
	return { from: 'given', keys: read };
}

function readKeyText(
	{ file, text }: NonNullable<MintingFile['keys']>[number],
	at: ConfigPath,
	reading: Reading,
): string | undefined {
	if ((file === undefined) === (text === undefined)) {
		reading.report.error(at, 'expected either file or text');
		return undefined;
	}
	return file === undefined ? text : readNamedFile(reading, file, [...at, 'file'])?.text;
}

/** What can only be said of the whole file. */
export function checkMinting(definition: Definition, { report }: Reading): void {
	const { minting, admin, routes, store } = definition;
	if (minting === undefined) return;
	if (minting.publishOn.admin && admin === undefined) {
		report.error([...path, 'publish_on'], 'there is no admin listener');
	}
	const isUsed = routes.some(({ backendToken }) => backendToken.type === 'mint');
	const isSound = !report.list().some(({ severity }) => severity === 'error');
	if (!isUsed && isSound) report.hint(path, 'no route has backend_token: { type: mint }', { at: 'key' });
	if (minting.keys.from === 'made') {
		const { every, ahead } = minting.keys;
		const { maxSecretAge } = definition;
		if (maxSecretAge !== undefined && every + ahead > maxSecretAge) {
			report.warning(path, 'a key that signs becomes older than max_secret_age before the next one takes its place', {
				at: 'key',
				fix: 'Set rotate_every, with publish_ahead, below max_secret_age.',
			});
		}
		if (store.type === 'memory' && definition.workers !== 1) {
			report.error(path, 'each worker would have minting keys of its own: they do not share a store in memory', {
				at: 'key',
				fix: 'Say store: { type: sqlite, path: ./store.db, encryption_keys: […] }, or give minting.keys.',
			});
		} else if (store.type === 'memory') {
			report.warning(
				path,
				'minting keys live in memory: a restart makes others, and backends refuse their tokens until they look again',
				{ at: 'key', fix: 'Say store: { type: sqlite, encryption_keys: […] } or redis; or give keys.' },
			);
		} else if (store.encryptionKeys.length === 0) {
			report.error(path, 'the store holds no secrets, such as minting keys, without store.encryption_keys', {
				at: 'key',
				fix: 'Make one with: openssl rand -base64 32. Or give minting.keys.',
			});
		}
	}
	if (minting.publishOn.listen) checkRoutes(minting, routes, report);
}

/** A document of ours that a route also serves: which one is meant? */
function checkRoutes({ issuer }: MintingDefinition, routes: Definition['routes'], report: Reading['report']): void {
	const url = parseUrl(issuer);
	if (url === undefined) return;
	const paths = publishedPaths(issuer);
	for (const [index, { path: own, host }] of routes.entries()) {
		if (!paths.includes(own) || (host !== undefined && host !== url.hostname)) continue;
		report.error(['routes', index, 'path'], 'minting publishes its keys at this path', {
			fix: 'Give minting.issuer a path, or say minting.publish_on: admin.',
		});
	}
}
