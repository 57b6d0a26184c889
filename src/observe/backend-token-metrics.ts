/** What is counted and timed of the tokens that upstreams get: exchanges, those that were kept, and the gateway's own. */
import type { Meter, Series } from '#core/index';
import { metrics } from './catalogue.ts';
import { createNamed } from './named-series.ts';

/** One exchange, as whoever made it tells. */
export interface MeasuredExchange {
	/** The provider's name, or the host of the token endpoint: of the configuration. */
	readonly server: string;
	readonly outcome: 'issued' | 'refused' | 'failed' | 'kept_back';
	readonly seconds: number;
}

export interface ExchangeMetrics {
	record(call: MeasuredExchange): void;
	/** Forgets series of servers that the configuration no longer names. */
	follow(servers: ReadonlySet<string>): void;
}

interface ServerSeries {
	readonly duration: Series;
	readonly outcomes: Readonly<Record<MeasuredExchange['outcome'], Series>>;
}

export function createExchangeMetrics(meter: Meter): ExchangeMetrics {
	const servers = new Map<string, ServerSeries>();

	function seriesOf(server: string): ServerSeries {
		let series = servers.get(server);
		if (series === undefined) {
			const outcome = (name: string) => meter.series(metrics.exchanges, [server, name]);
			series = {
				duration: meter.series(metrics.exchangeDuration, [server]),
				outcomes: {
					issued: outcome('issued'),
					refused: outcome('refused'),
					failed: outcome('failed'),
					kept_back: outcome('kept_back'),
				},
			};
			servers.set(server, series);
		}
		return series;
	}

	return {
		record({ server, outcome, seconds }) {
			const series = seriesOf(server);
			series.outcomes[outcome].record(1);
			// A call that never was took no time, and would make the others look quick.
			if (outcome !== 'kept_back') series.duration.record(seconds);
		},
		follow(names) {
			for (const [name, { duration, outcomes }] of servers) {
				if (names.has(name)) continue;
				for (const series of [duration, ...Object.values(outcomes)]) series.remove();
				servers.delete(name);
			}
		},
	};
}

/** One source of exchanged tokens. */
export interface ExchangeSourceState {
	readonly server: string;
	/** Stands for whatever counts the hits: another one begins again at 0. */
	readonly source: WeakKey;
	/** Requests that a kept token served. */
	readonly hits: number;
	/** Tokens that are kept. */
	readonly kept: number;
}

/** One token of the gateway's own. */
export interface OwnTokenState {
	/** The provider's name, the host of the token endpoint, or the resource of a managed identity. */
	readonly name: string;
	/** Seconds that the one at hand has left; undefined: there is none. */
	readonly left: number | undefined;
	readonly failing: boolean;
}

export interface BackendTokensState {
	readonly exchanges: readonly ExchangeSourceState[];
	readonly own: readonly OwnTokenState[];
}

/** From now on the meter asks `look` before each reading. Several sources of one name are added up, or the worst is shown. */
export function measureBackendTokens(meter: Meter, look: () => BackendTokensState): void {
	const counted = new WeakMap<WeakKey, number>();
	const hits = createNamed((server) => meter.series(metrics.exchangeHits, [server]));
	const kept = createNamed((server) => meter.series(metrics.exchangedKept, [server]));
	const left = createNamed((name) => meter.series(metrics.ownTokenLeft, [name]));
	const failing = createNamed((name) => meter.series(metrics.ownTokenFailing, [name]));

	meter.beforeReading(() => {
		const { exchanges, own } = look();
		const servers = new Map<string, { hits: number; kept: number }>();
		for (const { server, source, ...state } of exchanges) {
			const sum = servers.get(server) ?? { hits: 0, kept: 0 };
			sum.hits += state.hits - (counted.get(source) ?? 0);
			sum.kept += state.kept;
			counted.set(source, state.hits);
			servers.set(server, sum);
		}
		hits.record(servers, (sum) => sum.hits);
		kept.record(servers, (sum) => sum.kept);
		const tokens = new Map<string, { left: number; failing: number }>();
		for (const token of own) {
			const worst = tokens.get(token.name);
			tokens.set(token.name, {
				left: Math.min(worst?.left ?? Number.POSITIVE_INFINITY, Math.max(0, token.left ?? 0)),
				failing: Math.max(worst?.failing ?? 0, token.failing ? 1 : 0),
			});
		}
		left.record(tokens, (token) => token.left);
		failing.record(tokens, (token) => token.failing);
	});
}
