/** One JSON document over the fetch port, and what can go wrong on the way, in words and in a code. */
import type { Clock, DocumentFetcher, FetchedDocument, JsonObject } from '#core/index';
import { parseStrictJsonObject } from '#formats/strict-json';
import { checkOutboundUrl, withoutQuery } from './url.ts';

export type KeyFetchCode =
	| 'url_refused'
	| 'unreachable'
	| 'status'
	| 'content'
	| 'issuer_mismatch'
	| 'key_set'
	| 'no_usable_key';

/** Why keys could not be got. The message is for the operator: it holds no secret and no query. */
export class KeyFetchError extends Error {
	readonly code: KeyFetchCode;
	/** HTTP status; only with the code `status`. */
	readonly status: number | undefined;

	constructor(
		code: KeyFetchCode,
		message: string,
		options: { readonly status?: number; readonly cause?: unknown } = {},
	) {
		super(message, options.cause === undefined ? {} : { cause: options.cause });
		this.name = 'KeyFetchError';
		this.code = code;
		this.status = options.status;
	}
}

export interface FetchLimits {
	/** Milliseconds. */
	readonly timeout: number;
	readonly maxBytes: number;
}

export const defaultFetchLimits: FetchLimits = { timeout: 10_000, maxBytes: 1_048_576 };

/**
 * Gets a JSON object, status 200 only. The media type is not checked: many servers send key sets as plain text. Throws
 * KeyFetchError: `url_refused` before anything is sent, `unreachable`, `status`, `content`.
 */
export async function fetchJsonObject(
	url: string,
	options: { readonly insecureHttp: boolean; readonly limits: FetchLimits },
	fetcher: DocumentFetcher,
): Promise<{ readonly value: JsonObject; readonly document: FetchedDocument }> {
	const problem = checkOutboundUrl(url, options);
	if (problem !== undefined) throw new KeyFetchError('url_refused', `the URL is refused: ${problem}`);
	const shown = withoutQuery(url);
	const document = await fetcher.get(url, options.limits).catch((cause: unknown) => {
		const message = cause instanceof Error ? cause.message : 'the fetch failed';
		throw new KeyFetchError('unreachable', message, { cause });
	});
	if (document.status !== 200) {
		throw new KeyFetchError('status', `${shown} answered ${document.status}`, { status: document.status });
	}
	const value = parseStrictJsonObject(document.body);
	if (value === undefined) throw new KeyFetchError('content', `${shown} did not answer with a JSON object`);
	return { value, document };
}

/** The same fetcher with one budget of milliseconds for all that is asked of it from now on. */
export function withinBudget(fetcher: DocumentFetcher, clock: Clock, budget: number): DocumentFetcher {
	const deadline = clock.monotonic() + budget;
	return {
		async get(url, options) {
			const left = deadline - clock.monotonic();
			if (left <= 0) throw new Error(`no time was left to ask ${withoutQuery(url)}`);
			return fetcher.get(url, { ...options, timeout: Math.min(options.timeout, left) });
		},
	};
}
