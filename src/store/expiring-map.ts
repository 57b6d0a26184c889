/** A map whose entries run out, with a bound: it refuses a new entry rather than drop one before its time. */
import type { Clock } from '#core/index';

export interface ExpiringMap<V> {
	get(key: string): V | undefined;
	/** False when it is full. `ttl` in milliseconds. */
	set(key: string, value: V, ttl: number): boolean;
	delete(key: string): void;
	/** What has not run out, in the order of arrival. */
	entries(): Iterable<readonly [key: string, value: V]>;
}

/** Milliseconds between two sweeps; one that finds nothing while the map is full is not repeated sooner. */
const sweepInterval = 1_000;

export function createExpiringMap<V>(clock: Pick<Clock, 'monotonic'>, capacity: number): ExpiringMap<V> {
	const entries = new Map<string, { readonly value: V; readonly until: number }>();
	let nextSweep = 0;
	/** No entry runs out before. */
	let earliest = Number.POSITIVE_INFINITY;

	function sweep(now: number): void {
		if (now < nextSweep || now < earliest) return;
		nextSweep = now + sweepInterval;
		earliest = Number.POSITIVE_INFINITY;
		for (const [key, { until }] of entries) {
			if (until <= now) entries.delete(key);
			else earliest = Math.min(earliest, until);
		}
	}

	return {
		get(key) {
			const entry = entries.get(key);
			return entry === undefined || entry.until <= clock.monotonic() ? undefined : entry.value;
		},
		set(key, value, ttl) {
			const now = clock.monotonic();
			// Every so often, not only when full, so that memory follows what is alive.
			if (entries.size >= capacity || entries.size % 1024 === 1023) sweep(now);
			if (entries.size >= capacity && !entries.has(key)) return false;
			entries.set(key, { value, until: now + ttl });
			earliest = Math.min(earliest, now + ttl);
			return true;
		},
		delete(key) {
			entries.delete(key);
		},
		*entries() {
			const now = clock.monotonic();
			for (const [key, { value, until }] of entries) if (until > now) yield [key, value];
		},
	};
}
