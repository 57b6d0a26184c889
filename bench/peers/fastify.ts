/** Starts the conventional Node gateway of fastify-gateway.ts. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../scripts/run-command.ts';
import { startChild } from '../child.ts';
import type { Peer } from './peer.ts';

export const fastify: Peer = {
	name: 'Fastify + http-proxy + fast-jwt',
	tokens: 'RS256, iss, aud, exp, scope; token stripped; no log',
	verification: 'cached',

	async version() {
		const versions = await Promise.all(
			['fastify', '@fastify/http-proxy', 'fast-jwt'].map(async (name) => {
				const { version }: { version: string } = JSON.parse(
					await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8'),
				);
				return version;
			}),
		);
		return versions.join(' / ');
	},

	async start({ issuer: { publicKeyPem }, backendPort, folder }) {
		const file = join(folder, 'key.pem');
		await writeFile(file, publicKeyPem);
		return startChild(
			'node',
			[join(import.meta.dirname, 'fastify-gateway.ts')],
			/listening on http:\/\/127\.0\.0\.1:(\d+)/,
			{ BACKEND_PORT: String(backendPort), PUBLIC_KEY_FILE: file, NODE_ENV: 'production' },
		);
	},
};
