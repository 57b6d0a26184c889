/**
 * Backend tokens that are the gateway's own, the same for every client: its access token for the upstream, which is
 * renewed when the upstream refuses it, or a credential that stands in the configuration.
 */
import type { BackendToken, Evidence, HeaderList, Provided, Reason } from '#core/index';
import type { OwnToken, OwnTokenAnswer } from '#keys/authorization-server/own-token';

/** How a token stands in a request: name of the field, and what comes before the token. */
export interface CredentialField {
	readonly name: string;
	readonly prefix: string;
}

/** `Authorization` names the scheme (RFC 6750 §2.1); a header of the service's own holds the token alone. */
export function credentialField(header: string): CredentialField {
	const isAuthorization = header.toLowerCase() === 'authorization';
	return { name: isAuthorization ? 'authorization' : header, prefix: isAuthorization ? 'Bearer ' : '' };
}

export function createOwnCredential(source: OwnToken, field: CredentialField): BackendToken {
	let last: { readonly token: string; readonly provided: Provided } | undefined;

	const fieldsOf = (token: string): HeaderList => [[field.name, `${field.prefix}${token}`]];

	function providedOf(token: string): Provided {
		if (last?.token === token) return last.provided;
		const provided: Provided = {
			set: fieldsOf(token),
			tokenId: undefined,
			async renew() {
				const renewed = await source.renew(token);
				return renewed === undefined ? undefined : fieldsOf(renewed);
			},
		};
		last = { token, provided };
		return provided;
	}

	function settle(evidence: Evidence, answer: OwnTokenAnswer): Provided | Reason {
		if (answer.kind === 'token') return providedOf(answer.token);
		evidence.found = answer.cause.message;
		evidence.cause = answer.cause;
		evidence.retryAfter = answer.retryAfter;
		return 'backend_token_unavailable';
	}

	return {
		provide(evidence) {
			const answer = source.get();
			return answer instanceof Promise ? answer.then((late) => settle(evidence, late)) : settle(evidence, answer);
		},
	};
}

/** The same field in every request. */
export function createStaticCredential(name: string, value: string): BackendToken {
	const provided: Provided = { set: [[name, value]], tokenId: undefined, renew: undefined };
	return { provide: () => provided, look: () => null };
}
