/** An answer of the gateway itself, as the parts of a head and a body. */
import { Buffer } from 'node:buffer';
import type { Answer } from '#core/index';
import { isFieldName, isFieldValue } from '#formats/header-value';
import { canonicalName, isHopByHop } from './hop-by-hop.ts';
import { hasNoBody, hasNoContent } from './status.ts';

/** What remains when not even a refusal can be worded. */
export const bareAnswer: Answer = { status: 500, headers: [], body: '' };

export interface PreparedAnswer {
	readonly status: number;
	/** Flat: name, value, …; with Content-Length, without anything that concerns the connection. */
	readonly lines: string[];
	readonly body: Buffer;
}

const noBody = Buffer.alloc(0);

function octetsOf(body: Answer['body']): Buffer {
	return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
}

/** Throws when a field line could not go on a wire as it is (invariant 9). */
export function prepareAnswer(answer: Answer): PreparedAnswer {
	// What stood behind the head of one without content would be read as the next response.
	const body = hasNoBody(answer.status) ? noBody : octetsOf(answer.body);
	const lines: string[] = [];
	for (const [name, value] of answer.headers) {
		const canonical = canonicalName(name);
		if (isHopByHop(canonical) || canonical === 'content-length') continue;
		if (!isFieldName(name) || !isFieldValue(value)) throw new Error(`invalid value for the header ${name}`);
		lines.push(name, value);
	}
	if (!hasNoContent(answer.status) && answer.status !== 304) lines.push('Content-Length', String(body.length));
	return { status: answer.status, lines, body };
}
