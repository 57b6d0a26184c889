/** Caddy as a plain reverse proxy on one processor: it has no token check of its own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, versionOf } from '../child.ts';
import type { Peer } from './peer.ts';

export const caddy: Peer = {
	id: 'caddy',
	name: 'Caddy, plain reverse_proxy',
	conventional: false,
	verification: 'none',
	checksScope: false,
	about: 'no token check; no access log; GOMAXPROCS=1',
	version: () => versionOf('caddy', ['version'], /^v?(\S+)/m),

	async start({ backendPort, folder, tls }) {
		const port = await freePort();
		const file = join(folder, 'Caddyfile');
		await writeFile(
			file,
			`{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
${tls === undefined ? 'http' : 'https'}://:${port} {
	bind 127.0.0.1
	${tls === undefined ? '' : `tls ${tls.certificate} ${tls.key}`}
	reverse_proxy 127.0.0.1:${backendPort} {
		transport http {
			keepalive_idle_conns_per_host 128
		}
	}
}
`,
		);
		return startChild('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], port, {
			GOMAXPROCS: '1',
			HOME: folder,
			XDG_CONFIG_HOME: folder,
			XDG_DATA_HOME: folder,
		});
	},
};
