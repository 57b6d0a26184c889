/**
 * `npm run soak`: hours of mixed traffic through one gateway, compressed: token checked requests on kept connections,
 * bodies counted and chunked, refusals, clients that go away, connections that come and go, now and then a large body.
 * Every answer must be its own request's; memory and handles must stay where they were. Ends by itself; status 1 when not.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { audience, createIssuer, issuer } from '../../bench/tokens.ts';
import type { Held } from './gateway-process.ts';
import { SoakClient } from './soak-client.ts';
import { type WatchedGateway, watchedGateway } from './watched-gateway.ts';

const usage = `Usage: npm run soak -- [--requests N] [--clients N]

  --requests N  how many requests (default 10000000)
  --clients N   how many at once (default 64)
`;

const { values } = parseArgs({
	options: {
		requests: { type: 'string', default: '10000000' },
		clients: { type: 'string', default: '64' },
		help: { type: 'boolean', default: false },
	},
});

/**
 * Bytes by which each may grow between the end of the first tenth and the end. Resident memory keeps what garbage once
 * took: reads of large bodies, which are outside of the heap and up to 64 MiB before V8 collects them.
 */
const maxGrowth = { heap: 20 * 1024 * 1024, external: 20 * 1024 * 1024, rss: 64 * 1024 * 1024 };
const large = 4 * 1024 * 1024;
/** Milliseconds after which every idle connection, to upstreams too, is closed. */
const quiet = 8_000;
const steps = 20;

const piece = Buffer.alloc(64 * 1024, 'a');
const filler = 'b'.repeat(2_048);

/** The path, and how many bytes came: an answer that can be told from all others. */
function answer(request: IncomingMessage, response: ServerResponse): void {
	if (request.url === '/large') {
		response.writeHead(200, { 'content-length': large });
		for (let sent = 0; sent < large; sent += piece.length) response.write(piece);
		response.end();
		return;
	}
	let size = 0;
	request.on('data', (chunk: Buffer) => {
		size += chunk.length;
	});
	request.on('end', () => response.end(`${request.url} ${size}`));
}

async function soak(requests: number, clients: number): Promise<number> {
	const upstream = createServer({ keepAliveTimeout: 5_000 }, answer);
	await new Promise<void>((resolve) => {
		upstream.listen(0, '127.0.0.1', resolve);
	});
	const address = upstream.address();
	if (typeof address !== 'object' || address === null) throw new Error('no address');
	const { jwks, mint } = await createIssuer();
	const gateway = await watchedGateway({
		providers: { idp: { issuer, jwks, audience, algorithms: ['RS256'] } },
		routes: [{ name: 'all', path: '/**', upstream: `http://127.0.0.1:${address.port}` }],
	});
	const tokens = Array.from({ length: 2_000 }, () => mint());
	const run = new Run(gateway, tokens, requests, clients);
	try {
		return await run.whole();
	} finally {
		await gateway.stop();
		upstream.closeAllConnections();
		upstream.close();
	}
}

class Run {
	readonly #gateway: WatchedGateway;
	readonly #tokens: readonly string[];
	readonly #requests: number;
	readonly #clients: readonly SoakClient[];
	readonly #count: Record<string, number> = {};
	readonly #problems: string[] = [];
	#asked = 0;

	constructor(gateway: WatchedGateway, tokens: readonly string[], requests: number, clients: number) {
		this.#gateway = gateway;
		this.#tokens = tokens;
		this.#requests = requests;
		this.#clients = Array.from({ length: clients }, () => new SoakClient(Number(new URL(gateway.url).port)));
	}

