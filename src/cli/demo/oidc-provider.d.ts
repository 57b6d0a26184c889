/** The part of oidc-provider 9 that the demo uses; the package brings no types of its own. */
declare module 'oidc-provider' {
	import type { IncomingMessage, ServerResponse } from 'node:http';

	interface Client {
		readonly clientId: string;
	}
	interface RequestContext {
		readonly oidc: {
			readonly body: Readonly<Record<string, string | string[] | undefined>> | undefined;
			readonly params: Readonly<Record<string, string | undefined>> | undefined;
		};
	}
	interface Token {
		readonly kind: string;
		readonly clientId: string;
		readonly aud: string | undefined;
		readonly gty?: string;
		scope: string | undefined;
	}
	interface ResourceServer {
		audience: string;
		scope: string;
		accessTokenFormat: 'jwt';
		jwt: { sign: { alg: 'RS256'; kid?: string } };
	}
	interface GrantContext {
		body: unknown;
		readonly oidc: {
			readonly params: Readonly<Record<string, string | undefined>> | undefined;
			readonly client: Client;
		};
	}
	interface IssuedToken {
		readonly expiration: number;
		readonly scope: string | undefined;
		resourceServer: ResourceServer;
		setAudience(audience: string): void;
		save(): Promise<string>;
	}
	interface Grant {
		addOIDCScope(scope: string): void;
		addResourceScope(resource: string, scope: string): void;
		save(): Promise<string>;
	}
	export class Provider {
		constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
		readonly AccessToken: new (
			parts: Readonly<Record<string, unknown>>,
		) => IssuedToken;
		readonly Grant: new (parts: {
			readonly clientId: string;
			readonly accountId: string;
		}) => Grant;
		interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<unknown>;
		interactionFinished(
			request: IncomingMessage,
			response: ServerResponse,
			result: Readonly<Record<string, unknown>>,
			options: { readonly mergeWithLastSubmission: boolean },
		): Promise<void>;
		readonly Client: { find(id: string): Promise<Client | undefined> };
		registerGrantType(
			name: string,
			handler: (context: GrantContext) => Promise<void>,
			parameters: readonly string[],
		): void;
		callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
	}
	export const errors: {
		readonly InvalidGrant: new (description: string) => Error;
		readonly InvalidRequest: new (description: string) => Error;
		readonly InvalidTarget: new (description: string) => Error;
	};
	export type { Client, GrantContext, RequestContext, ResourceServer, Token };
}
