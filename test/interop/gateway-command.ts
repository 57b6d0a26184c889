/**
 * `countersign start` as a process of its own in front of an upstream that says what reached it: each request is sent
 * over a socket and seen with its answer, its audit record, and what the upstream got.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Dispatcher, request } from 'undici';
import type { AuditRecord } from '#observe/audit-record';
import { environment, root } from '../../scripts/run-command.ts';

export interface Sent {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly record: AuditRecord;
	/** Headers that reached the upstream; undefined when nothing did. */
	readonly forwarded: IncomingHttpHeaders | undefined;
}

export interface SendOptions {
	/** Default: `Bearer` and the token. */
	readonly scheme?: string;
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	/** A token that an upstream was given before, by way of an exchange. Default: false. */
	readonly upstreamHasIt?: boolean;
	/** Index of the listener. Default 0. */
	readonly listener?: number;
	/** Trust and certificate, where the listener has TLS. */
	readonly over?: Dispatcher;
}

export interface GatewayCommand {
	/** Of the listeners, in order. */
	readonly urls: readonly string[];
	send(path: string, token: string | undefined, options?: SendOptions): Promise<Sent>;
	/** Everything that it has written or passed on so far, by place: where no token and no secret may stand. */
	traces(): Readonly<Record<string, string>>;
	/** Tokens that were sent so far and that no upstream may see. */
	readonly tokens: ReadonlySet<string>;
	stop(): Promise<void>;
}

/** Milliseconds. */
const patience = 60_000;

/** `config` is made with the URL of the upstream; `files` go beside it. `authorities`: PEM file that the process trusts as well. */
export async function startGatewayCommand(
	config: (upstream: string) => Readonly<Record<string, unknown>>,
	files: Readonly<Record<string, string>>,
	authorities: string,
): Promise<GatewayCommand> {
	const upstream = await startUpstream();
	const folder = await mkdtemp(join(tmpdir(), 'countersign-interop-'));
	for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
	const file = join(folder, 'gateway.json');
	await writeFile(file, JSON.stringify(config(upstream.url), null, 2));
	const child = spawn(
		process.execPath,
		['--conditions=countersign-source', join(root, 'src/cli/main.ts'), 'start', '--config', file],
		{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: environment({ NODE_EXTRA_CA_CERTS: authorities }) },
	);
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	const onExit = (): void => void child.kill('SIGKILL');
	process.once('exit', onExit);
	let said = '';
	child.stderr.on('data', (data: Buffer) => {
		said += data.toString();
	});
	const tokens = new Set<string>();
	const lines: string[] = [];
	const records = new Map<string, AuditRecord>();
	const waiting = new Map<string, (record: AuditRecord) => void>();
	createInterface({ input: child.stdout }).on('line', (line) => {
		lines.push(line);
		const record = JSON.parse(line) as AuditRecord;
		const id = record.request_id;
		const wake = waiting.get(id);
		if (wake === undefined) records.set(id, record);
		else wake(record);
	});
	const recordOf = (id: string): Promise<AuditRecord> =>
		new Promise((resolve, reject) => {
			const known = records.get(id);
			if (known !== undefined) {
				resolve(known);
				return;
			}
			const limit = setTimeout(() => reject(new Error('the request left no audit record')), 5_000);
			waiting.set(id, (record) => {
				clearTimeout(limit);
				resolve(record);
			});
		});

	const stop = async (): Promise<void> => {
		child.kill('SIGTERM');
		await ended;
		process.off('exit', onExit);
		await upstream.stop();
		await rm(folder, { recursive: true, force: true });
	};
	const until = performance.now() + patience;
	// The admin listener is the last that it speaks of.
	while (!/^admin on \S+\n/m.test(said)) {
		if (child.exitCode !== null || performance.now() > until) {
			await stop();
			throw new Error(`the gateway did not start:\n${said}`);
		}
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	const urls = [...said.matchAll(/^listening on (\S+)\n/gm)].map(([, url]) => url ?? '');

	return {
		urls,
		tokens,
		stop,
		traces: () => ({
			log: said,
			audit: lines.join('\n'),
			upstream: [...upstream.seen.values()].map((headers) => JSON.stringify(headers)).join('\n'),
		}),
		async send(
			path,
			token,
			{ scheme = 'Bearer', method = 'GET', headers = {}, listener = 0, over, upstreamHasIt = false } = {},
		) {
			const id = randomUUID();
			if (token !== undefined && !upstreamHasIt) tokens.add(token);
			const {
				statusCode,
				headers: answered,
				body,
			} = await request(`${urls[listener] ?? ''}${path}`, {
				method,
				headers: {
					'x-request-id': id,
					...(token === undefined ? {} : { authorization: `${scheme} ${token}` }),
					...headers,
				},
				...(over === undefined ? {} : { dispatcher: over }),
			});
			await body.dump();
			return {
				status: statusCode,
				headers: answered,
				record: await recordOf(id),
				forwarded: upstream.seen.get(id),
			};
		},
	};
}

async function startUpstream(): Promise<{
	readonly url: string;
	/** Request id → headers. */
	readonly seen: ReadonlyMap<string, IncomingHttpHeaders>;
	stop(): Promise<void>;
}> {
	const seen = new Map<string, IncomingHttpHeaders>();
	const server = createServer((incoming, response) => {
		seen.set(String(incoming.headers['x-request-id']), incoming.headers);
		response.end('orders');
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		seen,
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => {
				server.close(resolve);
			});
		},
	};
}
