/** `POST /explain`: why would this request be decided as it is, by the policy in force? The token comes in the body. */
import { type HeaderList, isJsonObject, type JsonObject, member } from '#core/index';
import { explain } from '#policy/explain';
import { type ExplainedRequest, explainedRequest } from '#policy/explained-request';
import type { AdminSubject } from './admin.ts';
import { type AdminRequest, type Page, problem, type Reply, readJsonBody } from './exchange.ts';

/** RFC 9110 §5.6.2; also what a method may be (§9.1). */
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const knownMembers: ReadonlySet<string> = new Set(['url', 'method', 'token', 'headers']);

export function explainPage({ assembly }: Pick<AdminSubject, 'assembly'>): Page {
	return {
		path: '/explain',
		summary: 'JSON {url, method, token, headers}: every check that such a request meets, and its findings',
		method: 'POST',
		async answer(request) {
			const asked = await readQuestion(request);
			if ('refused' in asked) return asked.refused;
			const { policy } = assembly();
			const explained = explainedRequest(policy, asked.question);
			if (explained === undefined) return problem(400, 'url: expected an absolute http or https URL');
			return { status: 200, body: await explain(policy, explained) };
		},
	};
}

async function readQuestion(
	request: AdminRequest,
): Promise<{ readonly question: ExplainedRequest } | { readonly refused: Reply }> {
	const body = await readJsonBody(request);
	if ('refused' in body) return body;
	const question = readMembers(body.data);
	return typeof question === 'string' ? { refused: problem(400, question) } : { question };
}

/** The question, or what is wrong with it; no value of a member is ever repeated. */
function readMembers(data: JsonObject): ExplainedRequest | string {
	const url = member(data, 'url');
	const method = member(data, 'method') ?? 'GET';
	const token = member(data, 'token') ?? undefined;
	const headers = readHeaders(member(data, 'headers') ?? {});
	if (typeof url !== 'string') return 'url: expected text';
	if (typeof method !== 'string' || !tokenPattern.test(method)) return 'method: expected a method such as GET';
	if (token !== undefined && typeof token !== 'string') return 'token: expected text';
	if (headers === undefined) return 'headers: expected a mapping of header names to texts';
	if (Object.keys(data).some((name) => !knownMembers.has(name))) {
		return `expected ${[...knownMembers].join(', ')} and nothing else`;
	}
	return { url, method, token, headers };
}

function readHeaders(value: unknown): HeaderList | undefined {
	if (!isJsonObject(value)) return undefined;
	const headers: [string, string][] = [];
	for (const [name, text] of Object.entries(value)) {
		if (!tokenPattern.test(name) || typeof text !== 'string') return undefined;
		headers.push([name.toLowerCase(), text]);
	}
	return headers;
}
