/**
 * The pools of one engine. Upstreams with equal settings share a pool, also across reloads; the pool of one that is gone
 * closes what nobody uses, and ends with the requests that were decided before.
 */
import type { Log, Upstream } from '#core/index';
import type { Sweep } from '../sweep.ts';
import type { Lookup } from './addresses.ts';
import type { EndpointState } from './endpoint-health.ts';
import { HealthCheck } from './health-check.ts';
import { type UpstreamCounts, UpstreamPool } from './upstream-pool.ts';

/** One pool, as it is now. Upstreams of one name that differ in their settings have one each. */
export interface PoolState {
	/** Of the upstream. */
	readonly name: string;
	/** Of all upstreams with this name; the same object as long as it counts on. */
	readonly counts: Readonly<UpstreamCounts>;
	readonly waiting: number;
	readonly endpoints: readonly {
		readonly origin: string;
		readonly state: EndpointState;
		/** Connections in use, still connecting and tunnels included. */
		readonly inFlight: number;
		readonly idle: number;
	}[];
}

export interface UpstreamPools {
	of(upstream: Upstream): UpstreamPool;
	/**
	 * These are in force now: their health checks run, pools of others are closed as they become idle. Before the first
	 * call every upstream that is asked for keeps its pool. Throws, and changes nothing, when TLS settings cannot be used.
	 */
	follow(upstreams: readonly Upstream[]): void;
	/** Of those that were used, or are checked. */
	state(): readonly PoolState[];
	/** Breaks off whatever is still open. */
	destroy(): void;
}

export interface PoolsOptions {
	readonly sweep: Sweep;
	readonly lookup: Lookup;
	readonly log: Log;
}

interface Held {
	readonly pool: UpstreamPool;
	readonly checks: readonly HealthCheck[];
}

export function createUpstreamPools(options: PoolsOptions): UpstreamPools {
	const held = new Map<string, Held>();
	/** Pools whose upstream is gone, until they are empty. */
	const retired = new Set<UpstreamPool>();
	const resolved = new WeakMap<Upstream, UpstreamPool>();
	const counts = new Map<string, UpstreamCounts>();
	let inForce: ReadonlySet<string> | undefined;

	const countsOf = (name: string): UpstreamCounts => {
		let found = counts.get(name);
		if (found === undefined) counts.set(name, (found = { refused: 0, repeated: 0 }));
		return found;
	};

	const create = (upstream: Upstream): Held => {
		const pool = new UpstreamPool(upstream, countsOf(upstream.name), options);
		const { healthCheck } = upstream;
		const checks =
			healthCheck === undefined
				? []
				: pool.endpoints.map((endpoint) => new HealthCheck(endpoint, healthCheck, options.sweep));
		return { pool, checks };
	};

	const find = (upstream: Upstream): UpstreamPool => {
		const key = keyOf(upstream);
		const found = held.get(key)?.pool;
		if (found !== undefined) return found;
		const created = create(upstream);
		if (inForce === undefined || inForce.has(key)) held.set(key, created);
		else {
			// A request that was decided before a reload: its connection is closed behind it.
			created.pool.retire();
			retired.add(created.pool);
		}
		return created.pool;
	};

	const prune = (): void => {
		for (const pool of retired) if (pool.isEmpty) retired.delete(pool);
	};

	return {
		of(upstream) {
			let pool = resolved.get(upstream);
			if (pool === undefined) resolved.set(upstream, (pool = find(upstream)));
			return pool;
		},
		follow(upstreams) {
			const next = new Map(upstreams.map((upstream) => [keyOf(upstream), upstream]));
			const begun = new Map<string, Held>();
			for (const [key, upstream] of next) {
				const isKnown = held.has(key);
				// A pool without checks begins with its first request: of ten thousand routes few may be in use.
				if (!isKnown && (upstream.healthCheck !== undefined || upstream.tls !== undefined)) {
					begun.set(key, create(upstream));
				}
			}
			for (const [key, { pool, checks }] of held) {
				if (next.has(key)) continue;
				held.delete(key);
				for (const check of checks) check.stop();
				pool.retire();
				retired.add(pool);
			}
			for (const [key, created] of begun) held.set(key, created);
			for (const { checks } of held.values()) for (const check of checks) check.start();
			inForce = new Set(next.keys());
			const names = new Set(upstreams.map(({ name }) => name));
			for (const name of counts.keys()) if (!names.has(name)) counts.delete(name);
			prune();
		},
		state() {
			prune();
			return [...Array.from(held.values(), ({ pool }) => pool), ...retired].map(stateOf);
		},
		destroy() {
			for (const { pool, checks } of held.values()) {
				for (const check of checks) check.stop();
				pool.destroy();
			}
			for (const pool of retired) pool.destroy();
			held.clear();
			retired.clear();
		},
	};
}

function stateOf({ upstream, counts, waiting, endpoints }: UpstreamPool): PoolState {
	return {
		name: upstream.name,
		counts,
		waiting,
		endpoints: endpoints.map(({ origin, state, inFlight, idle }) => ({ origin, state, inFlight, idle })),
	};
}

/** Equal for upstreams that may share connections: what only a single request looks at makes no difference. */
function keyOf({ endpoints, connectTimeout, pool, ejection, healthCheck, tls }: Upstream): string {
	return JSON.stringify([endpoints, connectTimeout, pool, ejection, healthCheck, tls]);
}
