import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemTimers } from '#runtime/node/timers';

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

test('runs a task once, unless it was cancelled', () => {
	const task = vi.fn<() => void>();
	systemTimers.after(1000, task);
	systemTimers.after(1000, task)();
	vi.advanceTimersByTime(999);
	expect(task).not.toHaveBeenCalled();
	vi.advanceTimersByTime(5000);
	expect(task).toHaveBeenCalledTimes(1);
});

test('waits longer than one timer of Node can, and can be cancelled then too', () => {
	const task = vi.fn<() => void>();
	const days = 60 * 86_400_000;
	systemTimers.after(days, task);
	const cancel = systemTimers.after(days, task);
	vi.advanceTimersByTime(days / 2);
	cancel();
	vi.advanceTimersByTime(days / 2 - 1);
	expect(task).not.toHaveBeenCalled();
	vi.advanceTimersByTime(1);
	expect(task).toHaveBeenCalledTimes(1);
});
