/**
 * Whatever happens to connections, endpoints and requests, nobody waits for what is there. Made-up lives of a pool on
 * connections that the test opens, breaks and closes: after each step every request that waits has nowhere to go.
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { upstream } from '../../../test/support/definition.ts';
import type { Sweep, Timed } from '../sweep.ts';
import { Wire } from '../wire.ts';
import { leastBusy } from './balance.ts';
import type { Endpoint } from './endpoint.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import { type Applicant, UpstreamPool } from './upstream-pool.ts';

const isLong = process.env['COUNTERSIGN_LONG'] === '1';
const maxConnections = 2;
const waitTimeout = 1_000;
const connectTimeout = 300;

/** As much of a socket as a wire needs. It tells of its end when the test wants it to. */
class FakeSocket extends EventEmitter {
	writable = true;
	errored: Error | null = null;
	isDestroyed = false;
	isClosed = false;
	readonly writableLength = 0;
	readonly writableHighWaterMark = 16_384;
	readonly remoteAddress = '127.0.0.1';

	destroy(error?: Error): void {
		if (this.isDestroyed) return;
		this.isDestroyed = true;
		this.writable = false;
		this.errored = error ?? null;
	}

	close(): void {
		if (this.isClosed) return;
		this.destroy();
		this.isClosed = true;
		if (this.errored !== null) this.emit('error', this.errored);
		this.emit('close');
	}
}

/** A request, which does with its connection what a forwarding does. */
class Asking implements Applicant {
	readonly #life: Life;
	readonly fresh: boolean;
	connection: UpstreamConnection<Endpoint> | undefined;
	avoided: readonly Endpoint[] = [];
	isWaiting = false;
	/** On the clock of the test, for as long as it waits. */
	since = 0;
	isOver = false;

	constructor(life: Life, fresh: boolean) {
		this.#life = life;
		this.fresh = fresh;
	}

	ask(): void {
		const lease = this.#life.pool.lease(this, this.avoided, this.fresh);
		if (lease === 'overloaded') this.isOver = true;
		else if (lease === 'waiting') {
			if (!this.isWaiting) this.since = this.#life.sweep.now;
			this.isWaiting = true;
		} else {
			this.isWaiting = false;
			this.connection = lease;
		}
	}

