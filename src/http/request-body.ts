/**
 * A request body on its way to the upstream: pulled only as fast as the upstream takes it, counted against the limit,
 * and timed while it is the client that we wait for.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Reason } from '#core/index';
import { afterMs } from './deadline.ts';

export interface BodyOptions {
	/** Bytes; undefined: unlimited. */
	readonly limit: number | undefined;
	/** Milliseconds between two pieces; 0: no limit. */
	readonly timeout: number;
	/** Called before the first byte is asked for: the place for `100 Continue`. */
	started(): void;
	/** The body broke a limit; the stream is destroyed right after. Called at most once. */
	failed(reason: Reason): void;
}

/** A body to forward, and whose turn it is. */
export interface RequestBody {
	readonly stream: Readable;
	/** True while the next byte is the client's to send. */
	awaitsClient(): boolean;
}

/**
 * Touches `source` only once somebody reads, so that a body that was never asked for can be offered again. Destroying
 * the stream pauses the source and leaves its socket alone: an answer may still have to go out on it.
 */
export function requestBody(source: IncomingMessage, options: BodyOptions): RequestBody {
	let attached = false;
	let waiting = false;
	let received = 0;
	let timer: NodeJS.Timeout | undefined;

	const wait = (): void => {
		waiting = true;
		if (timer === undefined) timer = afterMs(options.timeout, () => fail('request_timeout'));
		else timer.refresh();
	};
	const rest = (): void => {
		waiting = false;
		clearTimeout(timer);
		timer = undefined;
	};
	const onData = (chunk: Buffer): void => {
		received += chunk.length;
		if (options.limit !== undefined && received > options.limit) fail('content_too_large');
		else if (stream.push(chunk)) wait();
		else {
			source.pause();
			rest();
		}
	};
	const onEnd = (): void => {
		rest();
		stream.push(null);
	};
	const onClose = (): void => {
		if (!source.readableEnded) stream.destroy(new Error('the client went away'));
	};
	const detach = (): void => {
		rest();
		source.off('data', onData).off('end', onEnd).off('close', onClose);
	};
	const fail = (reason: Reason): void => {
		detach();
		source.pause();
		options.failed(reason);
		stream.destroy(new Error(`the request body was refused: ${reason}`));
	};

	const stream = new Readable({
		highWaterMark: 64 * 1024,
		read() {
			if (!attached) {
				attached = true;
				options.started();
				source.on('data', onData).on('end', onEnd).on('close', onClose);
			}
			source.resume();
			wait();
		},
		destroy(error, callback) {
			if (attached && !source.readableEnded) source.pause();
			detach();
			callback(error);
		},
	});
	// Whoever reads the stream hears of its end in other ways; an unheard 'error' would end the process.
	stream.on('error', ignore);
	return { stream, awaitsClient: () => waiting };
}

function ignore(): void {}
