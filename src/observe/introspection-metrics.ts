/** What is counted and timed of introspections: calls, not requests, of which one call may serve a thousand. */
import type { Meter, Series } from '#core/index';
import { metrics } from './catalogue.ts';

/** One call, as whoever made it tells. */
export interface MeasuredIntrospection {
	readonly provider: string;
	readonly outcome: 'active' | 'inactive' | 'failed' | 'kept_back';
	readonly seconds: number;
	/** The token is a JWT that could have been verified without a call. */
	readonly needless: boolean;
}

export interface IntrospectionMetrics {
	record(call: MeasuredIntrospection): void;
	/**
	 * Forgets series of providers that the configuration no longer names; calls that began before make no new ones. Before
	 * the first call every name is taken.
	 */
	follow(providers: ReadonlySet<string>): void;
}

interface ProviderSeries {
	readonly duration: Series;
	readonly outcomes: Readonly<Record<MeasuredIntrospection['outcome'], Series>>;
	readonly needless: Series;
}

/** Label values are providers of the configuration. */
export function createIntrospectionMetrics(meter: Meter): IntrospectionMetrics {
	const providers = new Map<string, ProviderSeries>();
	let inForce: ReadonlySet<string> | undefined;

	function seriesOf(provider: string): ProviderSeries | undefined {
		let series = providers.get(provider);
		if (series === undefined && inForce?.has(provider) !== false) {
			const outcome = (name: string) => meter.series(metrics.introspections, [provider, name]);
			series = {
				duration: meter.series(metrics.introspectionDuration, [provider]),
				outcomes: {
					active: outcome('active'),
					inactive: outcome('inactive'),
					failed: outcome('failed'),
					kept_back: outcome('kept_back'),
				},
				needless: meter.series(metrics.introspectedJwts, [provider]),
			};
			providers.set(provider, series);
		}
		return series;
	}

	return {
		record({ provider, outcome, seconds, needless }) {
			const series = seriesOf(provider);
			if (series === undefined) return;
			series.outcomes[outcome].record(1);
			// A call that never was took no time, and would make the others look quick.
			if (outcome !== 'kept_back') series.duration.record(seconds);
			if (needless) series.needless.record(1);
		},
		follow(names) {
			inForce = names;
			for (const [name, { duration, outcomes, needless }] of providers) {
				if (names.has(name)) continue;
				for (const series of [duration, needless, ...Object.values(outcomes)]) series.remove();
				providers.delete(name);
			}
		},
	};
}
