/** From the request target to the route: one normalised path, which decision and forwarding both use from here on. */
import type { Evidence, HeaderList, Reason } from '#core/index';
import { type ParsedHost, parseHost } from '#formats/host';
import { parseRequestTarget } from '#formats/request-target';
import { decodeUtf8, encodeUtf8 } from '#formats/utf8';
import type { Policy } from './policy.ts';
import type { RoutePolicy } from './route-policy.ts';
import type { RouteMatch } from './route-table.ts';

export type Located =
	| { readonly kind: 'route'; readonly route: RoutePolicy }
	| { readonly kind: 'refused'; readonly reason: Reason; readonly headers: HeaderList | undefined };

/** Fills `path`, `query` and `parameters` of the evidence. `method` is the one to find a route for. */
export function locate(policy: Policy, evidence: Evidence, method: string): Located {
	const { request } = evidence;
	const target = parseRequestTarget(request.target, { encodedSlash: policy.encodedSlash });
	if (typeof target === 'string') {
		return refuse(
			evidence,
			'path',
			target === 'malformed' ? 'request_malformed' : 'path_ambiguous',
			'a plain path',
			`a path that is ${target}`,
		);
	}
	evidence.path = target.path;
	evidence.query = target.query;

	const host = hostOf(evidence, target.authority);
	if (host === undefined) return refuse(evidence, 'path', 'request_malformed', 'one valid Host', 'no readable Host');
	// RFC 9112 §3.2.2: an absolute-form target outranks Host, so the two must agree about where the request goes.
	if (host === 'contradiction')
		return refuse(evidence, 'path', 'misdirected', 'the host of the request target', 'another Host header');

	const match = policy.table.find(target.path, host, method);
	if (target.path.includes(';') && !readsTheSame(policy, match, target.path, host, method)) {
		return refuse(evidence, 'path', 'path_ambiguous', 'a plain path', 'parameters after ; that hide another route');
	}
	switch (match.kind) {
		case 'route_not_found':
			return refuse(
				evidence,
				'path',
				'route_not_found',
				'a route for this host and path',
				`host ${host || 'none'}, path ${target.path}`,
			);
		case 'method_not_allowed': {
			const refused = refuse(
				evidence,
				'method',
				'method_not_allowed',
				`method ${match.methods.join(' or ')}`,
				`method ${method}`,
			);
			return { ...refused, headers: [['allow', match.methods.join(', ')]] };
		}
		case 'route':
			// `%2f` was let through for another route's sake; on this one it is two readings of one path.
			if (!match.route.encodedSlash && policy.encodedSlash && /%2f/i.test(target.path)) {
				return refuse(evidence, 'path', 'path_ambiguous', 'a plain path', 'an encoded slash');
			}
			evidence.parameters = match.parameters;
			evidence.check = undefined;
			evidence.expected = undefined;
			evidence.found = undefined;
			return { kind: 'route', route: match.route };
	}
}

/**
 * Servlet containers drop `;parameters` from each segment (RFC 3986 §3.3 leaves them to the server): such a path may only
 * pass if it leads to the same route either way.
 */
function readsTheSame(
	policy: Policy,
	match: RouteMatch<RoutePolicy>,
	path: string,
	host: string,
	method: string,
): boolean {
	const without = policy.table.find(path.replaceAll(/;[^/]*/g, ''), host, method);
	if (match.kind !== 'route' || without.kind !== 'route') return match.kind === without.kind;
	return match.route === without.route;
}

/** Lower-case name that the request is for; empty for HTTP/1.0 without Host. */
function hostOf({ request }: Evidence, authority: string | undefined): string | undefined {
	if (request.host === '' && authority === undefined) return '';
	const header = request.host === '' ? undefined : knownHost(request.host);
	if (request.host !== '' && header === undefined) return undefined;
	if (authority === undefined) return header?.name;
	const target = parseHost(authority);
	if (target === undefined) return undefined;
	if (header !== undefined && (header.name !== target.name || header.port !== target.port)) return 'contradiction';
	return target.name;
}

/** Hosts that requests named lately: few on a gateway, and each request names one. Bounded; a flood of names empties it. */
const hosts = new Map<string, ParsedHost>();
const maxHosts = 500;
const maxHostLength = 80;

function knownHost(text: string): ParsedHost | undefined {
	const known = hosts.get(text);
	if (known !== undefined) return known;
	if (text.length > maxHostLength) return parseHost(text);
	// Copied: a slice would keep the whole head of its request alive.
	const copy = decodeUtf8(encodeUtf8(text)) ?? '';
	const parsed = parseHost(copy);
	if (hosts.size >= maxHosts) hosts.clear();
	if (parsed !== undefined) hosts.set(copy, parsed);
	return parsed;
}

function refuse(
	evidence: Evidence,
	check: 'path' | 'method',
	reason: Reason,
	expected: string,
	found: string,
): Located & { kind: 'refused' } {
	evidence.check = check;
	evidence.expected = expected;
	evidence.found = found;
	return { kind: 'refused', reason, headers: undefined };
}
