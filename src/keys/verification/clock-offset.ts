/**
 * What a provider's `Date` says of our own clock. Tokens are judged by the wall clock, so a clock that is off refuses
 * good ones and lets expired ones live on; the key set that comes by now and then is a free second opinion.
 */
import { parseHttpDate } from '#formats/http-date';

/** Seconds that two clocks may differ without a word: `Date` counts whole seconds, and an answer takes its time. */
export const clockTolerance = 30;

/**
 * Seconds, whole, by which the clock of whoever wrote these header fields is ahead of ours; undefined when they do not
 * say. `now`: ours when the answer came, milliseconds since the epoch. A cache in between counts by its `Age` (RFC 9111
 * §4.2.3); one that sends none makes our clock look fast.
 */
export function clockOffset(headers: ReadonlyMap<string, string>, now: number): number | undefined {
	const date = parseHttpDate(headers.get('date') ?? '');
	if (date === undefined) return undefined;
	const age = headers.get('age')?.trim() ?? '';
	const seconds = /^[0-9]{1,9}$/.test(age) ? Number(age) : 0;
	const offset = Math.round((date + seconds * 1000 - now) / 1000);
	return offset === 0 ? 0 : offset;
}

/** The offset in words, for whoever has to set a clock; undefined where it is within the tolerance. */
export function clockWarning(offset: number | undefined): string | undefined {
	if (offset === undefined || Math.abs(offset) <= clockTolerance) return undefined;
	const [seconds, which] = [Math.abs(offset), offset > 0 ? 'behind' : 'ahead of'];
	return `by its Date, the clock of this machine is ${seconds} s ${which} the provider's: times in tokens are judged by it`;
}
