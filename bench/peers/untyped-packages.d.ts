/** The little that the benchmark uses of packages which bring no types of their own, or need types that are not here. */
declare module 'express' {
	import type { RequestListener } from 'node:http';

	interface Application extends RequestListener {
		disable(setting: string): void;
		use(...handlers: readonly unknown[]): void;
	}
	const express: () => Application;
	export default express;
}

declare module 'express-oauth2-jwt-bearer' {
	export function auth(options: Readonly<Record<string, unknown>>): unknown;
	export function requiredScopes(scope: string): unknown;
}

declare module 'fast-gateway' {
	import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';

	interface Options {
		readonly restana: { readonly server: Server };
		readonly middlewares: readonly ((request: IncomingMessage, response: ServerResponse, next: () => void) => void)[];
		readonly routes: readonly {
			readonly prefix: string;
			readonly target: string;
			readonly hooks: {
				rewriteRequestHeaders(request: IncomingMessage, headers: IncomingHttpHeaders): IncomingHttpHeaders;
			};
		}[];
	}
	const gateway: (options: Options) => { start(port: number, host: string): Promise<unknown> };
	export default gateway;
}
