/**
 * A response that the route decides over once its head is there: what may be known of it, and what becomes of the decision.
 * Until then nothing of it has gone on, so whatever fails here, the client reads nothing of the upstream's.
 */
import type { Answer, FaultReason, ResponseEdits, ResponseView } from '#core/index';
import { withoutBlanks } from '#formats/header-value';
import type { OwnLines } from '../engine.ts';
import { clientFields } from '../h1/response-fields.ts';
import { ResponseHead } from '../h1/response-head.ts';
import { hasNoBody } from '../status.ts';

/** What the client gets in place of the upstream's response. */
export type Instead =
	| { readonly kind: 'answer'; readonly answer: Answer }
	| { readonly kind: 'fault'; readonly reason: FaultReason; readonly cause: unknown };

/** The response as it goes on: its head with the status for the client. */
export interface Passed {
	readonly kind: 'pass';
	readonly head: ResponseHead;
	readonly edits: ResponseEdits;
}

/** `hasContent`: whether content follows the head. Throws when an edit is no field line, and for a bug of the program. */
export function decidedResponse(
	head: ResponseHead,
	edits: ResponseEdits,
	own: OwnLines | undefined,
	hasContent: boolean,
): Passed | Instead {
	if (edits.decide === undefined) return { kind: 'pass', head, edits };
	const decision = edits.decide(viewOf(head, edits, own));
	if (decision.kind !== 'pass') return decision;
	const decided = { ...edits, ...decision.edits };
	const status = decision.status ?? head.status;
	if (status === head.status) return { kind: 'pass', head, edits: decided };
	if (head.status === 101 || !(status >= 200 && status <= 599)) {
		const cause = new Error(`the response of status ${head.status} cannot become one of ${status}`);
		return { kind: 'fault', reason: 'internal_error', cause };
	}
	const told = new ResponseHead(head.text, head.length, status, head.minor, head.places);
	if (!hasContent || !hasNoBody(status)) return { kind: 'pass', head: told, edits: decided };
	// The upstream's content has no place behind this head, so what goes out is a message of our own.
	const headers = listed(clientFields(told, decided, own)).filter(([name]) => name.toLowerCase() !== 'date');
	return { kind: 'answer', answer: { status, headers, body: '' } };
}

function viewOf(head: ResponseHead, edits: ResponseEdits, own: OwnLines | undefined): ResponseView {
	return {
		status: head.status,
		reason: reasonOf(head, edits),
		fields() {
			const remove = [...edits.remove, ...edits.set.map(([name]) => name)];
			return listed(clientFields(head, { ...edits, set: [], add: [], remove, content: undefined }, own));
		},
	};
}

function reasonOf({ text }: ResponseHead, { withheld, rules }: ResponseEdits): string {
	const phrase = withoutBlanks(text.slice('HTTP/1.1 200 '.length, text.indexOf('\r')));
	return rules.echo !== 'pass' && withheld.some((secret) => phrase.includes(secret)) ? '' : phrase;
}

/** Whole lines, one by one. */
function listed(lines: string): (readonly [name: string, value: string])[] {
	return lines.split('\r\n').flatMap((line) => {
		const colon = line.indexOf(':');
		return colon < 0 ? [] : [[line.slice(0, colon), withoutBlanks(line.slice(colon + 1))] as const];
	});
}
