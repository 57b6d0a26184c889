/** The upstreams that were used or are checked: their connections, queues, and which endpoints get no requests. */
import type { PoolState } from '#http/engine';
import type { AdminSubject } from './admin.ts';
import type { Page } from './exchange.ts';

export function upstreamsPage(subject: Pick<AdminSubject, 'upstreams' | 'workers'>): Page {
	return {
		path: '/upstreams',
		summary: 'upstreams: state and connections of their endpoints, requests that wait',
		method: 'GET',
		async answer() {
			// Each worker has pools of its own, and judges endpoints by what it meets itself.
			const workers = await subject.workers?.ask('upstreams', null);
			return { status: 200, body: { upstreams: describeUpstreams(subject), workers } };
		},
	};
}

/** As this process sees them; empty where it forwards nothing. */
export function describeUpstreams({ upstreams }: Pick<AdminSubject, 'upstreams'>): readonly Record<string, unknown>[] {
	return upstreams?.().map(describe) ?? [];
}

function describe({ name, counts, waiting, endpoints }: PoolState): Record<string, unknown> {
	return {
		name,
		waiting,
		refused: counts.refused,
		repeated: counts.repeated,
		endpoints: endpoints.map(({ origin, state, inFlight, idle }) => ({ origin, state, in_use: inFlight, idle })),
	};
}
