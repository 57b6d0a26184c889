/**
 * What Entra leaves to whoever accepts its tokens. Any application of a tenant gets an app-only token for any API of that
 * tenant, unless the API's enterprise application asks for an assignment: such a token has the right issuer and audience,
 * and no `roles`. So a route that asks for nothing else is open to every application of the tenant.
 */
import type { ProviderDefinition, ProviderRules } from './definition.ts';

/** Claims that say where a token comes from, not what its holder may do; every token of a tenant has them. */
const ofEveryToken: ReadonlySet<string> = new Set(['iss', 'tid', 'ver', 'aud', '/iss', '/tid', '/ver', '/aud']);
/** Claims that only a token with some permission has. */
const permissions: ReadonlySet<string> = new Set(['roles', 'scp', 'groups', 'wids']);

/** Whether these rules ask for no scope or role, no client and no claim that would tell one application from another. */
export function admitsEveryApplication(
	{ preset, claims, requiredClaims }: Pick<ProviderDefinition, 'preset' | 'claims' | 'requiredClaims'>,
	rules: Pick<ProviderRules, 'scopes' | 'clients' | 'claims'>,
): boolean {
	if (preset !== 'entra') return false;
	const { allOf, anyOf } = rules.scopes;
	if (allOf.length + anyOf.length + rules.clients.length > 0) return false;
	if ([...claims, ...rules.claims].some(({ claim }) => !ofEveryToken.has(claim))) return false;
	return !requiredClaims.some((claim) => permissions.has(claim));
}
