/** A route that decides over the response too, once its head is there: where it meets what carries the response. */
import type { FaultReason } from './reasons.ts';
import type { HeaderList } from './request-view.ts';
import type { Answer, ResponseEdits } from './verdict.ts';

/**
 * Called at most once a request, for the final response of the upstream, or for its 101. It does not wait: nothing of the
 * response goes on before it is decided. Throws only for a bug.
 */
export type ResponseProgram = (response: ResponseView) => ResponseDecision;

/** The head of a response, as far as it is the client's to know. */
export interface ResponseView {
	readonly status: number;
	/** The reason phrase as the upstream wrote it (RFC 9112 §4); may be empty. */
	readonly reason: string;
	/**
	 * The upstream's fields that would reach the client, in their order, after the rules and removals of the route and without
	 * what it adds: no fields of the connection, nothing that is withheld.
	 */
	fields(): HeaderList;
}

export type ResponseDecision =
	| {
			/** The upstream's response goes on, so edited, in place of what the edits said before. */
			readonly kind: 'pass';
			/** Undefined: the upstream's. One without content (204, 205, 304) drops the content. Final: 200 to 599. */
			readonly status: number | undefined;
			readonly edits: Pick<ResponseEdits, 'set' | 'add' | 'remove' | 'content'>;
	  }
	/** This is the response, whole; nothing of the upstream's goes on. */
	| { readonly kind: 'answer'; readonly answer: Answer }
	/** The response is refused with this reason; nothing of it goes on. */
	| { readonly kind: 'fault'; readonly reason: FaultReason; readonly cause: unknown };
