/**
 * One outbound request on undici, suspicious on purpose: no redirects, no content coding, a bound on time and size. What
 * goes wrong is put in words that hold nothing of the request but scheme, host and path. undici is loaded with the first
 * request: a gateway that asks nobody does without.
 */
import type { Dispatcher } from 'undici';
import type { FetchedDocument } from '#core/index';

export function loadUndici(): Promise<typeof import('undici')> {
	return import('undici');
}

export interface OutboundRequest {
	readonly method: 'GET' | 'POST';
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Milliseconds, for everything from name resolution to the last octet. */
	readonly timeout: number;
	readonly maxBytes: number;
	readonly dispatcher: Dispatcher;
	/** True: the connection ends with the answer. */
	readonly once: boolean;
	/** Lowest status whose body is left unread and given as ''. */
	readonly unreadFrom: number;
}

/**
 * The body must be UTF-8 and come without a content coding, which makes `maxBytes` the size in memory. A status of 300
 * to 399 is an Error, and so is whatever keeps the answer from being whole; the `cause` is kept.
 */
export async function askOutbound(url: string, asked: OutboundRequest): Promise<FetchedDocument> {
	if (!/^https?:\/\//i.test(url)) throw new Error('only http and https URLs can be fetched');
	const signal = AbortSignal.timeout(Math.max(1, Math.ceil(asked.timeout)));
	try {
		return await askOnce(url, asked, signal);
	} catch (cause) {
		throw new Error(`cannot fetch ${shown(url)}: ${reasonOf(cause, signal, asked.timeout)}`, { cause });
	}
}

/** What is wrong with an answer; its message is already fit to be read. */
class AnswerProblem extends Error {}

async function askOnce(url: string, asked: OutboundRequest, signal: AbortSignal): Promise<FetchedDocument> {
	const { method, headers, body, dispatcher, once, maxBytes, unreadFrom } = asked;
	const sent = { method, headers, signal, dispatcher, reset: once, ...(body === undefined ? {} : { body }) };
	const { request } = await loadUndici();
	const response = await request(url, sent);
	// An aborted or overlong body ends in an error that nobody waits for any more.
	response.body.on('error', () => {});
	try {
		const fields = headerMap(response.headers);
		const status = response.statusCode;
		if (status >= 300 && status < 400) throw new AnswerProblem(`it answered ${status}, and redirects are not followed`);
		if (status < 200 || status >= unreadFrom) return { status, headers: fields, body: '' };
		const coding = fields.get('content-encoding')?.trim().toLowerCase() ?? '';
		if (coding !== '' && coding !== 'identity') {
			throw new AnswerProblem('it answered with a content coding that was not asked for');
		}
		return { status, headers: fields, body: decode(await readBody(response.body, fields, maxBytes)) };
	} finally {
		response.body.destroy();
	}
}

async function readBody(
	body: AsyncIterable<unknown>,
	fields: ReadonlyMap<string, string>,
	maxBytes: number,
): Promise<Uint8Array> {
	const tooLarge = `its answer is larger than ${maxBytes} octets`;
	if (Number(fields.get('content-length') ?? 0) > maxBytes) throw new AnswerProblem(tooLarge);
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of body) {
		if (!(chunk instanceof Uint8Array)) throw new AnswerProblem('its answer is not made of octets');
		size += chunk.length;
		if (size > maxBytes) throw new AnswerProblem(tooLarge);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function decode(octets: Uint8Array): string {
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(octets);
	} catch (cause) {
		throw new AnswerProblem('its answer is not UTF-8', { cause });
	}
}

function headerMap(fields: Readonly<Record<string, string | string[] | undefined>>): ReadonlyMap<string, string> {
	const map = new Map<string, string>();
	for (const [name, value] of Object.entries(fields)) {
		if (value !== undefined) map.set(name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value);
	}
	return map;
}

/** Scheme, host and path: a query may hold what does not belong in a log. */
function shown(url: string): string {
	const parsed = URL.parse(url);
	return parsed === null ? 'the URL' : `${parsed.origin}${parsed.pathname}`;
}

const plainReasons: ReadonlyMap<string, string> = new Map([
	['ENOTFOUND', 'the host name does not resolve'],
	['EAI_AGAIN', 'the host name could not be resolved just now'],
	['ECONNREFUSED', 'the connection was refused'],
	['ECONNRESET', 'the connection was reset'],
	['ETIMEDOUT', 'the connection timed out'],
	['EHOSTUNREACH', 'the host cannot be reached'],
	['ENETUNREACH', 'the network cannot be reached'],
	['UND_ERR_SOCKET', 'the server closed the connection before its answer was whole'],
	['UND_ERR_CONNECT_TIMEOUT', 'the connection timed out'],
	['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'its answer is shorter or longer than its Content-Length'],
	['UND_ERR_HEADERS_OVERFLOW', 'the head of its answer is too large'],
	['CERT_HAS_EXPIRED', 'its TLS certificate has expired'],
	['DEPTH_ZERO_SELF_SIGNED_CERT', 'its TLS certificate is self-signed'],
	['SELF_SIGNED_CERT_IN_CHAIN', 'its TLS certificate comes from an authority that is not trusted'],
	['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its TLS certificate comes from an authority that is not trusted'],
	['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its TLS certificate comes from an authority that is not trusted'],
	['ERR_TLS_CERT_ALTNAME_INVALID', 'its TLS certificate is for another name'],
]);

function reasonOf(error: unknown, signal: AbortSignal, timeout: number): string {
	if (error instanceof AnswerProblem) return error.message;
	if (signal.aborted) return `no whole answer within ${Math.ceil(timeout / 100) / 10} s`;
	if (!(error instanceof Error)) return 'the request failed';
	const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
	return plainReasons.get(code) ?? (code === '' ? error.message : `${error.message} (${code})`);
}
