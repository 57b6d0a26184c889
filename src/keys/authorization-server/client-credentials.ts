/** Tokens for the gateway itself at a token endpoint (RFC 6749 §4.4), checked before they are used. */
import type { Clock } from '#core/index';
import type { EndpointCall } from './endpoint-call.ts';
import type { ObtainToken } from './own-token.ts';
import { readTokenAnswer } from './token-answer.ts';

export interface ClientCredentialsTarget {
	readonly scope: readonly string[];
	/** Sent as `audience`, which RFC 6749 does not know and Auth0 and others want. */
	readonly audience: readonly string[];
	/** RFC 8707. */
	readonly resource: readonly string[];
}

/** The lifetime is in seconds from the answer on. */
export function createClientCredentials(
	call: EndpointCall,
	{ scope, audience, resource }: ClientCredentialsTarget,
	clock: Pick<Clock, 'now'>,
): ObtainToken {
	const form = [
		['grant_type', 'client_credentials'],
		...(scope.length === 0 ? [] : [['scope', scope.join(' ')] as const]),
		...audience.map((value) => ['audience', value] as const),
		...resource.map((value) => ['resource', value] as const),
	] as const;
	return async () => {
		const read = readTokenAnswer(await call.post(form, 'application/json'), clock.now() / 1000);
		switch (read.kind) {
			case 'issued':
				return { token: read.issued.token, lifetime: read.issued.lifetime };
			case 'refused':
				throw new Error(`the token endpoint answered ${read.error}`);
			case 'unusable':
				throw new Error(read.why);
		}
	};
}
