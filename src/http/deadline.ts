/** setTimeout takes no more milliseconds than this. */
export const longestWait = 2 ** 31 - 1;

/** Runs `task` after `ms`; not at all for 0, Infinity and whatever else cannot be waited for. */
export function afterMs(ms: number, task: () => void): NodeJS.Timeout | undefined {
	return ms > 0 && ms <= longestWait ? setTimeout(task, ms) : undefined;
}