	async whole(): Promise<number> {
		const began = performance.now();
		const atStart = await this.#gateway.measure();
		say('start', 0, atStart);
		const held: Held[] = [];
		for (let step = 1; step <= steps && this.#problems.length === 0; step++) {
			const until = Math.floor((this.#requests * step) / steps);
			await Promise.all(this.#clients.map((client) => this.#drive(client, until)));
			const now = await this.#gateway.measure();
			held.push(now);
			say(`${Math.round((performance.now() - began) / 1000)} s`, this.#asked, now);
		}
		for (const client of this.#clients) client.leave();
		await new Promise((resolve) => setTimeout(resolve, quiet));
		const atEnd = await this.#gateway.measure();
		say('quiet', this.#asked, atEnd);
		this.#judge(held, atStart, atEnd);
		process.stdout.write(`${JSON.stringify(this.#count)}\n`);
		for (const problem of this.#problems.slice(0, 20)) process.stdout.write(`PROBLEM ${problem}\n`);
		process.stdout.write(this.#problems.length === 0 ? 'soak: good\n' : 'soak: NOT good\n');
		return this.#problems.length === 0 ? 0 : 1;
	}

	#judge(held: readonly Held[], atStart: Held, atEnd: Held): void {
		const early = held[Math.floor(steps / 10) - 1];
		const late = held.at(-1);
		if (early === undefined || late === undefined) return;
		for (const kind of ['rss', 'heap', 'external'] as const) {
			const growth = late[kind] - early[kind];
			if (growth > maxGrowth[kind]) this.#problems.push(`${kind} grew by ${mib(growth)} MiB since the first tenth`);
		}
		for (const [kind, count] of Object.entries(atEnd.resources)) {
			const before = atStart.resources[kind] ?? 0;
			if (count > before) this.#problems.push(`${count} ${kind} at the end, ${before} at the start`);
		}
		for (const line of this.#gateway.log) if (/\berror\b/i.test(line)) this.#problems.push(`log: ${line}`);
	}

	async #drive(client: SoakClient, until: number): Promise<void> {
		while (this.#asked < until && this.#problems.length < 20) {
			this.#asked += 1;
			const id = this.#asked;
			try {
				await this.#one(client, id);
			} catch (error) {
				this.#problems.push(`request ${id}: ${error instanceof Error ? error.message : String(error)}`);
				client.leave();
			}
		}
	}

	async #one(client: SoakClient, id: number): Promise<void> {
		const dice = (id * 2_654_435_761) % 10_000;
		const token = this.#tokens[id % this.#tokens.length] ?? '';
		const head = (method: string, lines = '', path = `/${id}`): string =>
			`${method} ${path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer ${token}\r\n${lines}\r\n`;
		const size = id % filler.length;
		const body = filler.slice(0, size);
		if (dice < 8_000) this.#compare('get', await client.ask(head('GET')), 200, `/${id} 0`);
		else if (dice < 8_800) {
			const lines = `Content-Length: ${size}\r\n`;
			this.#compare('counted', await client.ask(head('POST', lines) + body), 200, `/${id} ${size}`);
		} else if (dice < 9_200) {
			const coded = size === 0 ? '' : `${size.toString(16)}\r\n${body}\r\n`;
			const pieces = [
				head('POST', 'Transfer-Encoding: chunked\r\n') + coded.slice(0, size >> 1),
				coded.slice(size >> 1),
			];
			this.#compare('chunked', await client.ask(...pieces, '0\r\n\r\n'), 200, `/${id} ${size}`);
		} else if (dice < 9_400) {
			this.#compare('no token', await client.ask(`GET /${id} HTTP/1.1\r\nHost: api\r\n\r\n`), 401);
		} else if (dice < 9_500) {
			const forged = head('GET').replace(token, `${token.slice(0, -8)}AAAAAAAA`);
			this.#compare('forged token', await client.ask(forged), 401);
		} else if (dice < 9_600) this.#compare('malformed', await client.ask(head('GET', 'X-A : b\r\n')), 400);
		else if (dice < 9_650) await this.#abandon('gone in a head', client, head('GET').slice(0, -4));
		else if (dice < 9_700)
			await this.#abandon('gone in a body', client, head('POST', 'Content-Length: 9\r\n') + 'some');
		else if (dice < 9_750) await this.#abandon('gone before the answer', client, head('GET'));
		else if (dice < 9_995) {
			client.leave();
			this.#compare('new connection', await client.ask(head('GET')), 200, `/${id} 0`);
		} else if (dice < 9_997) {
			const answered = await client.ask(head('GET', '', '/large'));
			if (answered.size !== large) this.#problems.push(`request ${id}: ${answered.size} bytes of a large body`);
			this.#compare('large down', answered, 200);
		} else {
			const pieces = Array.from({ length: large / piece.length }, () => piece);
			const lines = `Content-Length: ${large}\r\n`;
			this.#compare('large up', await client.ask(head('PUT', lines), ...pieces), 200, `/${id} ${large}`);
		}
	}

	#compare(kind: string, answered: { status: number; body: string }, status: number, body?: string): void {
		this.#count[kind] = (this.#count[kind] ?? 0) + 1;
		if (answered.status === status && (body === undefined || body === answered.body)) return;
		const got = `${answered.status} ${answered.body.slice(0, 100)}`;
		this.#problems.push(`${kind}: wanted ${status} ${body ?? ''}, got ${got}`);
	}

	async #abandon(kind: string, client: SoakClient, bytes: string): Promise<void> {
		this.#count[kind] = (this.#count[kind] ?? 0) + 1;
		await client.abandon(bytes);
	}
}

function mib(bytes: number): string {
	return (bytes / 1024 / 1024).toFixed(1);
}

function say(what: string, requests: number, { rss, heap, external, resources }: Held): void {
	const memory = `rss ${mib(rss)} heap ${mib(heap)} external ${mib(external)} MiB`;
	process.stdout.write(
		`${what.padStart(8)}  ${String(requests).padStart(9)} requests  ${memory}  ${JSON.stringify(resources)}\n`,
	);
}

if (values.help) process.stdout.write(usage);
else process.exitCode = await soak(Number(values.requests), Number(values.clients));
