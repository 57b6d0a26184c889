/** HAProxy with its own JWT check on one thread: what a C proxy pays that verifies the signature of every request. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, versionOf } from '../child.ts';
import { audience, issuer } from '../tokens.ts';
import type { Peer } from './peer.ts';

export const haproxy: Peer = {
	name: 'HAProxy, jwt_verify',
	tokens: 'RS256, iss, aud, exp; token stripped; no log',
	verification: 'each request',
	version: () => versionOf('haproxy', ['-v'], /version (\S+)/),

	async start({ issuer: { publicKeyPem }, backendPort, folder }) {
		const port = await freePort();
		const key = join(folder, 'key.pem');
		const file = join(folder, 'haproxy.cfg');
		await writeFile(key, publicKeyPem);
		await writeFile(
			file,
			`global
	nbthread 1
	maxconn 4096
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	http-reuse always
frontend api
	bind 127.0.0.1:${port}
	http-request set-var(txn.token) http_auth_bearer
	http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
	http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss')
	http-request set-var(txn.aud) var(txn.token),jwt_payload_query('$.aud')
	http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
	http-request set-var(txn.now) date()
	http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
	http-request deny deny_status 401 unless { var(txn.iss) -m str ${issuer} }
	http-request deny deny_status 401 unless { var(txn.aud) -m str ${audience} }
	http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
	http-request deny deny_status 401 unless { var(txn.token),jwt_verify(txn.alg,"${key}") -m int 1 }
	http-request del-header authorization
	default_backend orders
backend orders
	server backend 127.0.0.1:${backendPort}
`,
		);
		return startChild('haproxy', ['-db', '-f', file], port);
	},
};
