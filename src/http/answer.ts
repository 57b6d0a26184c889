/**
 * An answer of the gateway itself, as bytes or as the parts of a head.
 */
import { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from '#core/index';
import { isFieldName, isFieldValue } from '#formats/header-value';
import { lingerTime } from './discard.ts';
import { canonicalName, isHopByHop } from './hop-by-hop.ts';
import { hasNoContent } from './response-headers.ts';

/** What remains when not even a refusal can be worded. */
export const bareAnswer: Answer = { status: 500, headers: [], body: '' };

export interface PreparedAnswer {
	readonly status: number;
	/** Flat: name, value, …; with Content-Length, without anything that concerns the connection. */
	readonly lines: string[];
	readonly body: Buffer;
}

/** Throws when a field line could not go on a wire as it is (invariant 9). */
export function prepareAnswer(answer: Answer): PreparedAnswer {
	const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : Buffer.from(answer.body);
	const lines: string[] = [];
	for (const [name, value] of answer.headers) {
		const canonical = canonicalName(name);
		if (isHopByHop(canonical) || canonical === 'content-length') continue;
		if (!isFieldName(name) || !isFieldValue(value)) throw new Error(`invalid value for the header ${name}`);
		lines.push(name, value);
	}
	if (!hasNoContent(answer.status) && answer.status !== 304) lines.push('Content-Length', String(body.length));
	return { status: answer.status, lines, body };
}

/**
 * Writes an answer on a connection that no longer has a parser, says that it is the last, and closes the connection so
 * that the client can read it.
 */
export function writeLastAnswer(socket: Socket, answer: PreparedAnswer): void {
	if (!socket.writable) {
		socket.destroy();
		return;
	}
	let head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`;
	for (let index = 0; index + 1 < answer.lines.length; index += 2) {
		head += `${answer.lines[index]}: ${answer.lines[index + 1]}\r\n`;
	}
	head += `Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n`;
	socket.write(head, 'latin1');
	closeGently(socket, answer.body);
}

/** Sends `rest` and a FIN, drops what still comes, and destroys the connection a little later. */
export function closeGently(socket: Socket, rest: Buffer | '' = ''): void {
	if (socket.destroyed) return;
	const timer = setTimeout(() => socket.destroy(), lingerTime);
	socket.once('close', () => clearTimeout(timer));
	socket.once('end', () => socket.destroySoon());
	socket.end(rest);
	socket.resume();
}
