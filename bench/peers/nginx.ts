/** nginx as a plain reverse proxy with kept connections, one worker: what forwarding alone costs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, versionOf } from '../child.ts';
import type { Peer } from './peer.ts';

export const nginx: Peer = {
	name: 'nginx, plain proxy_pass',
	tokens: 'no token check; no log',
	verification: 'none',
	version: () => versionOf('nginx', ['-v'], /nginx\/(\S+)/),

	async start({ backendPort, folder }) {
		const port = await freePort();
		const file = join(folder, 'nginx.conf');
		await writeFile(
			file,
			`daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_requests 100000000;
	client_body_temp_path ${folder};
	proxy_temp_path ${folder};
	fastcgi_temp_path ${folder};
	uwsgi_temp_path ${folder};
	scgi_temp_path ${folder};
	upstream backend {
		server 127.0.0.1:${backendPort};
		keepalive 128;
		keepalive_requests 100000000;
	}
	server {
		listen 127.0.0.1:${port};
		location / {
			proxy_pass http://backend;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
		}
	}
}
`,
		);
		return startChild('nginx', ['-p', folder, '-c', file, '-e', 'stderr'], port);
	},
};
