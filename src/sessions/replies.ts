/** How the pages of sessions answer: nothing of it may be kept by anybody on the way, and no address of it told on. */
import type { Answer, HeaderList, JsonObject } from '#core/index';

const always: HeaderList = [
	['cache-control', 'no-store'],
	['referrer-policy', 'no-referrer'],
];

/** 303: the browser asks with GET, whatever it came with (RFC 9110 §15.4.4). */
export function redirect(url: string, headers: HeaderList): Answer {
	return { status: 303, headers: [...always, ['location', url], ...headers], body: '' };
}

export function json(status: number, body: JsonObject, headers: HeaderList = []): Answer {
	return {
		status,
		headers: [...always, ['content-type', 'application/json'], ['x-content-type-options', 'nosniff'], ...headers],
		body: JSON.stringify(body),
	};
}

/** A page that goes on to another one of this origin by itself. */
export function throughPage(url: string, headers: HeaderList): Answer {
	const target = escapeHtml(url);
	const policy = "default-src 'none'; frame-ancestors 'none'";
	return {
		status: 200,
		headers: [
			...always,
			['content-type', 'text/html; charset=utf-8'],
			['content-security-policy', policy],
			['x-content-type-options', 'nosniff'],
			...headers,
		],
		body: `<!doctype html><meta http-equiv="refresh" content="0;url=${target}"><title>…</title><a href="${target}">Continue</a>\n`,
	};
}

function escapeHtml(text: string): string {
	return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
