/** Countersign as it is installed: the built package, with audit log, metrics and trace ids, as an operator runs it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../scripts/run-command.ts';
import { startChild } from '../child.ts';
import { audience, issuer } from '../tokens.ts';
import type { Peer, Running, Setting } from './peer.ts';

/** A configuration file as an object; what a section or variant changes of the plain one. */
export type Config = Readonly<Record<string, unknown>>;

export const countersign: Peer = {
	id: 'countersign',
	name: 'Countersign',
	conventional: false,
	verification: 'cached',
	checksScope: true,
	about: 'RS256, iss, aud, exp, scope; token stripped; audit log in a file, metrics, trace ids; one process',
	version,
	start: (setting) => startCountersign(setting.folder, plainConfig(setting)),
};

export const countersignTwoWorkers: Peer = {
	...countersign,
	id: 'countersign-2',
	name: 'Countersign, 2 workers',
	twin: true,
	about: 'the same with `workers: 2`',
	version: async () => ((await knowsKey('workers')) ? version() : undefined),
	start: (setting) => startCountersign(setting.folder, { ...plainConfig(setting), workers: 2 }),
};

/** One provider with its key set in place, one route that needs a scope; audit log and metrics on. */
export function plainConfig({ folder, backendPort, issuer: { jwks }, tls }: Setting): Config {
	const upstream = `http://127.0.0.1:${backendPort}`;
	return {
		listen: tls === undefined ? '127.0.0.1:0' : { address: '127.0.0.1:0', tls },
		admin: { listen: '127.0.0.1:0' },
		audit: { file: join(folder, 'audit.jsonl') },
		state_directory: false,
		providers: { idp: { issuer, jwks, audience, algorithms: ['RS256'] } },
		routes: [
			{ path: '/orders/**', methods: ['GET', 'POST'], scopes: ['orders:read'], upstream },
			{ path: '/seen', methods: ['GET'], scopes: ['orders:read'], upstream },
		],
	};
}

/** Starts the command line built in `checkout`, by default this one; `folder` takes its configuration. */
export async function startCountersign(folder: string, config: Config, checkout = root): Promise<Running> {
	const file = join(folder, 'gateway.json');
	await writeFile(file, JSON.stringify(config));
	return startChild(
		'node',
		[join(checkout, 'bin', 'countersign.cjs'), 'start', '--config', file],
		/listening on https?:\/\/127\.0\.0\.1:(\d+)/,
	);
}

/** Whether this version's configuration has this top-level key: rows of what it cannot do are left out. */
export async function knowsKey(key: string): Promise<boolean> {
	const schema: { properties: Readonly<Record<string, unknown>> } = JSON.parse(
		await readFile(join(root, 'schema', 'countersign.schema.json'), 'utf8'),
	);
	return key in schema.properties;
}

async function version(): Promise<string> {
	const { version: found }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
	return found;
}
