/**
 * An origin that does to each request what the request's target says: `/<behaviour>/<id>?<size>`. Every byte it answers
 * names that id, and every byte of a body that it gets is held to name it too, so that nothing spliced goes unseen.
 */
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Chance } from './message-grammar.ts';

export interface ChaoticUpstream {
	readonly url: string;
	/** How often the head of a request came, by id. */
	readonly seen: ReadonlyMap<string, number>;
	/** Ids of requests that may have been answered before all of their body was read. */
	readonly early: ReadonlySet<string>;
	/** What a gateway must not send. */
	readonly problems: readonly string[];
	/** Connections that are open. */
	readonly open: number;
}

/** `length` characters that name the request and what they are of: no stretch of one id's reads as another's. */
export function contentOf(kind: 'request' | 'response', id: string, length: number): string {
	const unit = `${kind} ${id}; `;
	return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

interface Asked {
	readonly socket: Socket;
	readonly id: string;
	readonly content: string;
	readonly isHead: boolean;
	readonly chance: Chance;
	/** The connection may be asked again. */
	readonly done: () => void;
	/** No other request has come on the connection. */
	readonly isLatest: () => boolean;
}

type Behaviour = (asked: Asked) => void;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const headOf = ({ id }: Asked, lines: string): string => `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n${lines}\r\n`;
const countedHead = (asked: Asked, lines = ''): string =>
	headOf(asked, `Content-Length: ${asked.content.length}\r\n${lines}`);
const counted = (asked: Asked, lines = ''): string => countedHead(asked, lines) + (asked.isHead ? '' : asked.content);

/** In chunks of any size. */
function chunked(asked: Asked): string {
	const { content, isHead, chance } = asked;
	let text = headOf(asked, 'Transfer-Encoding: chunked\r\n');
	if (isHead) return text;
	for (let at = 0; at < content.length; ) {
		const chunk = content.slice(at, at + 1 + chance.below(20_000));
		text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
		at += chunk.length;
	}
	return `${text}0\r\n${chance.percent(30) ? `X-Trailer: ${asked.id}\r\n` : ''}\r\n`;
}

/** In a few writes that end anywhere. */
async function inPieces(asked: Asked, text: string): Promise<void> {
	const { socket, chance } = asked;
	for (let at = 0; at < text.length; ) {
		const size = chance.percent(50) ? 1 + chance.below(30) : 1 + chance.below(text.length);
		socket.write(text.slice(at, at + size), 'latin1');
		at += size;
		if (at < text.length) await pause(chance.below(2));
	}
	asked.done();
}

/** A whole response that must reach nobody. */
const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Id: poison\r\n\r\npoisoned';

/** Behind these a client gets its whole answer, unless its request could not be repeated. */
export const orderly = {
	counted: (asked) => {
		asked.socket.write(counted(asked), 'latin1');
		asked.done();
	},
	chunked: (asked) => void inPieces(asked, chunked(asked)),
	pieces: (asked) => void inPieces(asked, counted(asked)),
	interim: (asked) =>
		void inPieces(
			asked,
			`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${counted(asked)}`,
		),
	'until-close': (asked) => void asked.socket.end(headOf(asked, '') + (asked.isHead ? '' : asked.content), 'latin1'),
	'closes-and-says-so': (asked) => void asked.socket.end(counted(asked, 'Connection: close\r\n'), 'latin1'),
	'closes-behind': (asked) => {
		asked.socket.write(counted(asked), 'latin1');
		asked.done();
		// While it is idle, maybe as the next request is on its way.
		setTimeout(() => {
			if (asked.isLatest()) asked.socket.end();
		}, asked.chance.below(4));
	},
	'ends-in-silence': (asked) => {
		asked.socket.end(counted(asked), 'latin1');
		asked.done();
	},
	'says-too-much': (asked) => {
		// In one read with what went before: nobody can tell what comes later from an answer.
		asked.socket.write(counted(asked).slice(0, -1), 'latin1');
		asked.socket.write(counted(asked).slice(-1) + poison, 'latin1');
		asked.done();
	},
	'byte-by-byte': (asked) => {
		const text = counted(asked);
		let at = asked.chance.below(text.length);
		const end = Math.min(at + 25, text.length);
		asked.socket.write(text.slice(0, at), 'latin1');
		const next = (): void => {
			if (at < end && asked.socket.writable) {
				asked.socket.write(text.slice(at, ++at), 'latin1');
				setImmediate(next);
				return;
			}
			asked.socket.write(text.slice(at), 'latin1');
			asked.done();
		};
		next();
	},
} as const satisfies Readonly<Record<string, Behaviour>>;

/** Behind these there is no whole answer. */
export const broken = {
	closes: ({ socket }) => void socket.end(),
	resets: ({ socket }) => void socket.resetAndDestroy(),
	'closes-within': (asked) => void asked.socket.end(part(asked), 'latin1'),
	'resets-within': (asked) => {
		asked.socket.write(part(asked), 'latin1');
		setTimeout(() => asked.socket.resetAndDestroy(), asked.chance.below(10));
	},
	'closes-within-a-chunk': (asked) =>
		void asked.socket.end(
			`${headOf(asked, 'Transfer-Encoding: chunked\r\n')}ff\r\n${asked.content.slice(0, 9)}`,
			'latin1',
		),
	'closes-within-the-head': (asked) => void asked.socket.end(counted(asked).slice(0, 30), 'latin1'),
	stalls: () => {},
	'stalls-within': (asked) => void asked.socket.write(part(asked), 'latin1'),
	'two-lengths': (asked) => void asked.socket.write(countedHead(asked, 'Content-Length: 1\r\n') + poison, 'latin1'),
	'length-and-chunked': (asked) =>
		void asked.socket.write(`${countedHead(asked, 'Transfer-Encoding: chunked\r\n')}0\r\n\r\n${poison}`, 'latin1'),
	'bad-chunk-size': (asked) =>
		void asked.socket.write(
			`${headOf(asked, 'Transfer-Encoding: chunked\r\n')}0x1\r\na\r\n0\r\n\r\n${poison}`,
			'latin1',
		),
	'bare-line-feeds': (asked) => void asked.socket.write(counted(asked).replaceAll('\r\n', '\n') + poison, 'latin1'),
	'no-http': ({ socket }) => void socket.write('220 mail.example.com ESMTP\r\n'),
	'switches-protocols': ({ socket }) =>
		void socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${poison}`, 'latin1'),
} as const satisfies Readonly<Record<string, Behaviour>>;

/** Never all of it. */
function part(asked: Asked): string {
	const lines = `Content-Length: ${asked.content.length + 1}\r\n`;
	return headOf(asked, lines) + asked.content.slice(0, asked.chance.below(asked.content.length + 1));
}

const behaviours: Readonly<Record<string, Behaviour>> = { ...orderly, ...broken };

/** Closed when the test is over. Several may note in one set what they answer `early`. */
export async function chaoticUpstream(chance: Chance, early = new Set<string>()): Promise<ChaoticUpstream> {
	const seen = new Map<string, number>();
	const problems: string[] = [];
	const sockets = new Set<Socket>();
	const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
		converse(socket, chance, seen, early, problems);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('no address');
	return {
		url: `http://127.0.0.1:${address.port}`,
		seen,
		early,
		problems,
		get open() {
			return sockets.size;
		},
	};
}

