/** Who may act for a subject, and who does (RFC 8693 §4.1, §4.4). */
import type { JsonObject } from '#core/index';

/**
 * Whether the subject allows this actor (RFC 8693 §4.4): without `may_act` it says nothing about that. `actor`: ids by
 * which we are known at the server, and `issuer` who gave them; undefined: an `iss` beside the names is not compared.
 */
export function mayAct(claims: JsonObject, actor: readonly string[], issuer?: string): boolean {
	if (!Object.hasOwn(claims, 'may_act')) return true;
	const allowed = claims['may_act'];
	if (typeof allowed !== 'object' || allowed === null || Array.isArray(allowed)) return false;
	if (issuer !== undefined && Object.hasOwn(allowed, 'iss') && (allowed as JsonObject)['iss'] !== issuer) return false;
	const named = (['sub', 'client_id', 'azp'] as const).flatMap((name) =>
		Object.hasOwn(allowed, name) ? [(allowed as JsonObject)[name]] : [],
	);
	return named.length > 0 && named.every((name) => typeof name === 'string' && actor.includes(name));
}
