/** What an admin page sees of a request, and what it gives back. */
import type { HeaderList, JsonObject, RequestView } from '#core/index';
import { formatProblem, problemMediaType } from '#formats/problem';
import { parseStrictJsonObject } from '#formats/strict-json';

export interface AdminRequest {
	readonly view: RequestView;
	/** Path of the target as sent, without the query; nothing is decoded, so that one spelling names one page. */
	readonly path: string;
	/** The whole body as UTF-8, or why there is none to be had. */
	body(): Promise<{ readonly text: string } | { readonly refused: Reply }>;
}

/** A request that was admitted. */
export interface PageRequest extends AdminRequest {
	/** What stands in the place of the page's `{name}`, as sent; empty for a page without. */
	readonly parameter: string;
	/** Who asks, in words for records: subject and client of the admin token, or that there is none. */
	readonly by: string;
}

export interface Reply {
	readonly status: number;
	/** Text as it is; anything else as JSON. */
	readonly body: unknown;
	/** Beside, or in place of, those that every answer has; lower-case names. */
	readonly headers?: HeaderList;
}

export interface Page {
	/** Exact; a last segment in braces stands for any one segment. */
	readonly path: string;
	/** Which paths it answers, where `path` only says it to a reader. */
	readonly matches?: (path: string) => boolean;
	/** For the list at `/`. */
	readonly summary: string;
	/** `GET` brings `HEAD` along. */
	readonly method: 'GET' | 'POST' | 'DELETE';
	/** Whether it changes anything: refused where nobody has to show who he is. */
	readonly changes?: boolean;
	/** Whether it shows or makes keys, or tokens with them: where `admin.auth.key_scopes` asks for more. */
	readonly ofKeys?: boolean;
	/** True: it needs no admin token, since what it takes vouches for itself, or since it says next to nothing. */
	readonly open?: boolean;
	/** How it words what is refused before it is asked; default: as it is. */
	readonly wordRefusal?: (refusal: Reply) => Reply;
	answer(request: PageRequest): Promise<Reply>;
}

const titles: Readonly<Record<number, string>> = {
	400: 'Bad Request',
	403: 'Forbidden',
	404: 'Not Found',
	405: 'Method Not Allowed',
	409: 'Conflict',
	413: 'Content Too Large',
	415: 'Unsupported Media Type',
	421: 'Misdirected Request',
	500: 'Internal Server Error',
	503: 'Service Unavailable',
};

/** RFC 9457. `detail` is for the operator and holds nothing secret. */
export function problem(status: number, detail: string): Reply {
	const body = formatProblem({ type: 'about:blank', title: titles[status] ?? 'Error', status, detail });
	return { status, body, headers: [['content-type', problemMediaType]] };
}

/** The body as a JSON object, strictly read, or the refusal. */
export async function readJsonBody(
	request: AdminRequest,
): Promise<{ readonly data: JsonObject } | { readonly refused: Reply }> {
	const type = request.view.header('content-type') ?? '';
	// A form or a plain text needs no preflight, so any web page could send one.
	if (!/^application\/json *(;|$)/i.test(type)) {
		return { refused: problem(415, 'expected content-type: application/json') };
	}
	const body = await request.body();
	if ('refused' in body) return body;
	const data = parseStrictJsonObject(body.text);
	return data === undefined ? { refused: problem(400, 'the body is not a JSON object') } : { data };
}
