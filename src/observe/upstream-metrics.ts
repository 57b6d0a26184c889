/**
 * What is measured of upstreams by looking when somebody reads. Several pools may have endpoints, or a name, in common:
 * their figures are added up, and an endpoint is in the worst state that any of them sees.
 */
import type { Meter, MetricDescription, Series } from '#core/index';
import { metrics } from './catalogue.ts';

/** One pool of connections. */
export interface UpstreamState {
	readonly name: string;
	/** Of all pools with this name; another object begins again at 0. */
	readonly counts: { readonly refused: number; readonly repeated: number };
	readonly waiting: number;
	readonly endpoints: readonly {
		readonly origin: string;
		readonly state: EndpointState;
		readonly inFlight: number;
		readonly idle: number;
	}[];
}

type EndpointState = 'available' | 'ejected' | 'unhealthy';
/** The worst last. */
const states: readonly EndpointState[] = ['available', 'ejected', 'unhealthy'];

interface EndpointFigures {
	inFlight: number;
	idle: number;
	state: EndpointState;
}

interface UpstreamFigures {
	waiting: number;
	counts: UpstreamState['counts'];
}

/** From now on the meter asks `look` before each reading. Series of upstreams and endpoints that are gone go with them. */
export function measureUpstreams(meter: Meter, look: () => readonly UpstreamState[]): void {
	const upstreams = createRows<UpstreamFigures>((name) => upstreamSeries(meter, name));
	const endpoints = createRows<EndpointFigures>((origin) => endpointSeries(meter, origin));
	meter.beforeReading(() => {
		const byName = new Map<string, UpstreamFigures>();
		const byOrigin = new Map<string, EndpointFigures>();
		for (const { name, counts, waiting, endpoints: own } of look()) {
			byName.set(name, { waiting: waiting + (byName.get(name)?.waiting ?? 0), counts });
			for (const { origin, state, inFlight, idle } of own) {
				const before = byOrigin.get(origin);
				byOrigin.set(origin, {
					inFlight: inFlight + (before?.inFlight ?? 0),
					idle: idle + (before?.idle ?? 0),
					state: before === undefined ? state : worse(before.state, state),
				});
			}
		}
		upstreams.record(byName);
		endpoints.record(byOrigin);
	});
}

function worse(a: EndpointState, b: EndpointState): EndpointState {
	return states.indexOf(a) > states.indexOf(b) ? a : b;
}

interface Row<F> {
	record(figures: F): void;
	readonly series: readonly Series[];
}

/** One row of series for each name that is there; those of names that are gone are taken out. */
function createRows<F>(create: (name: string) => Row<F>): { record(figures: ReadonlyMap<string, F>): void } {
	const rows = new Map<string, Row<F>>();
	return {
		record(figures) {
			for (const [name, row] of rows) {
				if (figures.has(name)) continue;
				for (const each of row.series) each.remove();
				rows.delete(name);
			}
			for (const [name, of] of figures) {
				let row = rows.get(name);
				if (row === undefined) rows.set(name, (row = create(name)));
				row.record(of);
			}
		},
	};
}

function upstreamSeries(meter: Meter, name: string): Row<UpstreamFigures> {
	const waiting = meter.series(metrics.upstreamWaiting, [name]);
	const refused = meter.series(metrics.upstreamRefused, [name]);
	const repeated = meter.series(metrics.upstreamRepeated, [name]);
	let source: UpstreamState['counts'] | undefined;
	let seen = { refused: 0, repeated: 0 };
	return {
		series: [waiting, refused, repeated],
		record({ counts, ...figures }) {
			if (source !== counts) seen = { refused: 0, repeated: 0 };
			source = counts;
			waiting.record(figures.waiting);
			refused.record(counts.refused - seen.refused);
			repeated.record(counts.repeated - seen.repeated);
			seen = { refused: counts.refused, repeated: counts.repeated };
		},
	};
}

function endpointSeries(meter: Meter, origin: string): Row<EndpointFigures> {
	const bound = (metric: MetricDescription, state: string): Series => meter.series(metric, [origin, state]);
	const inUse = bound(metrics.upstreamConnections, 'in_use');
	const idle = bound(metrics.upstreamConnections, 'idle');
	const inState = states.map((state) => ({ state, series: bound(metrics.upstreamEndpointState, state) }));
	return {
		series: [inUse, idle, ...inState.map(({ series }) => series)],
		record(figures) {
			inUse.record(figures.inFlight);
			idle.record(figures.idle);
			for (const { state, series } of inState) series.record(state === figures.state ? 1 : 0);
		},
	};
}
