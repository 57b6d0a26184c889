/**
 * Browser sessions: who logs in where, and what holds a session together. Durations are seconds unless a name says
 * otherwise.
 */
import type { RateLimitDefinition } from './definition.ts';
import type { ClientDefinition, EndpointDefinition } from './definition-provider.ts';

/** Browser sessions of one name. */
export interface SessionsDefinition {
	readonly name: string;
	readonly provider: string;
	readonly issuer: string;
	readonly discovery: Extract<EndpointDefinition, { readonly from: 'discovery' }>;
	readonly client: ClientDefinition;
	/** As browsers write it in `Origin`. */
	readonly origin: string;
	/** Lower-case name, without the port. */
	readonly host: string;
	/** With `openid`. */
	readonly scopes: readonly string[];
	readonly resources: readonly string[];
	/** Of the authorization request, beside those of every login. */
	readonly parameters: readonly (readonly [name: string, value: string])[];
	readonly paths: {
		readonly login: string;
		readonly callback: string;
		readonly logout: string;
		readonly userinfo: string;
		readonly backchannelLogout: string;
	};
	/** Path patterns. */
	readonly returnTo: readonly string[];
	readonly afterLogin: string;
	readonly afterLogout: string;
	readonly cookie: {
		readonly name: string;
		readonly kind: 'handle' | 'sealed';
		readonly sameSite: 'Lax' | 'Strict';
		readonly persistent: boolean;
	};
	readonly idleTimeout: number;
	readonly lifetime: number;
	readonly refreshAhead: number;
	/** Lower-case. */
	readonly csrfHeader: string;
	readonly userinfo: readonly string[];
	/** Names of those that hold on logins and on the way back from them: by address, on success. */
	readonly rateLimits: readonly string[];
	/** The one among them that the file does not write; undefined: the file has its own. */
	readonly ownLimit: RateLimitDefinition | undefined;
	/** Milliseconds of one call. */
	readonly timeout: number;
}
