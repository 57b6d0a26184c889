/** Several workers as real processes: they share the port, die, reload and drain, and are one gateway all the while. */
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { type Command, isAlive, startCommand, type WorkersPage } from './support/command.ts';
import { readMetrics } from './support/metrics.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { hasRedis, startRedis } from './support/redis-server.ts';
import { selfSigned } from './support/self-signed.ts';
import { writeIn } from './support/temp-dir.ts';
import { createTestProvider, jwksPath } from './support/test-provider.ts';

const patient = { timeout: 15_000, interval: 20 };

interface Received {
	readonly status: number;
	/** Realm of the challenge. */
	readonly realm: string | undefined;
	/** False for the first request of a connection. */
	readonly reused: boolean;
}

/** A kept connection: one request after the other, all on the same socket. */
interface Client {
	get(path: string): Promise<Received>;
	close(): void;
}

function keptConnection(url: string): Client {
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	onTestFinished(() => agent.destroy());
	return {
		close: () => agent.destroy(),
		get: (path) =>
			new Promise((resolve, reject) => {
				const sent = request(url + path, { agent }, (response) => {
					const realm = /realm="([^"]*)"/.exec(response.headers['www-authenticate'] ?? '')?.[1];
					response.resume();
					response.on('error', reject);
					response.on('end', () => resolve({ status: response.statusCode ?? 0, realm, reused: sent.reusedSocket }));
				});
				sent.on('error', reject);
				sent.end();
			}),
	};
}

const open = (upstream: { readonly url: string }, more: Readonly<Record<string, unknown>> = {}) => ({
	workers: 2,
	audit: { file: './audit.jsonl' },
	routes: [{ name: 'all', path: '/**', public: true, upstream: upstream.url }],
	...more,
});

/** Lets only one of the workers take connections, so that it is known which one does. */
async function only<T>(pids: readonly number[], index: number, task: () => Promise<T>): Promise<T> {
	const others = pids.filter((_, other) => other !== index);
	for (const pid of others) process.kill(pid, 'SIGSTOP');
	try {
		return await task();
	} finally {
		for (const pid of others) process.kill(pid, 'SIGCONT');
	}
}

const serving = (command: Command) => async () => (await command.workers()).length;

async function replaced(command: Command, before: readonly number[]): Promise<readonly number[]> {
	await expect
		.poll(async () => (await command.workers()).filter((pid) => !before.includes(pid)).length, patient)
		.toBeGreaterThan(0);
	await expect.poll(serving(command), patient).toBe(2);
	return command.workers();
}

async function counted(command: Command): Promise<number> {
	const page = readMetrics(await (await fetch(`${command.adminUrl}/metrics`)).text());
	return page.series('countersign_responses_total').reduce((sum, key) => sum + (page.samples.get(key) ?? 0), 0);
}

