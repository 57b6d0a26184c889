/**
 * Questions and answers between two processes, over whatever carries messages. What a side answers is an object of
 * functions with one argument; what it asks is typed by the other side's. An answer that fails arrives as an Error with
 * its message, without its stack.
 */

/** Functions of one argument, by name. Arguments and results are plain data: they are copied on the way. */
export type Protocol<P> = { readonly [K in keyof P]: (data: never) => unknown };

export interface Line {
	/** Throws, or loses the message, when there is nobody left at the other end. */
	send(message: unknown): void;
	/** Called once. */
	receive(take: (message: unknown) => void): void;
}

export interface Channel<Theirs extends Protocol<Theirs>> {
	/** Rejects when the answer failed or the channel is closed; with NoAnswer when none comes within `timeout` ms. */
	ask<K extends keyof Theirs>(
		name: K,
		data: Parameters<Theirs[K]>[0],
		timeout: number,
	): Promise<Awaited<ReturnType<Theirs[K]>>>;
	/** The other side is gone: whatever was asked fails now, and so does what is asked from now on. */
	close(): void;
}

/** The other side lives, as far as one knows, and does not answer. */
export class NoAnswer extends Error {
	constructor(name: PropertyKey, timeout: number) {
		super(`no answer to ${String(name)} within ${timeout / 1000} s`);
		this.name = 'NoAnswer';
	}
}

interface Waiting {
	readonly resolve: (value: unknown) => void;
	readonly reject: (error: Error) => void;
	readonly timer: NodeJS.Timeout;
}

type Message =
	| { readonly kind: 'ask'; readonly id: number; readonly name: PropertyKey; readonly data: unknown }
	| { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
	| { readonly kind: 'problem'; readonly id: number; readonly message: string };

/** `own`: what this side answers. */
export function createChannel<Theirs extends Protocol<Theirs>, Own extends Protocol<Own>>(
	line: Line,
	own: Own,
): Channel<Theirs> {
	const waiting = new Map<number, Waiting>();
	let last = 0;
	let closed = false;

	line.receive((message) => {
		if (!isMessage(message)) return;
		if (message.kind === 'ask') void answer(message);
		else settle(message);
	});

	async function answer({ id, name, data }: Message & { kind: 'ask' }): Promise<void> {
		let reply: Message;
		try {
			if (!Object.hasOwn(own, name)) throw new Error(`there is no answer to ${String(name)}`);
			// What the other side may ask, and with what, is its type's promise; both are of one release.
			const value: unknown = await own[name as keyof Own](data as never);
			reply = { kind: 'answer', id, value };
		} catch (error) {
			reply = { kind: 'problem', id, message: error instanceof Error ? error.message : String(error) };
		}
		send(reply);
	}

	function settle(message: Message & { kind: 'answer' | 'problem' }): void {
		const asked = waiting.get(message.id);
		if (asked === undefined) return;
		waiting.delete(message.id);
		clearTimeout(asked.timer);
		if (message.kind === 'answer') asked.resolve(message.value);
		else asked.reject(new Error(message.message));
	}

	/** Who asked hears of a lost message by its timeout, or by `close`. */
	function send(message: Message): void {
		if (closed) return;
		try {
			line.send(message);
		} catch {
			close();
		}
	}

	function close(): void {
		closed = true;
		for (const { reject, timer } of waiting.values()) {
			clearTimeout(timer);
			reject(new Error('the other process is gone'));
		}
		waiting.clear();
	}

	return {
		ask(name, data, timeout) {
			return new Promise<Awaited<ReturnType<Theirs[typeof name]>>>((resolve, reject) => {
				if (closed) {
					reject(new Error('the other process is gone'));
					return;
				}
				const id = ++last;
				const timer = setTimeout(() => {
					waiting.delete(id);
					reject(new NoAnswer(name, timeout));
				}, timeout);
				timer.unref();
				waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
				send({ kind: 'ask', id, name, data });
			});
		},
		close,
	};
}

function isMessage(message: unknown): message is Message {
	return typeof message === 'object' && message !== null && 'kind' in message && 'id' in message;
}
