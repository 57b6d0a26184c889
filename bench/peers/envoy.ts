/** Envoy with its JWT filter and one worker thread, as its documentation suggests it and with the filter's token cache. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, versionOf } from '../child.ts';
import { audience, issuer } from '../tokens.ts';
import type { Peer, Running, Setting } from './peer.ts';

export const envoy: Peer = {
	id: 'envoy',
	name: 'Envoy, jwt_authn',
	conventional: false,
	verification: 'each request',
	checksScope: false,
	about: 'RS256, iss, aud, exp; token stripped; no access log; one worker thread',
	version: () => versionOf('envoy', ['--version'], /version: \w+\/([\d.]+)\//),
	start: (setting) => startEnvoy(setting, {}),
};

export const envoyCached: Peer = {
	...envoy,
	id: 'envoy-cached',
	name: 'Envoy, jwt_authn with its cache',
	twin: true,
	verification: 'cached',
	about: 'the same with `jwt_cache_config`, 150,000 tokens',
	start: (setting) => startEnvoy(setting, { jwt_cache_config: { jwt_cache_size: 150_000 } }),
};

const extension = 'type.googleapis.com/envoy.extensions';

/** The configuration is JSON, which Envoy reads by the name of the file. */
async function startEnvoy(setting: Setting, cache: object): Promise<Running> {
	const port = await freePort();
	const file = join(setting.folder, 'envoy.json');
	await writeFile(file, JSON.stringify({ static_resources: resources(setting, port, cache) }));
	return startChild('envoy', ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'], port);
}

function resources({ issuer: { jwks }, backendPort, tls }: Setting, port: number, cache: object): object {
	const provider = {
		issuer,
		audiences: [audience],
		local_jwks: { inline_string: JSON.stringify(jwks) },
		...cache,
	};
	const connections = {
		'@type': `${extension}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
		stat_prefix: 'api',
		http_filters: [
			filter('jwt_authn', 'jwt_authn.v3.JwtAuthentication', {
				providers: { idp: provider },
				rules: [{ match: { prefix: '/' }, requires: { provider_name: 'idp' } }],
			}),
			filter('router', 'router.v3.Router', {}),
		],
		route_config: {
			virtual_hosts: [
				{
					name: 'api',
					domains: ['*'],
					routes: [{ match: { prefix: '/' }, route: { cluster: 'backend', timeout: '0s' } }],
				},
			],
		},
	};
	return {
		listeners: [
			{
				address: address(port),
				filter_chains: [
					{
						filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connections }],
						...(tls === undefined ? {} : { transport_socket: transport(tls.certificate, tls.key) }),
					},
				],
			},
		],
		clusters: [
			{
				name: 'backend',
				type: 'STATIC',
				load_assignment: {
					cluster_name: 'backend',
					endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backendPort) } }] }],
				},
			},
		],
	};
}

function filter(name: string, type: string, config: object): object {
	return {
		name: `envoy.filters.http.${name}`,
		typed_config: { '@type': `${extension}.filters.http.${type}`, ...config },
	};
}

function address(port: number): object {
	return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function transport(certificate: string, key: string): object {
	const files = { certificate_chain: { filename: certificate }, private_key: { filename: key } };
	return {
		name: 'envoy.transport_sockets.tls',
		typed_config: {
			'@type': `${extension}.transport_sockets.tls.v3.DownstreamTlsContext`,
			common_tls_context: { tls_certificates: [files] },
		},
	};
}
