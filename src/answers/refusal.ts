/**
 * How a refusal reads on the wire: status, challenge and body, all from the reasons table. The client learns the OAuth
 * error and a safe sentence; the precise reason only where `errors.expose_reason` asks for it.
 */
import { type Answer, type Challenge, type HeaderList, type Reason, reasons } from '#core/index';
import { acceptsJson } from '#formats/accept';
import { formatChallenge } from '#formats/challenge';
import { formatProblem, problemMediaType } from '#formats/problem';

export interface Refusal {
	readonly reason: Reason;
	/** Moved by `responses`; undefined: the table's. */
	readonly status?: number | undefined;
	/** Those of the same name that are made here give way to them. */
	readonly headers?: HeaderList | undefined;
	readonly body?: string | undefined;
	/** Undefined when no guarded route matched: then there is nothing to authenticate for. */
	readonly challenge?: Challenge | undefined;
	/** Seconds. */
	readonly retryAfter?: number | undefined;
}

export interface RefusalOptions {
	readonly exposeReason: boolean;
	/** The request's `Accept`. */
	readonly accept: string | undefined;
}

/** RFC 9110 §15 status and fields, RFC 6750 §3 challenge, RFC 9457 body for clients that take JSON, else one line of text. */
export function refusalAnswer(refusal: Refusal, { exposeReason, accept }: RefusalOptions): Answer {
	const { reason, challenge } = refusal;
	const entry = reasons[reason];
	const status = refusal.status ?? entry.status;
	const headers: [string, string][] = [['cache-control', 'no-store']];
	const own = new Set((refusal.headers ?? []).map(([name]) => name.toLowerCase()));
	if (challenge !== undefined && wantsChallenge(reason, status) && !own.has('www-authenticate')) {
		for (const scheme of challenge.schemes)
			headers.push(['www-authenticate', challengeFor(scheme, reason, status, challenge, exposeReason)]);
	}
	if ((status === 503 || status === 429) && !own.has('retry-after'))
		headers.push(['retry-after', String(Math.max(1, Math.ceil(refusal.retryAfter ?? 5)))]);
	for (const [name, value] of refusal.headers ?? []) headers.push([name, value]);

	if (refusal.body !== undefined) {
		if (!own.has('content-type')) headers.push(['content-type', 'text/plain; charset=utf-8']);
		return { status, headers, body: refusal.body };
	}
	if (!acceptsJson(accept)) {
		headers.push(['content-type', 'text/plain; charset=utf-8']);
		return { status, headers, body: `${entry.description}${exposeReason ? ` (${reason})` : ''}\n` };
	}
	headers.push(['content-type', problemMediaType]);
	const body = formatProblem({
		type: 'about:blank',
		title: titles.get(status) ?? 'Error',
		status,
		detail: entry.description,
		...(entry.error === null ? {} : { error: entry.error }),
		...(exposeReason ? { reason } : {}),
	});
	return { status, headers, body };
}

/** A 401 must have a challenge (RFC 9110 §15.5.2); a 400 or 403 has one where RFC 6750 §3.1 gives it an error code. */
function wantsChallenge(reason: Reason, status: number): boolean {
	return status === 401 || reasons[reason].error !== null;
}

/**
 * The attributes are those of RFC 6750 §3 under every scheme: shared access signatures have no specification of their own.
 */
function challengeFor(
	scheme: string,
	reason: Reason,
	status: number,
	challenge: Challenge,
	exposeReason: boolean,
): string {
	const { error, description } = reasons[reason];
	// A reason without a code that was moved to 401 came with a token: `invalid_token` is the code for that.
	const ownCode = error ?? (status === reasons[reason].status ? undefined : 'invalid_token');
	// RFC 9449 §7.1: these two are about a proof, and mean nothing to who uses another scheme.
	const isOfProof = ownCode === 'invalid_dpop_proof' || ownCode === 'use_dpop_nonce';
	const code = isOfProof && scheme !== 'DPoP' && challenge.schemes.includes('DPoP') ? undefined : ownCode;
	return formatChallenge(scheme, [
		['realm', challenge.realm],
		['error', code],
		['error_description', code === undefined ? undefined : exposeReason ? `${description} (${reason})` : description],
		['algs', scheme === 'DPoP' ? challenge.proofAlgorithms : undefined],
		['scope', reason === 'scope_insufficient' ? challenge.scope : undefined],
		['acr_values', reason === 'authentication_insufficient' ? challenge.acrValues : undefined],
		['max_age', reason === 'authentication_insufficient' ? challenge.maxAge : undefined],
	]);
}

/** RFC 9110 §15 reason phrases, for the title that `about:blank` calls for (RFC 9457 §4.2.1). */
const titles: ReadonlyMap<number, string> = new Map([
	[400, 'Bad Request'],
	[401, 'Unauthorized'],
	[403, 'Forbidden'],
	[404, 'Not Found'],
	[405, 'Method Not Allowed'],
	[408, 'Request Timeout'],
	[413, 'Content Too Large'],
	[421, 'Misdirected Request'],
	[429, 'Too Many Requests'],
	[431, 'Request Header Fields Too Large'],
	[500, 'Internal Server Error'],
	[502, 'Bad Gateway'],
	[503, 'Service Unavailable'],
	[504, 'Gateway Timeout'],
]);
