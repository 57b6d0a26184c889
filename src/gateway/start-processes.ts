/** What `countersign start` runs: one process that serves alone, or a primary and its workers, as the configuration says. */
import { availableParallelism } from 'node:os';
import type { Definition } from '#config/definition';
import { createLog } from '#runtime/node/log';
import { readStart } from './beginning.ts';
import { createPorts } from './ports.ts';
import { type Gateway, serveAlone } from './start-gateway.ts';
import type { GatewayOfWorkers } from './workers/serve-with-workers.ts';

export interface StartOptions {
	readonly configFile: string;
	/** Whether the log on standard error is JSON. */
	readonly jsonLog: boolean;
}

/** Rejects as `startGateway` does, and when a worker cannot start. */
export async function startProcesses({ configFile, jsonLog }: StartOptions): Promise<Gateway | GatewayOfWorkers> {
	const ports = createPorts(createLog(process.stderr, { json: jsonLog }));
	const started = await readStart(configFile, ports);
	const count = workerCount(started.definition);
	if (count === 1) return serveAlone(started, { configFile, ports });
	const { serveWithWorkers } = await import('./workers/serve-with-workers.ts');
	return serveWithWorkers(started, { configFile, ports, count, jsonLog });
}

function workerCount({ workers }: Definition): number {
	return workers === 'auto' ? availableParallelism() : workers;
}
