/**
 * Real upstreams on free loopback ports: `node:http` itself, and nginx, HAProxy and Apache where they are installed. All of
 * them answer `/echo…` with method, path and size of the body (by way of `node:http`) and `/large` with a file of their own.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { freePort, startChild, versionOf } from '../../bench/child.ts';

/** Bytes of `/large`. */
export const large = 8 * 1024 * 1024;

export interface Origin {
	readonly name: string;
	readonly port: number;
	/** Whether it carries WebSockets. */
	readonly upgrades: boolean;
	stop(): Promise<void>;
}

export async function nodeOrigin(): Promise<Origin> {
	const content = Buffer.alloc(large, 'a');
	const server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
		let size = 0;
		request.on('data', (chunk: Buffer) => {
			size += chunk.length;
		});
		request.on('end', () =>
			response.end(request.url === '/large' ? content : `${request.method} ${request.url} ${size}`),
		);
	});
	const sockets = new WebSocketServer({ server });
	sockets.on('connection', (socket) => {
		socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
		socket.on('error', () => socket.terminate());
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('no address');
	return {
		name: `node:http ${process.versions.node}`,
		port: address.port,
		upgrades: true,
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

/** Those of nginx, HAProxy and Apache that this machine has, in front of the `node:http` one. */
export async function installedOrigins(nodePort: number, folder: string): Promise<Origin[]> {
	await mkdir(join(folder, 'files'), { recursive: true });
	// Started by root, some of them give up its rights before they read.
	await chmod(folder, 0o755);
	await writeFile(join(folder, 'files', 'large'), Buffer.alloc(large, 'a'));
	const found = [await nginx(nodePort, folder), await haproxy(nodePort, folder), await apache(nodePort, folder)];
	return found.filter((origin) => origin !== undefined);
}

async function nginx(nodePort: number, folder: string): Promise<Origin | undefined> {
	const version = await versionOf('nginx', ['-v'], /nginx\/(\S+)/);
	if (version === undefined) return undefined;
	const port = await freePort();
	const file = join(folder, 'nginx.conf');
	const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
	await writeFile(
		file,
		`daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log stderr crit;
events { worker_connections 1024; }
http {
	access_log off; client_max_body_size 0; ${temporary.join(' ')}
	server {
		listen 127.0.0.1:${port};
		location /large { root ${join(folder, 'files')}; }
		location / { proxy_pass http://127.0.0.1:${nodePort}; proxy_http_version 1.1; proxy_set_header Connection ""; }
	}
}
`,
	);
	const running = await startChild('nginx', ['-p', folder, '-c', file, '-e', 'stderr'], port);
	return { ...running, name: `nginx ${version}`, upgrades: false };
}

async function haproxy(nodePort: number, folder: string): Promise<Origin | undefined> {
	const version = await versionOf('haproxy', ['-v'], /version (\S+)/);
	if (version === undefined) return undefined;
	const port = await freePort();
	const file = join(folder, 'haproxy.cfg');
	await writeFile(
		file,
		`global
	nbthread 1
	maxconn 2048
defaults
	mode http
	timeout connect 5s
	timeout client 20s
	timeout server 20s
	timeout http-keep-alive 5s
	timeout tunnel 60s
frontend in
	bind 127.0.0.1:${port}
	default_backend node
backend node
	server node 127.0.0.1:${nodePort}
`,
	);
	const running = await startChild('haproxy', ['-db', '-f', file], port);
	return { ...running, name: `HAProxy ${version}`, upgrades: true };
}

async function apache(nodePort: number, folder: string): Promise<Origin | undefined> {
	const version = await versionOf('apache2', ['-v'], /Apache\/(\S+)/);
	if (version === undefined) return undefined;
	const port = await freePort();
	const file = join(folder, 'apache.conf');
	const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'];
	await writeFile(
		file,
		`ServerRoot ${folder}
ServerName localhost
PidFile ${join(folder, 'apache.pid')}
DefaultRuntimeDir ${folder}
ErrorLog ${join(folder, 'apache.log')}
LogLevel crit
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 5
DocumentRoot ${join(folder, 'files')}
<Directory ${join(folder, 'files')}>
	Require all granted
</Directory>
ProxyPass /echo http://127.0.0.1:${nodePort}/echo
`,
	);
	const running = await startChild('apache2', ['-f', file, '-DFOREGROUND'], port);
	return { ...running, name: `Apache ${version}`, upgrades: false };
}
