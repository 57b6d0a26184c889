/** Routes against each other: which tie, which leave a way around a guard, which share a name. */
import type { PathPattern } from '#formats/route-pattern';
import type { RouteDefinition } from './definition.ts';
import type { Report } from './diagnostics.ts';
import { covers, overlap, shapeOf } from './pattern-relations.ts';
import type { ReadRoute } from './routes.ts';
import { upstreamPattern } from './upstreams.ts';

export function checkOverlaps(routes: readonly ReadRoute[], report: Report): void {
	checkNames(routes, report);
	checkTies(routes, report);
	checkWaysAround(routes, report);
}

function checkNames(routes: readonly ReadRoute[], report: Report): void {
	const seen = new Map<string, ReadRoute>();
	for (const route of routes) {
		const first = seen.get(route.name);
		if (first === undefined) seen.set(route.name, route);
		// Where neither has a name of its own, they tie, and that says more.
		else if (first.named || route.named) report.error([...route.path, 'name'], `${routeAt(first)} has the same name`);
	}
}

function checkTies(routes: readonly ReadRoute[], report: Report): void {
	const groups = new Map<string, ReadRoute[]>();
	for (const route of routes) {
		if (route.pattern === undefined || route.hostBroken) continue;
		const key = `${route.host?.shape ?? ''} ${shapeOf(route.pattern)}`;
		const group = groups.get(key) ?? [];
		groups.set(key, group);
		const rival = group.find((other) => tie(other, route));
		group.push(route);
		if (rival === undefined) continue;
		report.error([...route.path, 'path'], `${routeAt(rival)} has the same host, path and method: which one is meant?`, {
			fix: 'Give them different methods, hosts or paths.',
		});
	}
}

/** A method in common. A route for every method stands behind one that names its own. */
function tie(a: ReadRoute, b: ReadRoute): boolean {
	return shareMethod(a.methods, b.methods, false);
}

function shareMethod(a: readonly string[], b: readonly string[], wild: boolean): boolean {
	if (a.length === 0 || b.length === 0) return wild || a.length === b.length;
	return a.some((method) => b.includes(method));
}

/**
 * A public or hostless route that reaches, at the same upstream, a path that another route guards, or a public one that
 * takes what is left beside it. A route that is wholly within the guarded path is a deliberate exception. Reported once
 * a route.
 */
function checkWaysAround(routes: readonly ReadRoute[], report: Report): void {
	// Few routes can be a way around anything; comparing all with all would take minutes for ten thousand.
	const withHost = routes.filter(({ host }) => host !== undefined);
	for (const open of routes) {
		const isPublic = open.definition?.public === true;
		if (!isPublic && open.host !== undefined) continue;
		const guarded = (isPublic ? routes : withHost).find((other) => goesAround(open, other));
		if (guarded !== undefined) {
			warn(open, guarded, report);
			continue;
		}
		if (!isPublic) continue;
		const respelt = routes.find((other) => takesOtherSpellings(open, other));
		if (respelt !== undefined) warnOfSpellings(open, respelt, report);
	}
}

/** Two routes to one upstream, the second of them guarded, with the paths as that upstream sees them. */
interface Pair {
	readonly way: RouteDefinition;
	readonly guard: RouteDefinition;
	readonly from: PathPattern;
	readonly to: PathPattern;
}

function pairOf(open: ReadRoute, guarded: ReadRoute): Pair | undefined {
	const way = open.definition;
	const guard = guarded.definition;
	if (open === guarded || way === undefined || guard === undefined || guard.public) return undefined;
	if (open.pattern === undefined || guarded.pattern === undefined || open.hostBroken || guarded.hostBroken)
		return undefined;
	if (!way.upstream.endpoints.some((endpoint) => guard.upstream.endpoints.includes(endpoint))) return undefined;
	if (!shareMethod(way.methods, guard.methods, true)) return undefined;
	const from = upstreamPattern(open.pattern, way.upstream);
	const to = upstreamPattern(guarded.pattern, guard.upstream);
	return { way, guard, from, to };
}

function goesAround(open: ReadRoute, guarded: ReadRoute): boolean {
	const pair = pairOf(open, guarded);
	if (pair === undefined) return false;
	const { way, guard, from, to } = pair;
	if (!way.public && (open.host !== undefined || guarded.host === undefined)) return false;
	if (!overlap(from, to) || (covers(to, from) && !covers(from, to))) return false;
	if (JSON.stringify(way.rules) === JSON.stringify(guard.rules)) return false;
	// With the same rewriting, and for the same hosts, the router gives every path in question to the guarded route.
	const rewritten =
		way.upstream.stripPrefix !== guard.upstream.stripPrefix || way.upstream.addPrefix !== guard.upstream.addPrefix;
	const otherHost = guarded.host !== undefined && guarded.host.shape !== open.host?.shape;
	return rewritten || otherHost;
}

/**
 * The router compares exactly, and a parameter takes few characters: what many an upstream reads as the guarded path
 * (another case, a slash at the end, `/orders/1,2`) is none to it, and goes to the public route around it.
 */
function takesOtherSpellings(open: ReadRoute, guarded: ReadRoute): boolean {
	const pair = pairOf(open, guarded);
	if (pair?.way.public !== true) return false;
	return covers(pair.from, pair.to) && !covers(pair.to, pair.from);
}

function warnOfSpellings(open: ReadRoute, guarded: ReadRoute, report: Report): void {
	report.warning(
		[...open.path, 'path'],
		`this public route surrounds ${routeAt(guarded)}: an upstream that takes other spellings of a path (case, a slash at the end) can be reached there without a token`,
		{ fix: 'Make it narrower, or guard it in the same way.' },
	);
}

function warn(open: ReadRoute, guarded: ReadRoute, report: Report): void {
	const what = open.definition?.public === true ? 'this public route' : 'this route without a host';
	report.warning([...open.path, 'path'], `${what} reaches paths that ${routeAt(guarded)} guards at the same upstream`, {
		fix:
			open.host === undefined && guarded.host !== undefined
				? 'Give it a host, or guard it in the same way.'
				: 'Make it narrower, or guard it in the same way.',
	});
}

function routeAt(route: ReadRoute): string {
	const index = route.path[1];
	return `routes[${String(index)}] (${route.name})`;
}
