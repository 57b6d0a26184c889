/** HAProxy on one thread, plain and with its own JWT check: a C proxy that verifies the signature of every request. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, versionOf } from '../child.ts';
import { audience, issuer } from '../tokens.ts';
import type { Peer, Running, Setting } from './peer.ts';

const version = () => versionOf('haproxy', ['-v'], /version (\S+)/);

export const haproxyJwt: Peer = {
	id: 'haproxy-jwt',
	name: 'HAProxy, jwt_verify',
	conventional: false,
	verification: 'each request',
	checksScope: false,
	about: 'RS256, iss, aud, exp; token stripped; no log; one thread',
	version,
	async start(setting) {
		const key = join(setting.folder, 'issuer.pem');
		await writeFile(key, setting.issuer.publicKeyPem);
		return startHaproxy(setting, tokenCheck(key));
	},
};

export const haproxyPlain: Peer = {
	id: 'haproxy',
	name: 'HAProxy, plain',
	conventional: false,
	verification: 'none',
	checksScope: false,
	about: 'no token check; no log; one thread',
	version,
	start: (setting) => startHaproxy(setting, ''),
};

async function startHaproxy({ backendPort, folder, tls }: Setting, rules: string): Promise<Running> {
	const port = await freePort();
	const file = join(folder, 'haproxy.cfg');
	const both = join(folder, 'tls.pem');
	if (tls !== undefined)
		await writeFile(both, (await readFile(tls.certificate, 'utf8')) + (await readFile(tls.key, 'utf8')));
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
	bind 127.0.0.1:${port}${tls === undefined ? '' : ` ssl crt ${both}`}
${rules}
	default_backend orders
backend orders
	server backend 127.0.0.1:${backendPort}
`,
	);
	return startChild('haproxy', ['-db', '-f', file], port);
}

function tokenCheck(key: string): string {
	return `	http-request set-var(txn.token) http_auth_bearer
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
	http-request del-header authorization`;
}
