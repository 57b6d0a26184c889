/** What an admin page sees of a request, and what it gives back. */
import type { HeaderList, RequestView } from '#core/index';
import { formatProblem, problemMediaType } from '#formats/problem';

export interface AdminRequest {
	readonly view: RequestView;
	/** Path of the target as sent, without the query; nothing is decoded, so that one spelling names one page. */
	readonly path: string;
	/** The whole body as UTF-8, or why there is none to be had. */
	body(): Promise<{ readonly text: string } | { readonly refused: Reply }>;
}

export interface Reply {
	readonly status: number;
	/** Text as it is; anything else as JSON. */
	readonly body: unknown;
	/** Beside, or in place of, those that every answer has; lower-case names. */
	readonly headers?: HeaderList;
}

export interface Page {
	/** For the list at `/`. */
	readonly summary: string;
	/** `GET` brings `HEAD` along. */
	readonly method: 'GET' | 'POST';
	answer(request: AdminRequest): Promise<Reply>;
}

const titles: Readonly<Record<number, string>> = {
	400: 'Bad Request',
	403: 'Forbidden',
	404: 'Not Found',
	405: 'Method Not Allowed',
	413: 'Content Too Large',
	415: 'Unsupported Media Type',
	421: 'Misdirected Request',
	500: 'Internal Server Error',
};

/** RFC 9457. `detail` is for the operator and holds nothing secret. */
export function problem(status: number, detail: string): Reply {
	const body = formatProblem({ type: 'about:blank', title: titles[status] ?? 'Error', status, detail });
	return { status, body, headers: [['content-type', problemMediaType]] };
}
