/** What an answer is made of: `return-response`, `set-status`, `set-body`, and `find-and-replace` in what is there. */
import type { PolicyElement } from '../policy-text/document.ts';
import { readSetHeader } from './headers.ts';
import type { Reading } from './reading.ts';
import type { FindAndReplace, ReturnResponse, SetBody, SetHeader, SetStatus } from './statement.ts';

export function readReturnResponse(element: PolicyElement, reading: Reading): ReturnResponse | undefined {
	reading.expect(element, [], ['set-status', 'set-header', 'set-body']);
	const status = reading.only(element, 'set-status');
	const body = reading.only(element, 'set-body');
	const headers: SetHeader[] = [];
	for (const child of element.children) {
		if (child.name !== 'set-header') continue;
		const header = readSetHeader(child, reading);
		if (header !== undefined) headers.push(header);
	}
	return {
		kind: 'return-response',
		status: status === undefined ? undefined : readSetStatus(status, reading),
		headers,
		body: body === undefined ? undefined : readSetBody(body, reading)?.body,
	};
}

export function readSetStatus(element: PolicyElement, reading: Reading): SetStatus | undefined {
	// HTTP/2 has no reason phrases, and HTTP/1.1 gives the usual one: `reason` says nothing to a client.
	reading.expect(element, ['code', 'reason']);
	reading.attribute(element, 'reason', { braces: true });
	if (reading.required(element, 'code') === undefined) return undefined;
	return { kind: 'set-status', code: reading.number(element, 'code', 200, { least: 200, most: 599 }) };
}

export function readSetBody(element: PolicyElement, reading: Reading): SetBody | undefined {
	reading.expectText(element, []);
	if (element.text === undefined) {
		return { kind: 'set-body', body: { kind: 'constant', text: '', position: element.position } };
	}
	const body = reading.value(element.text, { trim: false, braces: true });
	return body === undefined ? undefined : { kind: 'set-body', body };
}

export function readFindAndReplace(element: PolicyElement, reading: Reading): FindAndReplace | undefined {
	if (reading.section === 'inbound' || reading.section === 'backend') {
		const message = `<find-and-replace> in ${reading.section} changes the body of the request, which passes as it comes`;
		return reading.error('statement_not_here', element.position, message);
	}
	reading.expect(element, ['from', 'to']);
	const asItStands = { trim: false, braces: true };
	const from = reading.required(element, 'from', asItStands);
	if (!element.attributes.has('to')) {
		return reading.error('attribute_missing', element.position, '<find-and-replace> needs the attribute to');
	}
	const to = reading.attribute(element, 'to', asItStands);
	for (const value of [from, to]) {
		if (value?.kind !== 'constant' || new TextEncoder().encode(value.text).length <= longestReplacement) continue;
		return reading.error('value_invalid', value.position, `expected ${longestReplacement} octets at most`);
	}
	return from === undefined || to === undefined ? undefined : { kind: 'find-and-replace', from, to };
}

/** Octets of what is looked for, and of what takes its place. */
export const longestReplacement = 4_096;
