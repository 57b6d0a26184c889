/**
 * What is counted and timed of every request. Series are bound once, and found again by names that are there already:
 * the path of a request makes no label object and no key.
 */
import type { Facts, Meter, Reason, Series } from '#core/index';
import { closeToExpiry, maxClients, metrics, none } from './catalogue.ts';

/** What became of a request, as its audit record says it. */
export interface MeasuredRequest {
	/** Undefined when no head could be read. */
	readonly facts: Facts | undefined;
	readonly decision: 'allow' | 'answer' | 'deny' | 'fault';
	readonly reason: Reason | undefined;
	/** 0: the client went away before. */
	readonly status: number;
	/** Milliseconds from forwarding to the head of the response; undefined when there was none. */
	readonly upstreamDuration: number | undefined;
	/** Seconds since the epoch. */
	readonly now: number;
}

export interface RequestMetrics {
	/** A request is under way, until `over`. */
	began(): void;
	over(): void;
	/** `milliseconds`: to the verdict. */
	decided(facts: Facts, milliseconds: number): void;
	ended(request: MeasuredRequest): void;
	/**
	 * Forgets series of routes and providers that the configuration no longer names. Requests that were decided before and
	 * end later make no new ones; before the first call every name is taken.
	 */
	follow(routes: ReadonlySet<string>, providers: ReadonlySet<string>): void;
}

interface RouteSeries {
	readonly upstream: Series;
	/** By the first digit of the status. */
	readonly responses: Map<number, Series>;
	/** Provider → reason, or decision where there is none. */
	readonly decisions: Map<string, Map<string, Series>>;
}

/** Characters of a client's name. */
const maxClientName = 64;

/** Label values come from `facts`, which names only routes and providers of the configuration. */
export function createRequestMetrics(meter: Meter): RequestMetrics {
	const inFlight = meter.series(metrics.inFlight, []);
	const hits = meter.series(metrics.cacheLookups, ['hit']);
	const misses = meter.series(metrics.cacheLookups, ['miss']);
	const timings = {
		recalled: meter.series(metrics.decisionDuration, ['recalled']),
		verified: meter.series(metrics.decisionDuration, ['verified']),
		none: meter.series(metrics.decisionDuration, [none]),
	};
	const routes = new Map<string, RouteSeries>();
	const lifetimes = new Map<string, Series>();
	const clients = new Map<string, Series>();
	let inForce: { readonly routes: ReadonlySet<string>; readonly providers: ReadonlySet<string> } | undefined;
	let under = 0;
	meter.beforeReading(() => inFlight.record(under));

	const isRoute = (name: string): boolean => name === none || inForce === undefined || inForce.routes.has(name);
	const isProvider = (name: string): boolean => name === none || inForce === undefined || inForce.providers.has(name);

	function routeSeries(name: string): RouteSeries | undefined {
		let series = routes.get(name);
		if (series === undefined && isRoute(name)) {
			const upstream = meter.series(metrics.upstreamDuration, [name]);
			series = { upstream, responses: new Map(), decisions: new Map() };
			routes.set(name, series);
		}
		return series;
	}

	function countDecision(route: RouteSeries, { facts, decision, reason }: MeasuredRequest): void {
		const provider = facts?.provider ?? none;
		let byReason = route.decisions.get(provider);
		if (byReason === undefined) {
			if (!isProvider(provider)) return;
			route.decisions.set(provider, (byReason = new Map()));
		}
		const key = reason ?? decision;
		let series = byReason.get(key);
		if (series === undefined) {
			series = meter.series(metrics.decisions, [facts?.route ?? none, provider, decision, reason ?? none]);
			byReason.set(key, series);
		}
		series.record(1);
	}

	function countResponse(route: RouteSeries, name: string, status: number): void {
		const digit = Math.trunc(status / 100);
		let series = route.responses.get(digit);
		if (series === undefined) {
			series = meter.series(metrics.responses, [name, digit === 0 ? none : `${digit}xx`]);
			route.responses.set(digit, series);
		}
		series.record(1);
	}

	function countLifetime({ cached, principal }: Facts): void {
		if (cached || principal?.expiresAt === undefined || principal.issuedAt === undefined) return;
		let series = lifetimes.get(principal.provider);
		if (series === undefined) {
			if (!isProvider(principal.provider)) return;
			series = meter.series(metrics.tokenLifetime, [principal.provider]);
			lifetimes.set(principal.provider, series);
		}
		series.record(principal.expiresAt - principal.issuedAt);
	}

	function countLateRenewal(client: string | undefined): void {
		const name = client === undefined ? none : client.slice(0, maxClientName).toWellFormed();
		const label = clients.has(name) || clients.size < maxClients ? name : 'other';
		let series = clients.get(label);
		if (series === undefined) {
			series = meter.series(metrics.closeToExpiry, [label]);
			clients.set(label, series);
		}
		series.record(1);
	}

	return {
		began() {
			under++;
		},
		over() {
			under--;
		},
		decided(facts, milliseconds) {
			const seconds = milliseconds / 1000;
			if (facts.tokenId === undefined) {
				timings.none.record(seconds);
				return;
			}
			(facts.cached ? timings.recalled : timings.verified).record(seconds);
			(facts.cached ? hits : misses).record(1);
			countLifetime(facts);
		},
		ended(request) {
			const { facts, decision, status, upstreamDuration, now } = request;
			const name = facts?.route ?? none;
			const route = routeSeries(name);
			if (route !== undefined) {
				countDecision(route, request);
				countResponse(route, name, status);
				if (upstreamDuration !== undefined) route.upstream.record(upstreamDuration / 1000);
			}
			const expiresAt = facts?.principal?.expiresAt;
			if (decision === 'allow' && expiresAt !== undefined && expiresAt - now < closeToExpiry) {
				countLateRenewal(facts?.principal?.client);
			}
		},
		follow(currentRoutes, currentProviders) {
			inForce = { routes: currentRoutes, providers: currentProviders };
			for (const [name, route] of routes) {
				const gone = !isRoute(name);
				for (const [provider, byReason] of route.decisions) {
					if (!gone && isProvider(provider)) continue;
					for (const series of byReason.values()) series.remove();
					route.decisions.delete(provider);
				}
				if (!gone) continue;
				for (const series of [route.upstream, ...route.responses.values()]) series.remove();
				routes.delete(name);
			}
			for (const [provider, series] of lifetimes) {
				if (isProvider(provider)) continue;
				series.remove();
				lifetimes.delete(provider);
			}
		},
	};
}
