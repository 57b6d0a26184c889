import { expect, test } from 'vitest';
import { fakeMeter } from '../../test/support/fake-meter.ts';
import { metrics } from './catalogue.ts';
import { measureUpstreams, type UpstreamState } from './upstream-metrics.ts';

type Endpoint = UpstreamState['endpoints'][number];

const endpoint = (parts: Partial<Endpoint> = {}): Endpoint => ({
	origin: 'http://a:1',
	state: 'available',
	inFlight: 2,
	idle: 3,
	...parts,
});

function readings(...states: readonly (readonly UpstreamState[])[]): ReturnType<typeof fakeMeter> {
	const meter = fakeMeter();
	let current: readonly UpstreamState[] = [];
	measureUpstreams(meter, () => current);
	for (const next of states) {
		current = next;
		meter.read();
	}
	return meter;
}

const last = (meter: ReturnType<typeof fakeMeter>, name: string, ...values: readonly string[]) =>
	meter.told.get(`${name}{${values.join(',')}}`)?.at(-1);

test('pools of one name, and of one endpoint, are added up; the worst state counts', () => {
	const counts = { refused: 4, repeated: 1 };
	const meter = readings([
		{ name: 'u', counts, waiting: 1, endpoints: [endpoint({ state: 'ejected' })] },
		{ name: 'u', counts, waiting: 2, endpoints: [endpoint(), endpoint({ origin: 'http://b:1' })] },
	]);
	expect(last(meter, metrics.upstreamWaiting.name, 'u')).toBe(3);
	expect(meter.sum(metrics.upstreamRefused.name, 'u')).toBe(4);
	expect(meter.sum(metrics.upstreamRepeated.name, 'u')).toBe(1);
	expect(last(meter, metrics.upstreamConnections.name, 'http://a:1', 'in_use')).toBe(4);
	expect(last(meter, metrics.upstreamConnections.name, 'http://a:1', 'idle')).toBe(6);
	const states = (origin: string) =>
		['available', 'ejected', 'unhealthy'].map((state) =>
			last(meter, metrics.upstreamEndpointState.name, origin, state),
		);
	expect(states('http://a:1')).toEqual([0, 1, 0]);
	expect(states('http://b:1')).toEqual([1, 0, 0]);
});

test('totals become increments, also over counts that begin again', () => {
	const state = (refused: number, counts = { refused, repeated: 0 }): UpstreamState[] => [
		{ name: 'u', counts, waiting: 0, endpoints: [] },
	];
	const growing = { refused: 2, repeated: 0 };
	const meter = fakeMeter();
	let current = state(0, growing);
	measureUpstreams(meter, () => current);
	meter.read();
	growing.refused = 5;
	meter.read();
	meter.read();
	expect(meter.sum(metrics.upstreamRefused.name, 'u')).toBe(5);
	current = state(1);
	meter.read();
	expect(meter.sum(metrics.upstreamRefused.name, 'u')).toBe(6);
});
