/**
 * The gateway in a process of its own, for runs that watch what it holds: `fork` it with the configuration file as its
 * argument and `--expose-gc`. It says its URL, and on every message what it holds after a full collection.
 */
import { startGateway } from '#gateway/start-gateway';

/** What the process holds, after a full collection. Bytes. */
export interface Held {
	readonly rss: number;
	readonly heap: number;
	/** Outside of the heap: buffers. */
	readonly external: number;
	/** Sockets, servers, timers and whatever else keeps the event loop busy, by kind. */
	readonly resources: Readonly<Record<string, number>>;
}

const gateway = await startGateway({ configFile: process.argv[2] ?? '' });

process.on('message', (question) => {
	if (question === 'stop') void gateway.stop().then(() => process.disconnect());
	else if (question === 'measure') process.send?.(held());
});
process.on('disconnect', () => process.exit());
process.send?.(gateway.url);

function held(): Held {
	// The second one takes what finalizers of the first have let go.
	globalThis.gc?.();
	globalThis.gc?.();
	const { rss, heapUsed, external } = process.memoryUsage();
	const resources: Record<string, number> = {};
	for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
	return { rss, heap: heapUsed, external, resources };
}
