/** The heads that a client receives: of the upstream's response, of the gateway's own answers, and of a switch. */
import { isFieldValue } from '#formats/header-value';
import type { PreparedAnswer } from '../answer.ts';
import { nodeHttp } from '../node-http.ts';
import { hasNoContent } from '../status.ts';
import { placeOf } from './field-lines.ts';
import type { ResponseHead } from './response-head.ts';

const { STATUS_CODES: reasonPhrases } = nodeHttp();

/** How the connection goes on after this response. */
export interface ClientConnectionState {
	readonly persists: boolean;
	/** Seconds that an idle connection is kept. */
	readonly keepAlive: number;
}

export function persistenceLines({ persists, keepAlive }: ClientConnectionState): string {
	return persists ? `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAlive}\r\n` : 'Connection: close\r\n';
}

/**
 * Head of a relayed response. `length` is undefined without one; `isChunked` is for HTTP/1.1 clients only. A Date is
 * added where the origin gave none (RFC 9110 §6.6.1).
 */
export function responseHead(
	head: ResponseHead,
	fields: string,
	framing: { readonly length: number | undefined; readonly isChunked: boolean },
	persistence: string,
): string {
	const { status } = head;
	const date = placeOf(head, 'date') < 0 ? dateLine() : '';
	const length = framing.length === undefined || hasNoContent(status) ? '' : `Content-Length: ${framing.length}\r\n`;
	const coding = framing.isChunked ? 'Transfer-Encoding: chunked\r\n' : '';
	return `${statusLine(status)}${fields}${date}${length}${coding}${persistence}\r\n`;
}

/** Head of an answer of the gateway itself. */
export function answerHead(answer: PreparedAnswer, persistence: string): string {
	let lines = '';
	for (let index = 0; index + 1 < answer.lines.length; index += 2) {
		lines += `${answer.lines[index]}: ${answer.lines[index + 1]}\r\n`;
	}
	return `${statusLine(answer.status)}${lines}${dateLine()}${persistence}\r\n`;
}

/** Head of our 101; undefined when the protocol's name could not go on a wire. */
export function switchingHead(protocol: string, fields: string): string | undefined {
	if (!isFieldValue(protocol)) return undefined;
	return `${statusLine(101)}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n${fields}\r\n`;
}

export const continueHead = 'HTTP/1.1 100 Continue\r\n\r\n';

const statusLines = new Map<number, string>();

function statusLine(status: number): string {
	let line = statusLines.get(status);
	if (line === undefined) {
		line = `HTTP/1.1 ${status} ${reasonPhrases[status] ?? ''}\r\n`;
		// Statuses have three digits, so this map is small.
		statusLines.set(status, line);
	}
	return line;
}

let date = '';
let dateSecond = 0;

function dateLine(): string {
	const now = Date.now();
	const second = Math.floor(now / 1000);
	if (second !== dateSecond) {
		dateSecond = second;
		date = `Date: ${new Date(now).toUTCString()}\r\n`;
	}
	return date;
}
