/** The machine's two clocks. The monotonic one may stand still while the machine sleeps. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '#core/index';

export const systemClock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
};
