/**
 * Finds the route of a request (design §4, "Routing"). Path first, segment by segment: a literal beats `{name}`, which
 * beats `**`; then the host: exact, pattern, none. What the best path and host do not allow by method is 405, never a
 * less specific route. A trie, so that ten thousand routes cost what ten do.
 */

import { parameterSegment, readPathPattern } from '#formats/route-pattern';
import { compileHost, type HostMatcher } from './host-matcher.ts';

export interface RoutePattern {
	readonly path: string;
	/** Lower-case; undefined: every host. */
	readonly host: string | undefined;
	/** Empty: every method. */
	readonly methods: readonly string[];
}

export type RouteMatch<R> =
	| { readonly kind: 'route'; readonly route: R; readonly parameters: readonly string[] }
	/** Methods of the best path and host, for the Allow header. */
	| { readonly kind: 'method_not_allowed'; readonly methods: readonly string[] }
	| { readonly kind: 'route_not_found' };

/** Routes of one path shape and one host. */
interface HostGroup<R> {
	readonly host: HostMatcher | undefined;
	/** Few: looked through in order. */
	readonly methods: { readonly method: string; readonly route: R }[];
	anyMethod: R | undefined;
}

interface Node<R> {
	/** Undefined: none, as in most nodes of many routes. */
	literals: Map<string, Node<R>> | undefined;
	parameter: Node<R> | undefined;
	/** Routes that end here. */
	here: readonly HostGroup<R>[];
	/** Routes that end here with `**`: here and everything below. */
	below: readonly HostGroup<R>[];
}

export interface RouteTable<R> {
	/** `path`: normalised, with its leading slash. `host`: lower-case name without port; empty when there is none. */
	find(path: string, host: string, method: string): RouteMatch<R>;
}

/** Throws an Error when two routes tie: same path shape, same host, a method in common. */
export function createRouteTable<R>(
	routes: readonly { readonly pattern: RoutePattern; readonly route: R }[],
): RouteTable<R> {
	const root = node<R>();
	for (const { pattern, route } of routes) insert(root, pattern, route);
	sortHosts(root);
	return { find: (path, host, method) => find(root, path, host, method) };
}

const none: readonly never[] = [];

function node<R>(): Node<R> {
	return { literals: undefined, parameter: undefined, here: none, below: none };
}

function insert<R>(root: Node<R>, pattern: RoutePattern, route: R): void {
	const path = readPathPattern(pattern.path, { encodedSlash: true });
	if (typeof path === 'string') throw new Error(`path ${pattern.path}: ${path}`);
	let at = root;
	for (const segment of path.segments) {
		if (segment === null) {
			at.parameter ??= node();
			at = at.parameter;
		} else {
			const text = literalText(segment);
			at.literals ??= new Map();
			let next = at.literals.get(text);
			if (next === undefined) {
				next = node();
				at.literals.set(text, next);
			}
			at = next;
		}
	}
	const groups = path.rest ? at.below : at.here;
	const host = pattern.host === undefined ? undefined : compileHost(pattern.host);
	let group = groups.find((candidate) => candidate.host?.shape === host?.shape);
	if (group === undefined) {
		group = { host, methods: [], anyMethod: undefined };
		if (path.rest) at.below = [...groups, group];
		else at.here = [...groups, group];
	}
	const tie = () => new Error(`two routes have the same path, host and method: ${pattern.path}`);
	if (pattern.methods.length === 0) {
		if (group.anyMethod !== undefined) throw tie();
		group.anyMethod = route;
	}
	for (const method of pattern.methods) {
		if (routeFor(group, method) !== undefined) throw tie();
		group.methods.push({ method, route });
	}
}

/** Exact hosts first, then patterns, then routes for every host. */
function sortHosts<R>(at: Node<R>): void {
	const rank = (group: HostGroup<R>) => (group.host === undefined ? 2 : group.host.exact ? 0 : 1);
	if (at.here.length > 1) at.here = at.here.toSorted((a, b) => rank(a) - rank(b));
	if (at.below.length > 1) at.below = at.below.toSorted((a, b) => rank(a) - rank(b));
	for (const child of at.literals?.values() ?? []) sortHosts(child);
	if (at.parameter !== undefined) sortHosts(at.parameter);
}

interface Found<R> {
	readonly group: HostGroup<R>;
	readonly parameters: readonly string[];
}

function find<R>(root: Node<R>, path: string, host: string, method: string): RouteMatch<R> {
	const found = search(root, path, 1, host, []);
	if (found === undefined) return { kind: 'route_not_found' };
	const { group, parameters } = found;
	const route = routeFor(group, method) ?? group.anyMethod;
	if (route === undefined) return { kind: 'method_not_allowed', methods: group.methods.map((each) => each.method) };
	return { kind: 'route', route, parameters };
}

function routeFor<R>({ methods }: HostGroup<R>, method: string): R | undefined {
	for (const each of methods) if (each.method === method) return each.route;
	return undefined;
}

/** Depth first in order of preference; the number of steps is bounded by the patterns, not by the path. */
function search<R>(
	at: Node<R>,
	path: string,
	from: number,
	host: string,
	values: readonly string[],
): Found<R> | undefined {
	if (from > path.length) return choose(at.here, host, values) ?? choose(at.below, host, values);
	const slash = path.indexOf('/', from);
	const end = slash < 0 ? path.length : slash;
	const segment = path.slice(from, end);

	const literal = at.literals?.get(literalText(segment));
	if (literal !== undefined) {
		const found = search(literal, path, end + 1, host, values);
		if (found !== undefined) return found;
	}
	if (at.parameter !== undefined && parameterSegment.test(segment)) {
		const found = search(at.parameter, path, end + 1, host, [...values, segment]);
		if (found !== undefined) return found;
	}
	return choose(at.below, host, values);
}

/**
 * What a segment says however it is spelled: `/orders%3Abatch` must not slip past a route for `/orders:batch`, since many
 * upstreams take the two for one.
 */
function literalText(segment: string): string {
	if (!segment.includes('%')) return segment;
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
}

function choose<R>(groups: readonly HostGroup<R>[], host: string, values: readonly string[]): Found<R> | undefined {
	for (const group of groups) {
		if (group.host === undefined) return { group, parameters: values };
		const captured = group.host.match(host);
		if (captured !== undefined) return { group, parameters: captured === '' ? values : [...values, captured] };
	}
	return undefined;
}
