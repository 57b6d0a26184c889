/**
 * Registered claims have types (RFC 7519 §4.1), and a claim of the wrong type has no meaning that anybody could check:
 * such a token is malformed, whoever signed it.
 */
import { type JsonObject, type JsonValue, member } from '#core/index';

const times = ['exp', 'nbf', 'iat', 'auth_time'] as const;
const strings = ['iss', 'sub', 'jti', 'client_id', 'azp', 'appid', 'tid', 'acr'] as const;

/** What is wrong with the registered claims, for the operator; undefined when their types are right. */
export function registeredClaimsFault(claims: JsonObject): string | undefined {
	for (const name of times) {
		const value = member(claims, name);
		if (value !== undefined && (typeof value !== 'number' || !Number.isFinite(value)))
			return wrong(name, value, 'a number');
	}
	for (const name of strings) {
		const value = member(claims, name);
		if (value !== undefined && typeof value !== 'string') return wrong(name, value, 'a string');
	}
	const audience = member(claims, 'aud');
	if (audience !== undefined && typeof audience !== 'string' && !isStringList(audience)) {
		return wrong('aud', audience, 'a string or a list of strings');
	}
	return undefined;
}

function isStringList(value: JsonValue): value is readonly string[] {
	return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function wrong(name: string, value: JsonValue, wanted: string): string {
	const is = value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
	return `the claim ${name} is ${is}, not ${wanted}`;
}
