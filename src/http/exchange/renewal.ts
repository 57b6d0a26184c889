/**
 * Another credential in place of one that the upstream answered with 401 (RFC 9110 §15.5.2): asked for once a request,
 * and only for one that may be sent twice. Meanwhile the 401 is held; it is the answer where there is no other credential.
 */
import type { HeaderList, RequestEdits } from '#core/index';
import { credentialTexts } from '#formats/credential-text';
import type { RequestHead } from '../h1/request-head.ts';
import type { ForwardAction } from './exchange.ts';
import { idempotent } from './idempotent.ts';

/** Whether a 401 may be answered by asking once more: safe for the upstream, and with something new to show. */
export function mayRenew({ method, hasBody }: RequestHead, { onUnauthorized }: RequestEdits): boolean {
	return onUnauthorized !== 'pass' && !hasBody && idempotent.has(method);
}

/** The same with these fields towards the upstream, in place of those of their names; its answer may not hold them. */
export function withCredential(action: ForwardAction, fields: HeaderList): ForwardAction {
	const { upstream, response } = action;
	const names = new Set(fields.map(([name]) => name.toLowerCase()));
	const others = upstream.set.filter(([name]) => !names.has(name.toLowerCase()));
	const withheld = [...response.withheld, ...fields.flatMap(([, value]) => credentialTexts(value))];
	return { ...action, upstream: { ...upstream, set: [...others, ...fields] }, response: { ...response, withheld } };
}

/** One request's wait for another credential. */
export class Renewal {
	isUnderWay = true;
	/** The upstream has ended its side in the meantime. */
	hasEnded = false;

	/** What `ask` comes to: fields to send in place of those before; undefined when there are none. Rejects as `ask` does. */
	async outcome(ask: () => Promise<HeaderList | undefined>): Promise<HeaderList | undefined> {
		try {
			return await ask();
		} finally {
			this.isUnderWay = false;
		}
	}
}
