/**
 * A worker: a process that serves what the primary tells it to, and nothing of its own accord. It reads no configuration
 * file, opens no port and watches nothing. Without its primary it lets requests under way end, and ends.
 */
import { answerWorkerQuestion } from '#admin/worker-questions';
import { type DocumentFetcher, type Log, type Store, StoreUnavailable } from '#core/index';
import { createLog } from '#runtime/node/log';
import { serveV8, settleV8 } from '#runtime/node/v8-settings';
import type { Prepared } from '../installation.ts';
import { createPorts } from '../ports.ts';
import { createServing, type Serving } from '../serving.ts';
import { createChannel, type Line } from './channel.ts';
import type { PrimaryAnswers, WorkerAnswers } from './protocol.ts';

/** Milliseconds beyond what a fetch may take, for the way to the primary and back. */
const wayBack = 1_000;
/** Milliseconds in which the primary takes audit lines; a reader of standard output may be slow. */
const slowReader = 60_000;
/** Milliseconds in which the primary says whether a proof was used before. */
const slowPrimary = 1_500;

if (process.send === undefined) {
	process.stderr.write('this file is started by `countersign start`, when the configuration asks for workers\n');
	process.exit(2);
}

settleV8();

const line: Line = {
	// The callback keeps a closed channel from being an unheard 'error'.
	send: (message) => void process.send?.(message, undefined, undefined, () => {}),
	receive: (take) => void process.on('message', take),
};

let serving: Serving | undefined;
let prepared: Prepared | undefined;
let leaving: Promise<void> | undefined;

function current(): Serving {
	if (serving === undefined) throw new Error('this worker has not begun');
	return serving;
}

/** What is asked of the primary because it is done once for all workers. */
const fetcher: DocumentFetcher = {
	get: (url, { timeout, maxBytes }) => primary.ask('fetch', { url, timeout, maxBytes }, timeout + wayBack),
};

/** Proofs of the same client may come to any worker: where these share no store, the primary keeps what was used. */
const claims: Pick<Store, 'claim'> = {
	claim: (space, key, ttl) =>
		primary.ask('claim', { space, key, ttl }, slowPrimary).catch((cause: unknown) => {
			throw new StoreUnavailable('the primary does not answer', { cause });
		}),
};

const primary = createChannel<PrimaryAnswers, WorkerAnswers>(line, {
	async begin({ worker, jsonLog, configuration, ticketKeys }) {
		const ports = createPorts(withWorker(createLog(process.stderr, { json: jsonLog }), worker), {
			fetcher,
			...(configuration.definition.store.type === 'memory' ? { claims } : {}),
		});
		serving = await createServing({
			configuration,
			ports,
			output: (text) => primary.ask('writeLines', text, slowReader),
			sendMetrics: false,
		});
		serving.useTicketKeys(ticketKeys);
		await serving.start();
		serveV8();
	},
	listen: (descriptors) => current().listen(descriptors),
	async prepare(configuration) {
		prepared?.discard();
		prepared = undefined;
		prepared = await current().prepare(configuration);
	},
	async commit(ticketKeys) {
		if (prepared === undefined) throw new Error('nothing is prepared');
		await prepared.commit();
		prepared = undefined;
		current().useTicketKeys(ticketKeys);
	},
	discard() {
		prepared?.discard();
		prepared = undefined;
	},
	useTicketKeys: (ticketKeys) => current().useTicketKeys(ticketKeys),
	reopen: () => current().reopen(),
	read: () => current().observation.read(),
	answerAdmin(question) {
		const { live, runtime, upstreams } = current();
		return answerWorkerQuestion(question, { assembly: () => live.assembly, clock: runtime.clock, upstreams });
	},
	drain: () => leave(),
});

/** Lets requests under way end, says what was counted, and ends: whoever asks first, and once. */
function leave(): Promise<void> {
	leaving ??= (async () => {
		await serving?.drain();
		const readings = await serving?.observation.read();
		if (readings !== undefined) await primary.ask('keepReadings', readings, wayBack).catch(() => {});
		await serving?.close();
		// The answer to who asked goes first.
		setImmediate(() => {
			if (process.connected) process.disconnect();
		});
	})();
	return leaving;
}

function withWorker(log: Log, worker: number): Log {
	return {
		info: (message, fields) => log.info(message, { worker, ...fields }),
		warn: (message, fields) => log.warn(message, { worker, ...fields }),
		error: (message, fields) => log.error(message, { worker, ...fields }),
	};
}

process.on('disconnect', () => {
	primary.close();
	// Said aloud: what was still beginning would hold its connections, to a store for one, and stay for ever.
	void leave().finally(() => process.exit());
});
// A terminal signals every process of its group: the primary decides what comes of it.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
// Told to go one by one: this worker drains, and the primary starts another one.
process.on('SIGTERM', () => void leave());
// Who reads our log may leave before we do.
process.stderr.on('error', () => {});
