import { expect, test } from 'vitest';
import { EndpointHealth } from './endpoint-health.ts';

const settings = { failures: 3, statuses: [], time: 1_000, maxTime: 5_000 };

function ejected(now: number): EndpointHealth {
	const health = new EndpointHealth(settings);
	for (let count = 0; count < 3; count++) health.failed(now);
	return health;
}

test('failures in a row eject, failures between successes do not', () => {
	const health = new EndpointHealth(settings);
	for (let count = 0; count < 10; count++) {
		expect(health.failed(0)).toBe(false);
		expect(health.failed(0)).toBe(false);
		expect(health.succeeded(0)).toBe(false);
	}
	expect([health.failed(0), health.failed(0), health.failed(0)]).toEqual([false, false, true]);
	expect(health.state).toBe('ejected');
	expect(health.isAvailable(999)).toBe(false);
});

test('after its time one request tries it, and the next only when that one had its time', () => {
	const health = ejected(0);
	expect(health.isAvailable(1_000)).toBe(true);
	health.picked(1_000);
	expect([health.isAvailable(1_001), health.isAvailable(1_999), health.isAvailable(2_000)]).toEqual([
		false,
		false,
		true,
	]);
});

test('a trial that succeeds brings it back at once', () => {
	const health = ejected(0);
	health.picked(1_000);
	expect(health.succeeded(1_010)).toBe(true);
	expect([health.state, health.isAvailable(1_010)]).toEqual(['available', true]);
});

test('each trial that fails doubles the time, up to its bound', () => {
	const health = ejected(0);
	const until: number[] = [];
	for (let now = 1_000; until.length < 5; ) {
		health.picked(now);
		health.failed(now);
		let next = now;
		while (!health.isAvailable(next)) next += 100;
		until.push(next - now);
		now = next;
	}
	expect(until).toEqual([2_000, 4_000, 5_000, 5_000, 5_000]);
});

test('what was under way before the ejection neither ends nor prolongs it', () => {
	const health = ejected(0);
	for (let count = 0; count < 50; count++) health.failed(500);
	expect(health.succeeded(500)).toBe(false);
	expect([health.isAvailable(999), health.isAvailable(1_000)]).toEqual([false, true]);
});

test('with nobody else left its failures do not prolong the ejection, its success ends it', () => {
	const health = ejected(0);
	for (let count = 0; count < 50; count++) {
		health.picked(500);
		health.failed(500);
	}
	expect(health.isAvailable(1_000)).toBe(true);
	health.picked(600);
	expect(health.succeeded(600)).toBe(true);
});

test('one that fails again soon is out for longer, one that was good for a while begins anew', () => {
	const length = (health: EndpointHealth, now: number): number => {
		for (let count = 0; count < 3; count++) health.failed(now);
		let next = now;
		while (!health.isAvailable(next)) next += 100;
		return next - now;
	};
	const flapping = ejected(0);
	flapping.picked(1_000);
	flapping.succeeded(1_000);
	expect(length(flapping, 2_000)).toBe(2_000);
	const settled = ejected(0);
	settled.picked(1_000);
	settled.succeeded(1_000);
	expect(length(settled, 7_000)).toBe(1_000);
});

test('what the active check says counts beside it', () => {
	const health = new EndpointHealth(settings);
	health.isUnhealthy = true;
	expect([health.state, health.isAvailable(0), health.succeeded(0)]).toEqual(['unhealthy', false, false]);
	health.isUnhealthy = false;
	expect(health.isAvailable(0)).toBe(true);
});
