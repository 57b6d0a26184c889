import { expect, test } from 'vitest';
import { createIntrospectionMetrics } from '#observe/introspection-metrics';
import { fakeMeter } from '../../test/support/fake-meter.ts';

test('calls are counted by provider and outcome, timed, and forgotten with their provider', () => {
	const meter = fakeMeter();
	const measured = createIntrospectionMetrics(meter);
	measured.record({ provider: 'idp', outcome: 'active', seconds: 0.02, needless: true });
	measured.record({ provider: 'idp', outcome: 'failed', seconds: 3, needless: false });
	measured.record({ provider: 'idp', outcome: 'kept_back', seconds: 0, needless: false });
	measured.record({ provider: 'other', outcome: 'inactive', seconds: 0.01, needless: false });
	expect(meter.sum('countersign_introspections_total', 'idp', 'active')).toBe(1);
	expect(meter.sum('countersign_introspections_total', 'idp', 'failed')).toBe(1);
	expect(meter.sum('countersign_introspections_total', 'other', 'inactive')).toBe(1);
	expect(meter.sum('countersign_introspected_jwts_total', 'idp')).toBe(1);
	expect(meter.told.get('countersign_introspection_duration_seconds{idp}')).toEqual([0.02, 3]);
	measured.follow(new Set(['other']));
	expect(meter.sum('countersign_introspections_total', 'idp', 'active')).toBe(0);
	expect(meter.sum('countersign_introspections_total', 'other', 'inactive')).toBe(1);
	// A call that began before.
	measured.record({ provider: 'idp', outcome: 'active', seconds: 0.02, needless: true });
	expect([...meter.told.keys()].filter((key) => key.includes('idp'))).toEqual([]);
});
