/** Who acts for the subject of a token: the chain of `act` claims (RFC 8693 §4.1), for records. */
import { isJsonObject, type JsonObject, type JsonValue, type Principal } from '#core/index';

/** Actors of one chain that are named; a chain may be as long as its token. */
const mostActors = 8;

/** Principals are kept with their tokens, and most requests come with a token that is known. */
const known = new WeakMap<Principal, readonly string[]>();

/**
 * The one who acts now first, then those before, by `sub` or else by client; `?` for one that has neither. What is behind
 * the eighth is `…`. Undefined for a token without `act`. Not cut: each name may be as long as its claim.
 */
export function actorsOf(principal: Principal | undefined): readonly string[] | undefined {
	if (principal === undefined || !Object.hasOwn(principal.claims, 'act')) return undefined;
	let actors = known.get(principal);
	if (actors === undefined) {
		actors = readChain(principal.claims['act']);
		known.set(principal, actors);
	}
	return actors;
}

function readChain(outermost: JsonValue | undefined): readonly string[] {
	const actors: string[] = [];
	for (let act = outermost; act !== undefined; ) {
		if (actors.length === mostActors) return [...actors, '…'];
		if (!isJsonObject(act)) return [...actors, '?'];
		actors.push(nameOf(act));
		act = Object.hasOwn(act, 'act') ? act['act'] : undefined;
	}
	return actors;
}

function nameOf(act: JsonObject): string {
	for (const name of ['sub', 'client_id', 'azp'] as const) {
		const value = Object.hasOwn(act, name) ? act[name] : undefined;
		if (typeof value === 'string' && value !== '') return value;
	}
	return '?';
}
