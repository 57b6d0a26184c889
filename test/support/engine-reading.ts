/** What the engine's own parsers make of the bytes of a connection, read by read. */
import { Buffer } from 'node:buffer';
import { isCarriedUpgrade } from '#http/exchange/upgrade';
import { type Body, bodyOf, CountedBody, UntilClose } from '#http/h1/body';
import { type FieldLines, nameAt, valueAt } from '#http/h1/field-lines';
import { noFraming } from '#http/h1/framing';
import { readRequestHead, skipEmptyLines } from '#http/h1/request-head';
import { readResponseHead } from '#http/h1/response-head';
import type { Reading, ReadMessage } from './node-reading.ts';

/** `failed`: refused; `closed`: whatever comes now is not read any more. */
export interface EngineReading extends Reading {
	readonly messages: ReadMessage[];
	closed: boolean;
}

const limits = { headers: 64 * 1024, headerCount: 1_000 };
const peer = {
	address: '127.0.0.1',
	scheme: 'http',
	serverName: undefined,
	isMutual: false,
	clientCertificate: undefined,
} as const;

function linesOf(head: FieldLines): string[] {
	const lines: string[] = [];
	for (let place = 0; place < head.places.length; place += 4) lines.push(nameAt(head, place), valueAt(head, place));
	return lines;
}

/** Lets `body` read on; false when it is malformed. Gives the position behind what it read by `moved`. */
function take(body: Body, bytes: Buffer, from: number, message: ReadMessage): number {
	const end = body.take(bytes, from);
	if (end < 0) return -1;
	for (let index = 0; index + 1 < body.content.length; index += 2) {
		message.body += bytes.toString('latin1', body.content[index], body.content[index + 1]);
	}
	message.isComplete = body.isComplete;
	return end;
}

export function engineReadsRequests(reads: readonly Buffer[]): EngineReading {
	const reading: EngineReading = { messages: [], failed: false, closed: false };
	let rest: Buffer = Buffer.alloc(0);
	let body: Body | undefined;
	let message: ReadMessage | undefined;
	for (const read of reads) {
		rest = rest.length === 0 ? read : Buffer.concat([rest, read]);
		let at = 0;
		while (at < rest.length) {
			if (body !== undefined && message !== undefined) {
				at = take(body, rest, at, message);
				if (at < 0) {
					reading.failed = true;
					return reading;
				}
				if (!body.isComplete) break;
				body = undefined;
			} else {
				const from = skipEmptyLines(rest, at);
				if (from === rest.length || (from + 1 === rest.length && rest[from] === 0x0d)) break;
				const head = readRequestHead(rest, from, limits, peer);
				if (head === undefined) break;
				if (typeof head === 'string' || head.problem() !== undefined) {
					reading.failed = true;
					return reading;
				}
				const isUpgrade = head.connection.upgrade && isCarriedUpgrade(head);
				message = {
					start: head.method,
					target: head.target,
					minor: head.minor,
					lines: linesOf(head),
					body: '',
					isComplete: !head.hasBody,
					persists: head.minor === 1 && !head.connection.close && !isUpgrade,
				};
				reading.messages.push(message);
				at = from + head.text.length;
				if (head.hasBody) body = bodyOf(head.framing);
			}
			if (message.isComplete && !message.persists) {
				reading.closed = true;
				return reading;
			}
		}
		rest = rest.subarray(at);
	}
	return reading;
}

export function engineReadsResponse(reads: readonly Buffer[], method: string): EngineReading {
	const reading: EngineReading = { messages: [], failed: false, closed: false };
	let rest: Buffer = Buffer.alloc(0);
	let body: Body | undefined;
	let message: ReadMessage | undefined;
	const fail = (): EngineReading => {
		reading.failed = true;
		return reading;
	};
	for (const read of reads) {
		rest = rest.length === 0 ? read : Buffer.concat([rest, read]);
		let at = 0;
		while (body === undefined) {
			const head = readResponseHead(rest, at);
			if (head === undefined) break;
			// A 101 that nobody asked for is refused where it is heard.
			if (head === 'malformed' || head.isAmbiguous || head.status === 101) return fail();
			at += head.length;
			if (head.status < 200) continue;
			const { framing, status } = head;
			if (method === 'HEAD' || status === 204 || status === 304) body = new CountedBody(0);
			else body = framing === noFraming ? new UntilClose() : bodyOf(framing);
			message = {
				start: String(status),
				target: '',
				minor: head.minor,
				lines: linesOf(head),
				body: '',
				isComplete: body.isComplete,
				persists: head.minor === 1 && !head.connection.close && !(body instanceof UntilClose),
			};
			reading.messages.push(message);
		}
		if (body !== undefined && message !== undefined) {
			at = take(body, rest, at, message);
			if (at < 0) return fail();
			if (body.isComplete) return reading;
		}
		rest = rest.subarray(at);
	}
	if (body instanceof UntilClose && message !== undefined) message.isComplete = true;
	return reading;
}
