/** Countersign as it is installed: the built package, with its audit log in a file. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../scripts/run-command.ts';
import { startChild } from '../child.ts';
import { audience, issuer } from '../tokens.ts';
import type { Peer } from './peer.ts';

export const countersign: Peer = {
	name: 'Countersign',
	tokens: 'RS256, iss, aud, exp, scope; token stripped; audit log',
	verification: 'cached',

	async version() {
		const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
		return version;
	},

	async start({ issuer: { jwks }, backendPort, folder }) {
		const config = {
			listen: '127.0.0.1:0',
			audit: { file: join(folder, 'audit.jsonl') },
			providers: { idp: { issuer, jwks, audience, algorithms: ['RS256'] } },
			routes: [
				{ path: '/orders/**', methods: ['GET'], scopes: ['orders:read'], upstream: `http://127.0.0.1:${backendPort}` },
				{ path: '/seen', methods: ['GET'], upstream: `http://127.0.0.1:${backendPort}` },
			],
		};
		const file = join(folder, 'gateway.json');
		await writeFile(file, JSON.stringify(config));
		const entry = join(root, 'bin', 'countersign.cjs');
		return startChild('node', [entry, 'start', '--config', file], /listening on http:\/\/127\.0\.0\.1:(\d+)/);
	},
};
