/** What is measured of rate limits, by looking when somebody reads. */
import type { Meter, MetricDescription } from '#core/index';
import { metrics } from './catalogue.ts';

export interface LimitState {
	readonly name: string;
	/** So far; stands for whoever counts too: another one begins again at 0. */
	readonly counts: { readonly refused: number; readonly unavailable: number };
	readonly keys: number;
}

interface LimitSeries {
	record(state: LimitState): void;
	remove(): void;
}

/** From now on the meter asks `look` before each reading. Series of limits that are gone go with them. */
export function measureLimits(meter: Meter, look: () => readonly LimitState[]): void {
	const known = new Map<string, LimitSeries>();
	meter.beforeReading(() => {
		const states = look();
		for (const state of states) {
			let series = known.get(state.name);
			if (series === undefined) known.set(state.name, (series = createLimitSeries(meter, state.name)));
			series.record(state);
		}
		const names = new Set(states.map(({ name }) => name));
		for (const [name, series] of known) {
			if (names.has(name)) continue;
			series.remove();
			known.delete(name);
		}
	});
}

function createLimitSeries(meter: Meter, name: string): LimitSeries {
	const series = (metric: MetricDescription) => meter.series(metric, [name]);
	const refused = series(metrics.limitRefused);
	const uncounted = series(metrics.limitUncounted);
	const keys = series(metrics.limitKeys);
	let counted: { source: WeakKey; refused: number; unavailable: number } | undefined;
	return {
		record({ counts, ...state }) {
			if (counted?.source !== counts) counted = { source: counts, refused: 0, unavailable: 0 };
			refused.record(counts.refused - counted.refused);
			uncounted.record(counts.unavailable - counted.unavailable);
			counted.refused = counts.refused;
			counted.unavailable = counts.unavailable;
			keys.record(state.keys);
		},
		remove() {
			for (const each of [refused, uncounted, keys]) each.remove();
		},
	};
}