	turnCame(): void {
		if (this.isOver) throw new Error('a turn of a request that is over');
		if (this.#life.leaveOnTurn > 0) {
			// It ends with its client's connection, and takes along whatever else that has asked for.
			this.#life.leaveOnTurn -= 1;
			this.ask();
			for (const other of this.#life.leased) other.leave();
		} else this.ask();
	}

	waitedInVain(): void {
		this.isWaiting = false;
		this.isOver = true;
	}

	late(): void {
		this.connection?.shelf.failed('it took too long');
		this.leave();
	}

	lost(): void {
		const endpoint = this.connection?.shelf;
		this.connection = undefined;
		if (endpoint === undefined || this.isOver) return;
		endpoint.failed('lost');
		this.avoided = [...this.avoided, endpoint];
		if (this.avoided.length < this.#life.pool.endpoints.length + 1) this.ask();
		else this.isOver = true;
	}

	/** The client is gone, or its request is refused. */
	leave(): void {
		this.isOver = true;
		this.isWaiting = false;
		if (this.connection === undefined) this.#life.pool.withdraw(this);
		else this.connection.destroy();
		this.connection = undefined;
	}

	/** The response is complete. */
	complete(status: number, keepAlive: number | undefined): void {
		const { connection } = this;
		if (connection?.isConnected !== true) return;
		connection.shelf.answered(status);
		if (this.connection !== connection) return;
		this.isOver = true;
		this.connection = undefined;
		connection.shelf.shelve(connection, keepAlive);
	}

	connected(): void {}
	arrived(): void {}
	drained(): void {}
	ended(): void {}
}

class Life {
	readonly timed = new Set<Timed>();
	readonly sockets: FakeSocket[] = [];
	readonly asking: Asking[] = [];
	readonly pool: UpstreamPool;
	/** How many of the next turns come to nothing. */
	leaveOnTurn = 0;
	readonly sweep = {
		now: 0,
		tick: () => this.sweep.now,
		add: (timed: Timed) => void this.timed.add(timed),
		remove: (timed: Timed) => void this.timed.delete(timed),
		in: (ms: number) => this.sweep.now + ms,
	};

	constructor(endpoints: number, isChecked: boolean) {
		const settings = upstream({
			endpoints: Array.from({ length: endpoints }, (_, index) => `http://10.0.0.${index + 1}:80`),
			connectTimeout,
			ejection: { failures: 2, statuses: [503], time: 400, maxTime: 2_000 },
			healthCheck: isChecked
				? { path: '/', interval: 1_000, timeout: 1_000, healthy: 1, unhealthy: 1, statuses: [] }
				: undefined,
		});
		this.pool = new UpstreamPool(
			{ ...settings, pool: { ...settings.pool, maxConnections, maxIdle: 2, maxWaiting: 50, waitTimeout } },
			{ refused: 0, repeated: 0 },
			{
				sweep: this.sweep as unknown as Sweep,
				lookup: async () => [],
				createConnector: () => ({
					ready: 'connect',
					connect: () => {
						const socket = new FakeSocket();
						this.sockets.push(socket);
						return Wire.of(socket as unknown as Socket);
					},
				}),
				log: { info() {}, warn() {}, error() {} },
			},
		);
	}

	ask(fresh: boolean): void {
		const asking = new Asking(this, fresh);
		this.asking.push(asking);
		asking.ask();
	}

	pass(ms: number): void {
		this.sweep.now += ms;
		for (const timed of this.timed) {
			if (timed.deadline > this.sweep.now) continue;
			timed.deadline = Number.POSITIVE_INFINITY;
			timed.expired();
		}
	}

	get waiting(): readonly Asking[] {
		return this.asking.filter(({ isWaiting }) => isWaiting);
	}

	get leased(): readonly Asking[] {
		return this.asking.filter(({ connection }) => connection !== undefined);
	}

	/** What is wrong with who waits, where something is. */
	problem(): string | undefined {
		const { pool, sweep, waiting } = this;
		if (pool.endpoints.some(({ open }) => open > maxConnections)) return 'more connections than there may be';
		if (pool.waiting !== waiting.length) return `${waiting.length} wait, and the pool knows of ${pool.waiting}`;
		for (const { avoided, since } of waiting) {
			if (sweep.now - since >= waitTimeout) return 'one waits for longer than it may';
			if (leastBusy(pool.endpoints, avoided, 0, sweep.now)?.hasRoom === true) {
				return `one waits although there is room; it avoids ${avoided.map(({ origin }) => origin).join(' ')}`;
			}
		}
		const open = pool.endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0);
		return open === this.leased.length ? undefined : `${open} in flight, ${this.leased.length} leased`;
	}
}

type Step =
	| { readonly do: 'ask' | 'abandon on turn'; readonly fresh: boolean }
	| {
			readonly do:
				| 'connect'
				| 'break'
				| 'close'
				| 'half-close'
				| 'complete'
				| 'fail'
				| 'late'
				| 'leave'
				| 'leave the queue';
			readonly which: number;
			readonly keepAlive: number | undefined;
	  }
	| { readonly do: 'pass'; readonly ms: number }
	| { readonly do: 'check'; readonly which: number; readonly isHealthy: boolean };

function take(life: Life, step: Step): void {
	const of = <T>(list: readonly T[]): T | undefined =>
		'which' in step && list.length > 0 ? list[step.which % list.length] : undefined;
	switch (step.do) {
		case 'ask':
			life.ask(step.fresh);
			break;
		case 'abandon on turn':
			life.leaveOnTurn = 1;
			break;
		case 'connect':
			of(life.sockets.filter(({ isDestroyed }) => !isDestroyed))?.emit('connect');
			break;
		case 'break':
			of(life.sockets.filter(({ isDestroyed }) => !isDestroyed))?.destroy(new Error('broken'));
			break;
		case 'close':
			of(life.sockets.filter(({ isDestroyed, isClosed }) => isDestroyed && !isClosed))?.close();
			break;
		case 'half-close': {
			const socket = of(life.sockets.filter(({ isDestroyed }) => !isDestroyed));
			if (socket !== undefined) socket.writable = false;
			break;
		}
		case 'complete':
			of(life.leased)?.complete(200, step.keepAlive);
			break;
		case 'fail':
			of(life.leased)?.complete(503, step.keepAlive);
			break;
		case 'late':
			of(life.leased)?.late();
			break;
		case 'leave':
			of(life.leased)?.leave();
			break;
		case 'leave the queue':
			of(life.waiting)?.leave();
			break;
		case 'pass':
			life.pass(step.ms);
			break;
		case 'check':
			of(life.pool.endpoints)?.checked(step.isHealthy, 'as the test wants it');
	}
}

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 9, arbitrary: fc.record({ do: fc.constant('ask' as const), fresh: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('abandon on turn' as const), fresh: fc.constant(false) }) },
	{
		weight: 10,
		arbitrary: fc.record({
			do: fc.constantFrom(
				'connect',
				'break',
				'close',
				'half-close',
				'complete',
				'fail',
				'late',
				'leave',
				'leave the queue',
			),
			which: fc.nat(9),
			keepAlive: fc.constantFrom(undefined, 1, 30),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(10, 100, 400, 1_000) }) },
	{
		weight: 1,
		arbitrary: fc.record({ do: fc.constant('check' as const), which: fc.nat(2), isHealthy: fc.boolean() }),
	},
);

test('nobody waits for what is there', { timeout: isLong ? 600_000 : 20_000 }, () => {
	let waited = 0;
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 3 }),
			fc.boolean(),
			fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
			(endpoints, isChecked, steps) => {
				const life = new Life(endpoints, isChecked);
				for (const next of steps) {
					take(life, next);
					expect(life.problem()).toBeUndefined();
					waited += life.waiting.length;
				}
			},
		),
		{ numRuns: isLong ? 50_000 : 500 },
	);
	expect(waited).toBeGreaterThan(1_000);
});

test('an endpoint that is trusted again by time goes to who waits, and not to who comes', () => {
	const life = new Life(2, false);
	life.ask(false);
	const [first] = life.asking;
	for (let count = 0; count < 2; count++) first?.connection?.shelf.failed('as the test wants it');
	first?.leave();
	for (let count = 0; count < maxConnections + 1; count++) life.ask(false);
	expect(life.pool.waiting).toBe(1);
	life.sweep.now += 400;
	const waiting = life.asking.at(-1);
	life.ask(false);
	expect([waiting?.isWaiting, life.asking.at(-1)?.isWaiting]).toEqual([false, true]);
});
