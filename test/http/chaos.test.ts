/**
 * By chance, everything that clients and upstreams can do to a connection, at once: every answer belongs to its request,
 * whole where it can be; nothing is sent twice that may have an effect; every decision ends once, and all sockets come
 * back. Some hundred connections here, with `COUNTERSIGN_LONG=1` seventy thousand; `COUNTERSIGN_SEED=n` begins elsewhere.
 */
import { expect, test } from 'vitest';
import { type Ask, askOf, converse, manners } from '../support/chaotic-client.ts';
import { chaoticUpstream } from '../support/chaotic-upstream.ts';
import { upstream } from '../support/definition.ts';
import { Chance } from '../support/message-grammar.ts';
import { type Decide, forwardTo, testEngine } from '../support/test-engine.ts';

const isLong = process.env['COUNTERSIGN_LONG'] === '1';
const sessions = isLong ? 70_000 : 250;
const seed = Number(process.env['COUNTERSIGN_SEED'] ?? 1);
/** Connections of clients at once. */
const abreast = 48;
/** Milliseconds for one connection of a client; many times what it takes. */
const patience = 40_000;

const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

async function inTime<T>(promise: Promise<T>, otherwise: T): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<T>((resolve) => {
		timer = setTimeout(() => resolve(otherwise), patience);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

test(
	'whatever clients and upstreams do, no answer is lost, doubled or another’s',
	async () => {
		const before = sockets();
		const early = new Set<string>();
		const upstreams = [
			await chaoticUpstream(new Chance(seed), early),
			await chaoticUpstream(new Chance(seed + 1), early),
		];
		// Few connections, so that requests wait for one and take over what others leave behind.
		const pool = {
			...upstream({}).pool,
			maxConnections: 12,
			maxIdle: 12,
			idleTimeout: 200,
			maxWaiting: 1_000,
			waitTimeout: patience,
		};
		const ejection = { failures: 3, statuses: [], time: 50, maxTime: 100 };
		const forward = (timeout: number): Decide =>
			forwardTo(
				upstreams.map(({ url }) => url),
				{ upstream: { pool, ejection, timeout, bodyTimeout: timeout } },
			);
		// Time-outs are no part of the pool. Only who is to be late is given little time: a busy machine is no fault.
		const [hurried, patient] = [forward(300), forward(patience)];
		const gateway = await testEngine({
			decide(request) {
				const decision = (request.target.startsWith('/stalls') ? hurried : patient)(request);
				return request.target.length % 3 === 0 ? Promise.resolve(decision) : decision;
			},
			timeouts: { requestHead: patience, requestBody: patience, keepAlive: patience, drain: patience },
		});
		const problems: string[] = [];
		const asked: Ask[] = [];
		let next = 0;
		const client = async (): Promise<void> => {
			for (let session = next++; session < sessions && problems.length < 10; session = next++) {
				const chance = new Chance(seed * 1_000_003 + session);
				const asks = Array.from({ length: 1 + chance.below(6) }, (_, index) => askOf(`${session}.${index}`, chance));
				asked.push(...asks);
				const manner = chance.of(Object.keys(manners));
				const found = await inTime(converse(gateway.url, asks, manner, chance, early), [
					`no end of ${asks.map(({ method, target }) => `${method} ${target}`).join(', ')}`,
				]);
				problems.push(...found.map((problem) => `session ${session}, ${manner}: ${problem}`));
			}
		};
		await Promise.all(Array.from({ length: abreast }, client));
		expect([problems, upstreams.flatMap((each) => each.problems)]).toEqual([[], []]);

		const seen = ({ id }: Ask): number => upstreams.reduce((sum, each) => sum + (each.seen.get(id) ?? 0), 0);
		const mayRepeat = ({ hasBody, method }: Ask): boolean => !hasBody && method !== 'POST';
		expect(asked.filter((ask) => seen(ask) > (mayRepeat(ask) ? 2 : 1))).toEqual([]);
		expect(asked.filter((ask) => seen(ask) > 0).length).toBeGreaterThan(asked.length / 2);

		const decided = gateway.decided.length;
		await expect.poll(() => gateway.outcomes.filter(({ record }) => record !== undefined).length).toBe(decided);
		expect(new Set(gateway.outcomes.map(({ record }) => record)).size).toBe(decided + 1);
		const busy = () =>
			gateway.engine
				.upstreams()
				.flatMap(({ endpoints, waiting }) => [waiting, ...endpoints.map(({ inFlight }) => inFlight)]);
		await expect.poll(busy).toEqual([0, 0, 0]);
		await gateway.engine.drain();
		await expect
			.poll(() => [upstreams.map(({ open }) => open), sockets()], { timeout: 5_000 })
			.toEqual([[0, 0], before]);
		expect(gateway.logged.filter((line) => line.includes('failed'))).toEqual([]);
	},
	isLong ? 2 * 3_600_000 : 2 * patience,
);