test('each worker killed with -9 in turn under load: connections of the other one lose nothing, counts never go back', async () => {
	const upstream = await recordingUpstream({ keepBody: false });
	const command = await startCommand(open(upstream));
	expect(command.said().match(/listening on/g)).toHaveLength(1);
	let pids = await command.workers();
	expect(pids).toHaveLength(2);

	let answers = 0;
	let lowest = 0;
	for (const victim of [0, 1]) {
		// Eight connections to each worker.
		const clients: Client[] = [];
		for (const index of [0, 1]) {
			await only(pids, index, async () => {
				for (let count = 0; count < 8; count++) {
					const client = keptConnection(command.url);
					expect((await client.get('/first')).status).toBe(200);
					answers++;
					clients.push(client);
				}
			});
		}
		const survivors = clients.slice(victim === 0 ? 8 : 0, victim === 0 ? 16 : 8);
		let going = true;
		const lost = { victims: 0, survivors: 0 };
		const load = clients.map(async (client) => {
			const isSurvivor = survivors.includes(client);
			for (let count = 0; going; count++) {
				try {
					const { status, reused } = await client.get(`/load/${count}`);
					expect([status, reused || !isSurvivor]).toEqual([200, true]);
					answers++;
				} catch {
					lost[isSurvivor ? 'survivors' : 'victims']++;
					if (!isSurvivor) return;
				}
			}
		});
		await new Promise((resolve) => setTimeout(resolve, 200));
		const before = await counted(command);
		expect(before).toBeGreaterThanOrEqual(lowest);
		const dead = pids[victim] ?? 0;
		process.kill(dead, 'SIGKILL');
		pids = await replaced(command, pids);
		going = false;
		await Promise.all(load);
		expect(lost.survivors).toBe(0);
		expect(lost.victims).toBeLessThanOrEqual(8);
		expect(pids).not.toContain(dead);
		lowest = await counted(command);
		expect(lowest).toBeGreaterThanOrEqual(before);
		for (const client of clients) client.close();
	}
	expect((await command.admin<{ workers: unknown }>('/healthz')).workers).toEqual({ serving: 2, absent: 0, exits: 2 });
	expect(command.said()).toContain('how="signal SIGKILL"');

	// Every line that a survivor wrote is whole; a killed one may lose its last batch.
	const lines = readFileSync(join(command.folder, 'audit.jsonl'), 'utf8').trimEnd().split('\n');
	for (const line of lines) expect(JSON.parse(line)).toMatchObject({ decision: 'allow' });
	expect(lines.length).toBeGreaterThan(answers / 2);
}, 30_000);

test('both killed at once: whoever connects while no worker lives is served by those that come', async () => {
	const upstream = await recordingUpstream();
	const command = await startCommand(open(upstream));
	const pids = await command.workers();
	for (const pid of pids) process.kill(pid, 'SIGKILL');
	await expect.poll(() => pids.filter(isAlive), patient).toEqual([]);
	const waiting = Array.from({ length: 20 }, (_, index) => keptConnection(command.url).get(`/${index}`));
	expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 200));
	await expect.poll(serving(command), patient).toBe(2);
}, 30_000);

