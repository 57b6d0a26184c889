/** An answer of the gateway itself, as the parts of a head and a body. */
import { Buffer } from 'node:buffer';
import type { Answer } from '#core/index';
import { isFieldName, isFieldValue } from '#formats/header-value';
import { canonicalName, isHopByHop } from './hop-by-hop.ts';
import { hasNoContent } from './status.ts';

/** What remains when not even a refusal can be worded. */
export const bareAnswer: Answer = { status: 500, headers: [], body: '' };

export interface PreparedAnswer {
	readonly status: number;
	/** Flat: name, value, …; with Content-Length, without anything that concerns the connection. */
	readonly lines: string[];
	readonly body: Buffer;
}

/** Throws when a field line could not go on a wire as it is (invariant 9). */
export function prepareAnswer(answer: Answer): PreparedAnswer {
	const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : Buffer.from(answer.body);
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
