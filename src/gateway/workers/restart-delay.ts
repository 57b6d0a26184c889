/** How long the place of a worker stays empty: at once after one that was sound, longer and longer after others. */

const first = 50;
const second = 500;
const longest = 30_000;

/** Milliseconds. `failures`: ends in a row, each before the worker counted as sound; 1 is the first. */
export function restartDelay(failures: number): number {
	return failures <= 1 ? first : Math.min(longest, second * 2 ** Math.min(failures - 2, 30));
}