test('ten configurations a second under load, every third one broken: no request fails, all workers have the last', async () => {
	const provider = await createTestProvider();
	onTestFinished(() => provider.stop());
	const upstream = await recordingUpstream({ keepBody: false });
	const numbered = (number: number) => ({
		workers: 2,
		audit: { file: './audit.jsonl' },
		errors: { realm: `v${number}` },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
		routes: [{ path: '/orders/**', upstream: upstream.url }],
	});
	const command = await startCommand(numbered(0));
	const authorization = `Bearer ${provider.issue()}`;
	const statuses = new Set<number>();
	let going = true;
	const load = Array.from({ length: 4 }, async () => {
		for (let count = 0; going; count++) {
			const response = await fetch(`${command.url}/orders/${count}`, { headers: { authorization } });
			await response.arrayBuffer();
			statuses.add(response.status);
		}
	});
	for (let number = 1; number <= 20; number++) {
		command.write(number % 3 === 0 ? `listen: [\nroutes: ${number}` : numbered(number));
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	command.write(numbered(21));
	const health = async () =>
		(await command.admin<{ configuration: { state: string; reloads: number } }>('/healthz')).configuration;
	const realm = async () => (await keptConnection(command.url).get('/orders/1')).realm;
	await expect.poll(realm, patient).toBe('v21');
	going = false;
	await Promise.all(load);
	expect([...statuses]).toEqual([200]);
	await expect.poll(async () => (await health()).state, patient).toBe('in_force');
	expect((await health()).reloads).toBeGreaterThan(3);
	const pids = await command.workers();
	for (const index of [0, 1]) {
		expect(await only(pids, index, realm)).toBe('v21');
	}

	// One that is rejected is rejected everywhere, and a worker that comes new begins with the one in force.
	command.write('routes: 7\n');
	await expect.poll(async () => (await health()).state, patient).toBe('rejected');
	process.kill(pids[0] ?? 0, 'SIGKILL');
	const after = await replaced(command, pids);
	for (const index of [0, 1]) expect(await only(after, index, realm)).toBe('v21');

	// Keys were fetched for all of them together: by the primary, by those that began with it, by the one that came new.
	expect(provider.requests(jwksPath)).toBeLessThanOrEqual(4);
	const { workers } = await command.admin<{ workers: { worker: number; answer: { keys: { state: string } }[] }[] }>(
		'/providers',
	);
	expect(workers.map(({ worker, answer }) => [worker, answer[0]?.keys.state])).toEqual([
		[1, 'ready'],
		[2, 'ready'],
	]);
}, 30_000);

test('drain: what is under way on every worker ends well, then nobody is left', async () => {
	const held: (() => void)[] = [];
	const upstream = await recordingUpstream({ answer: (_, response) => void held.push(() => response.end('late')) });
	const command = await startCommand(open(upstream));
	const pids = await command.workers();
	const under: Promise<{ status: number }>[] = [];
	for (const index of [0, 1]) {
		await only(pids, index, async () => {
			for (let count = 0; count < 5; count++) under.push(keptConnection(command.url).get(`/${count}`));
			await upstream.arrived(under.length);
		});
	}
	command.child.kill('SIGTERM');
	await expect.poll(async () => (await fetch(`${command.adminUrl}/readyz`)).status, patient).toBe(503);
	await expect
		.poll(
			() =>
				keptConnection(command.url)
					.get('/new')
					.catch(() => 'refused'),
			patient,
		)
		.toBe('refused');
	for (const end of held) end();
	expect((await Promise.all(under)).map(({ status }) => status)).toEqual(under.map(() => 200));
	expect(await command.ended).toBe(0);
	expect(pids.filter(isAlive)).toEqual([]);
	expect(upstream.requests).toHaveLength(10);
}, 30_000);

test('a second signal, and the death of the primary, leave no worker behind', async () => {
	const upstream = await recordingUpstream({ answer: () => {} });
	for (const how of ['second signal', 'SIGKILL'] as const) {
		const command = await startCommand(open(upstream, { timeouts: { drain: how === 'SIGKILL' ? '200ms' : '30s' } }));
		const pids = await command.workers();
		const arrived = upstream.arrived(upstream.requests.length + 1);
		const hanging = keptConnection(command.url)
			.get('/hangs')
			.catch(() => 'cut');
		await arrived;
		if (how === 'SIGKILL') command.child.kill('SIGKILL');
		else {
			command.child.kill('SIGINT');
			await expect.poll(command.said, patient).toContain('stopping');
			command.child.kill('SIGINT');
			expect(await command.ended).toBe(1);
		}
		expect(await hanging).toBe('cut');
		await expect.poll(() => pids.filter(isAlive), patient).toEqual([]);
	}
}, 30_000);

test.skipIf(!hasRedis)(
	'a worker that is just beginning ends with its primary, whatever it holds',
	async () => {
		const redis = await startRedis();
		onTestFinished(() => redis.stop());
		const upstream = await recordingUpstream();
		const command = await startCommand(open(upstream, { store: { type: 'redis', url: redis.url } }));
		const pids = await command.workers();
		process.kill(pids[0] ?? 0, 'SIGKILL');
		let beginning: number | undefined;
		await expect
			.poll(async () => {
				const { workers } = await command.admin<WorkersPage>('/workers');
				beginning = workers.find(({ state, pid }) => state === 'starting' && pid !== undefined)?.pid;
				return beginning;
			}, patient)
			.toBeGreaterThan(0);
		command.child.kill('SIGKILL');
		await expect.poll(() => [beginning ?? 0, ...pids].filter(isAlive), patient).toEqual([]);
	},
	40_000,
);

test('SIGTERM to one worker drains and replaces it; SIGHUP opens the audit file anew everywhere', async () => {
	const upstream = await recordingUpstream();
	const command = await startCommand(open(upstream));
	const pids = await command.workers();
	const kept = await only(pids, 1, async () => {
		const client = keptConnection(command.url);
		await client.get('/other');
		return client;
	});
	const before = await counted(command);
	process.kill(pids[0] ?? 0, 'SIGTERM');
	const after = await replaced(command, pids);
	expect(await kept.get('/kept')).toMatchObject({ status: 200, reused: true });
	expect(await counted(command)).toBeGreaterThanOrEqual(before);

	const audit = join(command.folder, 'audit.jsonl');
	renameSync(audit, `${audit}.1`);
	command.child.kill('SIGHUP');
	const lines = () => readFileSync(audit, 'utf8');
	await expect
		.poll(() => {
			try {
				return lines();
			} catch {
				return 'none';
			}
		}, patient)
		.toBe('');
	for (const index of [0, 1]) {
		await only(after, index, async () => {
			const sent = async () => {
				await keptConnection(command.url).get(`/rotated-${index}`);
				return lines();
			};
			await expect.poll(sent, patient).toContain(`/rotated-${index}`);
		});
	}
}, 30_000);

test('metrics of the workers add up, and each process shows its own memory', async () => {
	const upstream = await recordingUpstream();
	const command = await startCommand(open(upstream));
	const pids = await command.workers();
	for (const [index, count] of [7, 5].entries()) {
		await only(pids, index, async () => {
			const client = keptConnection(command.url);
			for (let sent = 0; sent < count; sent++) await client.get('/');
		});
	}
	await expect.poll(() => counted(command), patient).toBe(12);
	const page = readMetrics(await (await fetch(`${command.adminUrl}/metrics`)).text());
	expect(page.value('countersign_decision_duration_seconds_count', { token: 'none' })).toBe(12);
	expect(page.value('countersign_decision_duration_seconds_bucket', { token: 'none', le: '+Inf' })).toBe(12);
	expect(page.value('countersign_upstream_duration_seconds_count', { route: 'all' })).toBe(12);
	expect(page.value('countersign_workers', { state: 'serving' })).toBe(2);
	expect(page.value('countersign_requests_in_flight')).toBe(0);
	for (const process of ['primary', 'worker-1', 'worker-2']) {
		expect(page.value('process_resident_memory_bytes', { process })).toBeGreaterThan(1_000_000);
	}
});

test('a TLS session that began on one worker resumes on the other, until the configuration changes', async () => {
	const upstream = await recordingUpstream();
	const { certificate, key } = selfSigned();
	const listen = { address: '127.0.0.1:0', tls: { certificate: './tls.crt', key: './tls.key' } };
	const command = await startCommand(open(upstream, { listen }), { 'tls.crt': certificate, 'tls.key': key });
	const pids = await command.workers();
	const { port } = new URL(command.url);
	let trusted = certificate;

	async function handshake(session?: Buffer): Promise<{ readonly reused: boolean; readonly session: Buffer }> {
		const socket: TLSSocket = connect({
			host: '127.0.0.1',
			port: Number(port),
			servername: 'localhost',
			ca: trusted,
			...(session === undefined ? {} : { session }),
		});
		onTestFinished(() => void socket.destroy());
		// A resumed session need not bring another ticket.
		let ticket = session;
		socket.on('session', (next: Buffer) => {
			ticket = next;
		});
		const answered = new Promise<void>((resolve, reject) => {
			socket.once('data', () => resolve());
			socket.once('error', reject);
		});
		socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
		await answered;
		if (ticket === undefined) throw new Error('no session ticket came');
		return { reused: socket.isSessionReused(), session: ticket };
	}

	const first = await only(pids, 0, () => handshake());
	expect(first.reused).toBe(false);
	const second = await only(pids, 1, () => handshake(first.session));
	expect(second.reused).toBe(true);
	expect((await only(pids, 0, () => handshake(second.session))).reused).toBe(true);

	// Another certificate: every worker shows it, and none resumes what began under the one before.
	const renewed = selfSigned();
	command.write(open(upstream, { listen: { ...listen, tls: { certificate: './new.crt', key: './new.key' } } }));
	writeIn(command.folder, 'new.crt', renewed.certificate);
	writeIn(command.folder, 'new.key', renewed.key);
	await expect.poll(command.said, patient).toContain('configuration reloaded');
	trusted = renewed.certificate;
	const third = await only(pids, 0, () => handshake(second.session));
	expect(third.reused).toBe(false);
	expect((await only(pids, 1, () => handshake(second.session))).reused).toBe(false);
	expect((await only(pids, 1, () => handshake(third.session))).reused).toBe(true);
}, 30_000);

test.each(['file', 'standard output'] as const)(
	'audit lines of two workers under load to %s: every line is whole',
	async (where) => {
		const upstream = await recordingUpstream({ keepBody: false });
		const audit = where === 'file' ? { file: './audit.jsonl' } : {};
		const command = await startCommand(open(upstream, { audit }));
		// Batches are longer than what a pipe takes in one piece.
		const path = `/${'x'.repeat(6_000)}`;
		const clients = Array.from({ length: 16 }, () => keptConnection(command.url));
		await Promise.all(
			clients.map(async (client) => {
				for (let count = 0; count < 25; count++) expect((await client.get(path)).status).toBe(200);
			}),
		);
		const written = () =>
			where === 'file' ? readFileSync(join(command.folder, 'audit.jsonl'), 'utf8') : command.output();
		await expect.poll(() => written().split('\n').length, patient).toBe(401);
		const records = written()
			.trimEnd()
			.split('\n')
			.map((line) => JSON.parse(line) as { path: string; request_id: string });
		expect(new Set(records.map(({ request_id }) => request_id)).size).toBe(400);
		expect(records.every((record) => record.path.startsWith('/xxx'))).toBe(true);
	},
	30_000,
);

test('what cannot start says so in one readable line, and leaves nothing behind', async () => {
	const upstream: Pick<RecordingUpstream, 'url'> = { url: 'http://127.0.0.1:1' };
	const audit = { file: './no/such/folder/audit.jsonl' };
	await expect(startCommand(open(upstream, { audit, admin: undefined }))).rejects.toThrow(
		/worker \d could not start: ENOENT/,
	);
	// With an admin listener the primary writes there too, and is the first to see.
	await expect(startCommand(open(upstream, { audit }))).rejects.toThrow(/^countersign start: ENOENT/m);
	const taken = createServer();
	await new Promise<void>((resolve) => {
		taken.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => void taken.close());
	const address = taken.address();
	const listen = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
	await expect(startCommand(open(upstream, { listen }))).rejects.toThrow(
		/cannot listen on .* another process already does/,
	);
});

test('a worker that cannot be replaced is tried again more and more slowly, and the other one goes on serving', async () => {
	const upstream = await recordingUpstream();
	const command = await startCommand(open(upstream, { audit: { file: './audit/lines.jsonl' } }), {}, ['audit']);
	const pids = await command.workers();
	// The other one has the file open already.
	rmSync(join(command.folder, 'audit'), { recursive: true });
	process.kill(pids[0] ?? 0, 'SIGKILL');
	const exits = async () => (await command.admin<WorkersPage>('/workers')).workers[0]?.exits ?? 0;
	await expect.poll(exits, patient).toBeGreaterThan(2);
	const tries = command.said().match(/could not be replaced/g)?.length ?? 0;
	expect(tries).toBeLessThan(8);
	expect((await keptConnection(command.url).get('/')).status).toBe(200);
	expect((await fetch(`${command.adminUrl}/readyz`)).status).toBe(200);
	expect(await command.workers()).toEqual([pids[1]]);
	mkdirSync(join(command.folder, 'audit'));
	await expect.poll(serving(command), patient).toBe(2);
}, 30_000);
