import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CircuitBreaker } from '#keys/authorization-server/circuit-breaker';

const limits = { threshold: 3, shortest: 1000, longest: 4000 };

function failed(breaker: CircuitBreaker, at: number, times = limits.threshold): void {
	for (let i = 0; i < times; i++) {
		expect(breaker.admit(at)).toBe(true);
		breaker.failed(at);
	}
}

test('opens after failures in a row, and a success between them counts', () => {
	const breaker = new CircuitBreaker(limits);
	failed(breaker, 0, 2);
	breaker.succeeded();
	failed(breaker, 0, 2);
	expect(breaker.isOpen()).toBe(false);
	breaker.failed(0);
	expect(breaker.isOpen()).toBe(true);
	expect(breaker.admit(999)).toBe(false);
	expect(breaker.retryAfter(0)).toBe(1);
});

test('one may try after the wait; its failure doubles the wait up to the longest, its success closes', () => {
	const breaker = new CircuitBreaker(limits);
	failed(breaker, 0);
	let at = 1000;
	for (const wait of [2000, 4000, 4000]) {
		expect(breaker.admit(at)).toBe(true);
		expect(breaker.admit(at)).toBe(false);
		breaker.failed(at);
		expect(breaker.retryAfter(at)).toBe(wait / 1000);
		expect(breaker.admit(at + wait - 1)).toBe(false);
		at += wait;
	}
	expect(breaker.admit(at)).toBe(true);
	breaker.succeeded();
	expect([breaker.isOpen(), breaker.admit(at), breaker.admit(at)]).toEqual([false, true, true]);
	failed(breaker, at);
	expect(breaker.retryAfter(at)).toBe(1);
});

test('late failures of calls from before do not lengthen the wait, and an undecided probe makes room for the next', () => {
	const breaker = new CircuitBreaker(limits);
	failed(breaker, 0);
	breaker.failed(900);
	expect(breaker.admit(1000)).toBe(true);
	breaker.undecided();
	expect(breaker.admit(1000)).toBe(true);
});

test('whatever happens, it never stays shut for longer than the longest wait once nothing is under way', () => {
	const step = fc.record({ wait: fc.nat(5000), ends: fc.constantFrom('succeeded', 'failed', 'undecided') });
	fc.assert(
		fc.property(fc.array(step), (steps) => {
			const breaker = new CircuitBreaker(limits);
			let at = 0;
			for (const { wait, ends } of steps) {
				at += wait;
				if (!breaker.admit(at)) continue;
				if (ends === 'failed') breaker.failed(at);
				else if (ends === 'succeeded') breaker.succeeded();
				else breaker.undecided();
			}
			expect(breaker.admit(at + limits.longest)).toBe(true);
		}),
	);
});
