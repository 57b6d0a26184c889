/** nginx as a plain reverse proxy with kept connections, one worker: what forwarding alone costs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, versionOf } from '../child.ts';
import type { Peer } from './peer.ts';

export const nginx: Peer = {
	id: 'nginx',
	name: 'nginx, plain proxy_pass',
	conventional: false,
	verification: 'none',
	checksScope: false,
	about: 'no token check; no log; one worker; bodies passed on as they come, none in files',
	version: () => versionOf('nginx', ['-v'], /nginx\/(\S+)/),

	async start({ backendPort, folder, tls }) {
		const port = await freePort();
		const file = join(folder, 'nginx.conf');
		await writeFile(
			file,
			`daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_requests 100000000;
	client_max_body_size 0;
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
		listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
		${tls === undefined ? '' : `ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`}
		location / {
			proxy_pass http://backend;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_request_buffering off;
			proxy_max_temp_file_size 0;
		}
	}
}
`,
		);
		return startChild('nginx', ['-p', folder, '-c', file, '-e', 'stderr'], port);
	},
};
