/**
 * What V8 does by default and a gateway pays for. Measured in docs/performance.md. The installed command sets what concerns
 * the start even earlier (bin/start.cjs).
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Megabytes of a half of the young generation, once there is something to do. */
const youngGeneration = 8;
/** Milliseconds between two collections: with less there is something to do. */
const busyInterval = 250;

/** To be called before much is allocated. */
export function settleV8(): void {
	// What is read at the start is old at once: no reason for a large young generation yet.
	setFlagsFromString('--semi-space-growth-factor=1');
	// What stays (keys, policy, known tokens) grows slowly, so there is no need for a heap of twice its size.
	setFlagsFromString('--heap-growing-percent=50');
	// After some quiet seconds V8 forgets code that was not used, and the next requests are slow for as long as it takes to
	// be compiled again. The code of a gateway is a few megabytes, and there is always a next request.
	setFlagsFromString('--no-flush-bytecode');
}

/**
 * To be called once, when everything is read and the gateway begins to serve. Collects what the start left, which takes tens
 * of milliseconds, and lets the young generation grow under load, and no further than `youngGeneration`.
 *
 * In V8's smallest (1 MB) the requests that are under way survive a collection, are copied twice, and are then garbage among
 * what stays: a quarter of all instructions of a request, and pauses of milliseconds when that garbage is collected. In its
 * largest (16 MB) little more is gained, and memory is lost. There is no setting for what lies between once a process runs,
 * hence this: after each collection growth is allowed or forbidden. V8 may shrink it in a quiet time; then it may grow again.
 */
export function serveV8(): void {
	collectAll();
	let growing = false;
	let before = Number.NEGATIVE_INFINITY;
	const observer = new PerformanceObserver(() => {
		const now = performance.now();
		const mayGrow = now - before < busyInterval && youngSize() < youngGeneration * 1024 * 1024;
		before = now;
		if (mayGrow === growing) return;
		growing = mayGrow;
		setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
	});
	observer.observe({ entryTypes: ['gc'] });
}

/**
 * What `node --expose-gc` gives, without asking for the flag on the command line. Of the last resort: it also gives free
 * pages and remembered compilations back to the system, three megabytes of ninety.
 */
function collectAll(): void {
	setFlagsFromString('--expose-gc');
	const collect: unknown = runInNewContext('gc');
	setFlagsFromString('--no-expose-gc');
	if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Octets of one half. */
function youngSize(): number {
	const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
	return (space?.space_size ?? 0) / 2;
}
