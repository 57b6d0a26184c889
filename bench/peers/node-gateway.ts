/** Starts a conventional Node gateway: a script beside this file, which reads its setting from the environment. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from '../child.ts';
import type { Running, Setting } from './peer.ts';

export async function startNodeGateway(
	script: string,
	{ issuer: { publicKeyPem }, backendPort, folder, tls }: Setting,
): Promise<Running> {
	const key = join(folder, 'issuer.pem');
	await writeFile(key, publicKeyPem);
	return startChild('node', [join(import.meta.dirname, script)], /listening on port (\d+)/, {
		NODE_ENV: 'production',
		BACKEND_PORT: String(backendPort),
		PUBLIC_KEY_FILE: key,
		...(tls === undefined ? {} : { TLS_CERTIFICATE: tls.certificate, TLS_KEY: tls.key }),
	});
}
