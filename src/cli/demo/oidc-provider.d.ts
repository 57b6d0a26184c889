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
		scope: string | undefined;
	}
	interface ResourceServer {
		audience: string;
		scope: string;
		accessTokenFormat: 'jwt';
		jwt: { sign: { alg: 'RS256' } };
	}
	export class Provider {
		constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
		callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
	}
	export const errors: {
		readonly InvalidRequest: new (description: string) => Error;
		readonly InvalidTarget: new (description: string) => Error;
	};
	export type { Client, RequestContext, ResourceServer, Token };
}