/** Reads requests one after the other and lets each have its behaviour. */
function converse(
	socket: Socket,
	chance: Chance,
	seen: Map<string, number>,
	early: Set<string>,
	problems: string[],
): void {
	let pending = '';
	let isBusy = false;
	let latest = '';
	let body: { readonly id: string; readonly take: (text: string) => number; isOver: boolean } | undefined;
	let answer: (() => void) | undefined;

	const begin = (head: string): void => {
		const [, method = '', behaviour = '', id = '', size = ''] =
			/^([A-Z]+) \/([a-z-]+)\/([^?]+)\?(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
		const act = behaviours[behaviour];
		if (act === undefined) {
			problems.push(`no request line: ${JSON.stringify(head.slice(0, 80))}`);
			socket.destroy();
			return;
		}
		seen.set(id, (seen.get(id) ?? 0) + 1);
		isBusy = true;
		const content = contentOf('response', id, Number(size));
		const done = (): void => {
			isBusy = body !== undefined;
			answer = undefined;
			if (!isBusy) proceed();
		};
		latest = id;
		const asked = { socket, id, content, isHead: method === 'HEAD', chance, done, isLatest: () => latest === id };
		body = bodyOf(id, head, problems);
		const isEarly = body !== undefined && chance.percent(15);
		if (body !== undefined && chance.percent(20)) {
			socket.pause();
			setTimeout(() => socket.resume(), 1 + chance.below(20));
		}
		answer = () => act(asked);
		if (isEarly || body === undefined) act(asked);
		if (isEarly) {
			early.add(id);
			answer = undefined;
		}
	};

	const proceed = (): void => {
		for (;;) {
			if (body !== undefined) {
				pending = pending.slice(body.take(pending));
				if (!body.isOver) return;
				body = undefined;
				if (answer === undefined) isBusy = false;
				else answer();
			} else {
				const end = pending.indexOf('\r\n\r\n');
				// A request that crossed our FIN finds nobody.
				if (pending !== '' && isBusy && !socket.writableEnded) {
					problems.push(`more behind a request under way: ${JSON.stringify(pending.slice(0, 80))}`);
					pending = '';
				}
				if (end < 0 || isBusy) return;
				const head = pending.slice(0, end + 4);
				pending = pending.slice(end + 4);
				begin(head);
			}
		}
	};
	socket.on('data', (bytes: Buffer) => {
		pending += bytes.toString('latin1');
		proceed();
	});
	socket.on('end', () => socket.end());
}

/** `take` says how much of a text belongs to the body, which it holds to be the id's own; undefined: there is none. */
function bodyOf(
	id: string,
	head: string,
	problems: string[],
): { readonly id: string; readonly take: (text: string) => number; isOver: boolean } | undefined {
	const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
	const isChunked = /\r\ntransfer-encoding: chunked\r\n/i.test(head);
	if (!isChunked && (length === undefined || length === '0')) return undefined;
	let received = 0;
	const check = (text: string): void => {
		const offset = received % contentOf('request', id, 1_000).indexOf('request', 1);
		received += text.length;
		if (!contentOf('request', id, offset + text.length).endsWith(text)) {
			problems.push(`the body of ${id} holds ${JSON.stringify(text.slice(0, 80))}`);
		}
	};
	const body = {
		id,
		isOver: false,
		take(text: string): number {
			if (!isChunked) {
				const taken = text.slice(0, Number(length) - received);
				check(taken);
				body.isOver = received === Number(length);
				return taken.length;
			}
			for (let at = 0; ; ) {
				const end = text.indexOf('\r\n', at);
				if (end < 0) return at;
				const size = Number.parseInt(text.slice(at, end), 16);
				// The line end of a chunk, and at the end the empty line behind the last one.
				if (text.length < end + 2 + size + 2) return at;
				check(text.slice(end + 2, end + 2 + size));
				at = end + 2 + size + 2;
				if (size !== 0) continue;
				body.isOver = true;
				return at;
			}
		},
	};
	return body;
}
