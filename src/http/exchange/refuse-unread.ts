/** Answers what is no request: nobody could decide it, so nobody but the gateway's wording has a say. */
import type { Answer, Reason } from '#core/index';
import { bareAnswer, prepareAnswer } from '../answer.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { Client } from './client.ts';

/** Writes the answer, closes, and reports the end. */
export function refuseUnread<C>(
	{ handler, options }: EngineParts<C>,
	client: Pick<Client<C>, 'response' | 'close'>,
	reason: Reason,
	cause: unknown,
): void {
	let answer: Answer = bareAnswer;
	try {
		answer = handler.refuse(reason, undefined, undefined);
	} catch (error) {
		options.log.error('wording a refusal failed', { reason, error });
	}
	let prepared = prepareAnswer(bareAnswer);
	try {
		prepared = prepareAnswer(answer);
	} catch (error) {
		options.log.error('an answer could not be written', { error });
	}
	client.response.answer(prepared, false, false);
	client.close();
	const outcome = { upstreamStatus: undefined, reason, cause, duration: 0, upstreamDuration: undefined };
	try {
		handler.ended({ ...outcome, status: prepared.status }, undefined, undefined);
	} catch (error) {
		options.log.error('recording the end of a request failed', { error });
	}
}
