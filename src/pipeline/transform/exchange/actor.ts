/** Who acts for the subject of an exchange: the gateway, by every name that the server has for it. */
import { type JsonObject, member } from '#core/index';

export interface Actor {
	readonly ids: readonly string[];
	/** Who gave these names. */
	readonly issuer: string;
}

/** Our client id, and who the actor's token says that it is; nothing of an opaque one. Not verified: the server does. */
export function actorOf(clientId: string, claims: JsonObject | undefined, subjectIssuer: string): Actor {
	const ids = [clientId, `${clientId}@clients`];
	if (claims === undefined) return { ids, issuer: subjectIssuer };
	for (const name of ['sub', 'client_id', 'azp'] as const) {
		const value = member(claims, name);
		if (typeof value === 'string') ids.push(value);
	}
	const issuer = member(claims, 'iss');
	return { ids, issuer: typeof issuer === 'string' ? issuer : subjectIssuer };
}
