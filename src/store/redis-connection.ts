/**
 * One connection to Redis or Valkey that comes back by itself. A command that gets no answer in time condemns the whole
 * connection: a network that swallows packets looks alive to TCP for many minutes. Nothing is queued while there is no
 * connection, since whoever asks wants to know now.
 */
import { createClient, ErrorReply } from '@redis/client';
import { type Clock, type Log, StoreUnavailable } from '#core/index';

export interface RedisConnectionOptions {
	/** `redis://` or `rediss://` with user, password and database. */
	readonly url: string;
	/** PEM of the authorities that the server's certificate may come from; undefined: the public ones. */
	readonly ca: string | undefined;
	readonly clock: Pick<Clock, 'monotonic'>;
	readonly log: Log;
	/** Milliseconds to an answer, and to a connection; default 1,500. */
	readonly timeout?: number;
	/** Called with the warnings that the server's settings deserve, on the first connection. */
	readonly onReady?: (send: SendCommand) => Promise<void>;
}

export type SendCommand = (command: readonly string[]) => Promise<unknown>;

export interface RedisConnection {
	/** Rejects with StoreUnavailable without a connection or an answer, and with RedisRefusal for an error of the server. */
	readonly send: SendCommand;
	/** Tries to connect for the first time; resolves after that attempt, good or bad. */
	start(): Promise<void>;
	close(): void;
}

/** The server answered with an error: its first word is a code such as `NOSCRIPT`. */
export class RedisRefusal extends StoreUnavailable {
	readonly code: string;

	constructor(message: string) {
		super(`Redis: ${message}`);
		this.code = /^[A-Z]+/.exec(message)?.[0] ?? '';
	}
}

type Client = ReturnType<typeof newClient>;

/** Milliseconds between attempts to connect. */
const shortestPause = 50;
const longestPause = 1_000;

/** Commands without an answer; one more is refused at once. */
const longestQueue = 10_000;

export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
	const { clock, log, timeout = 1_500 } = options;
	const place = placeOf(options.url);
	let ready: Client | undefined;
	let connecting: Client | undefined;
	let failures = 0;
	let lastError = 'not connected yet';
	let pause: NodeJS.Timeout | undefined;
	let isClosed = false;
	let wasReady = false;

	async function connect(): Promise<void> {
		const client = newClient(options, timeout);
		connecting = client;
		client.on('error', (cause: unknown) => lost(client, cause));
		client.on('end', () => lost(client, new Error('the connection was closed')));
		try {
			await within(timeout * 2, client.connect(), 'no connection in time');
			if (isClosed) throw new Error('closed');
		} catch (cause) {
			lost(client, cause);
			return;
		}
		if (connecting !== client) return;
		connecting = undefined;
		ready = client;
		if (failures > 0) log.info('connected to the store again', { store: place, attempts: failures });
		failures = 0;
		if (wasReady) return;
		wasReady = true;
		options.onReady?.(send).catch(() => {});
	}

	/** Drops this client and plans the next one; of no consequence for a client that was dropped before. */
	function lost(client: Client, cause: unknown): void {
		if (client !== ready && client !== connecting) return;
		ready = undefined;
		connecting = undefined;
		lastError = cause instanceof Error ? cause.message : 'the connection failed';
		destroy(client);
		if (isClosed) return;
		failures += 1;
		if (failures === 1) log.warn('the connection to the store is lost', { store: place, cause: lastError });
		const wait = Math.min(shortestPause * 2 ** Math.min(failures - 1, 10), longestPause);
		clearTimeout(pause);
		pause = setTimeout(() => {
			connect().catch(() => {});
		}, wait);
		pause.unref();
	}

	async function send(command: readonly string[]): Promise<unknown> {
		const client = ready;
		if (isClosed) throw new StoreUnavailable('the store is closed');
		if (client === undefined) throw new StoreUnavailable(`no connection to ${place}: ${lastError}`);
		const sentAt = clock.monotonic();
		try {
			return await within(timeout, client.sendCommand<unknown>(command), noAnswer);
		} catch (cause) {
			const message = cause instanceof Error ? cause.message : String(cause);
			if (cause instanceof ErrorReply) {
				// A primary that became a replica, or is loading its data: another connection may find a better one.
				if (/^(READONLY|LOADING|MASTERDOWN)\b/.test(message)) lost(client, cause);
				throw new RedisRefusal(message);
			}
			if (message === noAnswer) {
				lost(client, new Error(`${noAnswer} (${Math.round(clock.monotonic() - sentAt)} ms)`));
			}
			// Dropped because of another command: why that was says more than that it was.
			throw new StoreUnavailable(`${place}: ${client === ready ? message : lastError}`, { cause });
		}
	}

	return {
		send,
		start: connect,
		close() {
			isClosed = true;
			clearTimeout(pause);
			for (const client of [ready, connecting]) if (client !== undefined) destroy(client);
			ready = undefined;
			connecting = undefined;
		},
	};
}

const noAnswer = 'no answer in time';

function newClient({ url, ca }: RedisConnectionOptions, timeout: number) {
	return createClient({
		url,
		RESP: 2,
		socket: {
			connectTimeout: timeout,
			reconnectStrategy: false,
			...(url.startsWith('rediss:') && ca !== undefined ? { tls: true as const, ca } : {}),
		},
		disableOfflineQueue: true,
		commandsQueueMaxLength: longestQueue,
		disableClientInfo: true,
		maintNotifications: 'disabled',
	});
}

function destroy(client: Client): void {
	// What its commands and its socket still report is of no interest.
	client.removeAllListeners();
	client.on('error', () => {});
	try {
		client.destroy();
	} catch {
		// It was closed before.
	}
}

async function within<T>(ms: number, promise: Promise<T>, words: string): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(words)), ms);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

/** Host and port alone: the URL may hold a password. */
function placeOf(url: string): string {
	const { hostname, port } = new URL(url);
	return `${hostname}:${port === '' ? '6379' : port}`;
}
