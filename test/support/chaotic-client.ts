/**
 * Clients that ask in every way that a connection allows, and what their answers are held to: each belongs to the request
 * at its place and says so in every byte, and where an answer is missing the one before has said why.
 */
import type { Socket } from 'node:net';
import { broken, contentOf, orderly } from './chaotic-upstream.ts';
import type { Chance } from './message-grammar.ts';
import { type RawClient, rawClient } from './raw-client.ts';

/** One request, as it goes out. */
export interface Ask {
	readonly id: string;
	readonly method: string;
	readonly target: string;
	readonly isOrderly: boolean;
	readonly hasBody: boolean;
	/** Characters of a whole answer. */
	readonly size: number;
	/** latin1. */
	readonly bytes: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const sizes = [0, 1, 9, 200, 1_000, 5_000, 20_000, 90_000];

export function askOf(id: string, chance: Chance): Ask {
	const isOrderly = chance.percent(85);
	const hasBody = chance.percent(35);
	const method = hasBody
		? chance.of(['POST', 'POST', 'PUT', 'DELETE'])
		: chance.of(['GET', 'GET', 'GET', 'HEAD', 'POST']);
	// What is broken within its content shows only where there is content.
	const isBroken = !isOrderly && method !== 'HEAD';
	const behaviour = chance.of(Object.keys(isBroken ? broken : orderly));
	const size = chance.of(sizes);
	const target = `/${behaviour}/${id}?${size}`;
	const head = `${method} ${target} HTTP/1.1\r\nHost: chaos.example\r\n`;
	const parts = { id, method, target, isOrderly: !isBroken, hasBody, size };
	if (!hasBody) return { ...parts, bytes: `${head}${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n` };
	const content = contentOf('request', id, Math.max(1, chance.of(sizes)));
	if (chance.percent(50)) return { ...parts, bytes: `${head}Content-Length: ${content.length}\r\n\r\n${content}` };
	let chunks = '';
	for (let at = 0; at < content.length; ) {
		const chunk = content.slice(at, at + 1 + chance.below(9_000));
		chunks += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
		at += chunk.length;
	}
	return { ...parts, bytes: `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n` };
}

/** What a client does with its connection. True: it waits for all of its answers. */
type Manner = (client: RawClient, asks: readonly Ask[], chance: Chance) => Promise<boolean>;

async function inPieces(socket: Socket, text: string, chance: Chance, longest: number): Promise<void> {
	for (let at = 0; at < text.length && socket.writable; ) {
		const size = 1 + chance.below(longest);
		socket.write(text.slice(at, at + size), 'latin1');
		at += size;
		if (chance.percent(30)) await pause(chance.below(3));
	}
}

/** Until every request has its answer or the connection is over. */
async function answersTo({ response }: RawClient, asks: readonly Ask[]): Promise<void> {
	try {
		for (const { method } of asks) await response(method);
	} catch {
		// Whether the connection may be over is judged by what came on it.
	}
}

const all = (asks: readonly Ask[]): string => asks.map(({ bytes }) => bytes).join('');

export const manners: Readonly<Record<string, Manner>> = {
	async 'one after the other'(client, asks) {
		for (const ask of asks) {
			if (!client.socket.writable) break;
			client.send(ask.bytes);
			await answersTo(client, [ask]);
		}
		return true;
	},
	async pipelined(client, asks) {
		client.send(all(asks));
		await answersTo(client, asks);
		return true;
	},
	async 'in pieces'(client, asks, chance) {
		await inPieces(client.socket, all(asks), chance, 30_000);
		await answersTo(client, asks);
		return true;
	},
	async 'byte by byte'(client, asks, chance) {
		const text = all(asks);
		// Where a head ends and a body begins more is to be found than within either.
		let at = Math.max(0, (asks[0]?.bytes.indexOf('\r\n\r\n') ?? 0) - chance.below(60));
		client.send(text.slice(0, at));
		for (let count = 0; count < 100 && at < text.length && client.socket.writable; count++) {
			client.send(text.slice(at, ++at));
			await new Promise(setImmediate);
		}
		if (client.socket.writable) client.send(text.slice(at));
		await answersTo(client, asks);
		return true;
	},
	async 'reads slowly'(client, asks, chance) {
		client.socket.pause();
		client.send(all(asks));
		const isOver = answersTo(client, asks).then(() => true);
		for (let count = 0; count < 8; count++) {
			await pause(chance.below(20));
			client.socket.resume();
			if (await Promise.race([isOver, pause(chance.below(3)).then(() => false)])) break;
			client.socket.pause();
		}
		client.socket.resume();
		await isOver;
		return true;
	},
	async 'half closes'(client, asks) {
		client.socket.end(all(asks), 'latin1');
		await client.closed();
		return false;
	},
	async 'goes away within'(client, asks, chance) {
		const text = all(asks);
		client.send(text.slice(0, 1 + chance.below(text.length)));
		await pause(chance.below(30));
		if (chance.percent(50)) client.socket.resetAndDestroy();
		else client.destroy();
		return false;
	},
	async 'ends in nonsense'(client, asks, chance) {
		client.send(all(asks) + chance.of(['GET / HTTP/1.1\r\nHost : x\r\n\r\n', '\0\0\0\0', 'GET / HTTP/1.1\r\n\r\n']));
		await client.closed();
		return true;
	},
};

/**
 * One connection from its beginning to its end; gives what is wrong with what came on it. `early` are the ids that were
 * answered before their body was read: behind those a gateway may close, once it has waited for the rest long enough.
 */
export async function converse(
	url: string,
	asks: readonly Ask[],
	manner: string,
	chance: Chance,
	early: ReadonlySet<string>,
): Promise<string[]> {
	const client = await rawClient(url);
	await manners[manner]?.(client, asks, chance).then((waits) => {
		if (waits) client.destroy();
	});
	await client.closed();
	const waits = manner !== 'half closes' && manner !== 'goes away within';
	return judge(client.received(), asks, waits, manner === 'ends in nonsense', early);
}

interface Answer {
	readonly status: number;
	readonly fields: ReadonlyMap<string, string>;
	readonly content: string;
	readonly isWhole: boolean;
	/** Where the next one begins. */
	readonly end: number;
}

/** `waits`: the client stayed for all of it; `isLastRefused`: what it sent behind its requests is none. */
function judge(
	text: string,
	asks: readonly Ask[],
	waits: boolean,
	isLastRefused: boolean,
	early: ReadonlySet<string>,
): string[] {
	const problems: string[] = [];
	let at = 0;
	let last: Answer | undefined;
	let count = 0;
	for (; at < text.length; count++) {
		const ask = asks[count];
		const answer = readAnswer(text, at, ask?.method ?? 'GET');
		if (answer === undefined) {
			if (waits) problems.push(`a head that does not end: ${JSON.stringify(text.slice(at, at + 200))}`);
			break;
		}
		at = answer.end;
		if (ask !== undefined) problems.push(...judgeAnswer(answer, ask, waits));
		else if (!isLastRefused || answer.status !== 400) problems.push(`an answer to nothing: ${answer.status}`);
		last = answer;
	}
	const expected = asks.length + (isLastRefused ? 1 : 0);
	const mayEnd =
		last?.isWhole === false || last?.fields.get('connection') === 'close' || early.has(asks[count - 1]?.id ?? '');
	if (waits && count < expected && !mayEnd)
		problems.push(`${count} answers to ${expected} requests, and no word of it`);
	return problems.map(
		(problem) => `${problem} (${asks.map(({ method, target }) => `${method} ${target}`).join(', ')})`,
	);
}

function judgeAnswer({ status, fields, content, isWhole }: Answer, ask: Ask, waits: boolean): string[] {
	const { id, method, target } = ask;
	const wrong = (what: string): string[] => [`${method} ${target}: ${what}`];
	if (status !== 200) {
		if (fields.get('x-reason') === undefined) return wrong(`${status} that is not ours`);
		const mayFail = !ask.isOrderly || ask.hasBody || method === 'POST';
		if (mayFail && (status === 502 || (status === 504 && !ask.isOrderly))) return [];
		return wrong(`${status} ${fields.get('x-reason')}`);
	}
	if (fields.get('x-id') !== id) return wrong(`the answer to ${fields.get('x-id')}`);
	if (!contentOf('response', id, content.length).startsWith(content)) return wrong('content of somebody else');
	if (!ask.isOrderly) return isWhole ? wrong('an answer that broke looks whole') : [];
	if (!isWhole) return waits ? wrong(`only ${content.length} characters of an orderly answer`) : [];
	return content.length === ask.size || method === 'HEAD'
		? []
		: wrong(`${content.length} characters in place of ${ask.size}`);
}

/** The final response that begins at `from`, or as much of it as there is; undefined when its head does not end. */
function readAnswer(text: string, from: number, method: string): Answer | undefined {
	const headEnd = text.indexOf('\r\n\r\n', from);
	if (headEnd < 0) return undefined;
	const [line = '', ...lines] = text.slice(from, headEnd).split('\r\n');
	const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1] ?? Number.NaN);
	if (status < 200) return readAnswer(text, headEnd + 4, method);
	const fields = new Map(
		lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]),
	);
	const start = headEnd + 4;
	if (method === 'HEAD') return { status, fields, content: '', isWhole: true, end: start };
	const length = fields.get('content-length');
	if (length !== undefined) {
		const content = text.slice(start, start + Number(length));
		return { status, fields, content, isWhole: content.length === Number(length), end: start + content.length };
	}
	let content = '';
	for (let at = start; ; ) {
		const end = text.indexOf('\r\n', at);
		const size = end < 0 ? Number.NaN : Number.parseInt(text.slice(at, end), 16);
		if (Number.isNaN(size)) return { status, fields, content, isWhole: false, end: text.length };
		content += text.slice(end + 2, end + 2 + size);
		at = end + 2 + size + 2;
		if (at > text.length) return { status, fields, content, isWhole: false, end: text.length };
		if (size === 0) return { status, fields, content, isWhole: true, end: at };
	}
}
