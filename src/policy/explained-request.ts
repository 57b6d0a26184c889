/** A request that nobody sent, for `explain`: what the client would call, with the token where the route looks for it. */
import type { CredentialLocation, HeaderList, RequestView } from '#core/index';
import { Evidence } from '#core/index';
import { looksLikeSharedAccess, sharedAccessSchemes } from '#formats/shared-access/shared-access';
import { locate } from './locate.ts';
import type { Policy } from './policy.ts';

export interface ExplainedRequest {
	/** Absolute, http or https; or a path, then below `public_url`. */
	readonly url: string;
	readonly method: string;
	/** Without a scheme; a shared access signature may have one. Undefined: a request without a credential. */
	readonly token: string | undefined;
	/** Further fields, lower-case names; default none. */
	readonly headers?: HeaderList;
}

/** The token goes where the route that matches looks first; undefined when the URL is neither a path nor absolute http(s). */
export function explainedRequest(policy: Policy, asked: ExplainedRequest): RequestView | undefined {
	const { url, method, token, headers = [] } = asked;
	// Taken apart by hand: a URL object would resolve the dot segments that the decision must see.
	const absolute = url.startsWith('/') ? `${policy.publicUrl ?? 'http://localhost'}${url}` : url;
	const match = /^(https?):\/\/([^/?#]+)([^#]*)$/i.exec(absolute);
	if (match === null) return undefined;
	const scheme = (match[1] ?? '').toLowerCase() === 'https' ? 'https' : 'http';
	const host = match[2] ?? '';
	const rest = match[3] ?? '';
	const target = rest.startsWith('/') ? rest : `/${rest}`;

	const bare = view(scheme, host, target, method, headers);
	if (token === undefined) return bare;
	const location = firstLocation(policy, bare);
	switch (location.in) {
		case 'header':
			return view(scheme, host, target, method, [
				...headers,
				[location.name, location.name === 'authorization' ? authorization(token, headers) : token],
			]);
		case 'cookie':
			return view(scheme, host, target, method, [...headers, ['cookie', `${location.name}=${token}`]]);
		case 'query':
			return view(
				scheme,
				host,
				`${target}${target.includes('?') ? '&' : '?'}${location.name}=${encodeURIComponent(token)}`,
				method,
				headers,
			);
	}
}

/**
 * A shared access signature may come with its scheme; without one it is known by its shape. A token that comes with a
 * proof comes as DPoP.
 */
function authorization(token: string, headers: HeaderList): string {
	const [, scheme = ''] = /^([A-Za-z]+) /.exec(token) ?? [];
	if (sharedAccessSchemes.has(scheme.toLowerCase())) return token;
	if (looksLikeSharedAccess(token)) return `SharedAccessSignature ${token}`;
	return `${headers.some(([name]) => name === 'dpop') ? 'DPoP' : 'Bearer'} ${token}`;
}

function firstLocation(policy: Policy, request: RequestView): CredentialLocation {
	const located = locate(policy, new Evidence(request, 0, 0), request.method);
	const rules = located.kind === 'route' ? located.route.guard?.rules.values().next().value : undefined;
	return rules?.tokenFrom[0] ?? { in: 'header', name: 'authorization' };
}

function view(
	scheme: 'http' | 'https',
	host: string,
	target: string,
	method: string,
	headers: HeaderList,
): RequestView {
	return {
		scheme,
		host,
		target,
		method,
		peer: '127.0.0.1',
		serverName: undefined,
		clientCertificate: undefined,
		headerCount: (name) => headers.filter(([candidate]) => candidate === name).length,
		header: (name) => headers.find(([candidate]) => candidate === name)?.[1],
		fields: () => headers,
	};
}
