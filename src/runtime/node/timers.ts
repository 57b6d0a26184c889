/** Timers that never keep the process alive. */
import type { Timers } from '#core/index';

/** What one timer of Node can hold: a longer one would fire at once. */
const longest = 2_147_483_647;

export const systemTimers: Timers = {
	after(ms, task) {
		let timer: NodeJS.Timeout;
		const arm = (left: number): void => {
			timer = setTimeout(() => (left > longest ? arm(left - longest) : task()), Math.min(left, longest));
			timer.unref();
		};
		arm(Math.max(0, ms));
		return () => clearTimeout(timer);
	},
};
