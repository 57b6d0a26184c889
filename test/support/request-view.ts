import type { RequestView } from '#core/index';

export interface FakeRequest {
	readonly method?: string;
	readonly target?: string;
	readonly host?: string;
	readonly scheme?: 'http' | 'https';
	readonly peer?: string;
	/** In order; names in any case, repeats allowed. */
	readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** A request without a socket. */
export function requestView(request: FakeRequest = {}): RequestView {
	const {
		method = 'GET',
		target = '/',
		host = 'api.example.com',
		scheme = 'http',
		peer = '127.0.0.1',
		headers = [],
	} = request;
	const lines = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
	return {
		method,
		target,
		host,
		scheme,
		peer,
		serverName: undefined,
		clientCertificate: undefined,
		headerCount: (name) => lines.filter(([candidate]) => candidate === name).length,
		header: (name) => lines.find(([candidate]) => candidate === name)?.[1],
		fields: () => headers,
	};
}

export function bearer(token: string): readonly [string, string] {
	return ['authorization', `Bearer ${token}`];
}
