/** Times in .NET's round-trip form, `2030-03-17T17:46:40.0000000Z`, as API Management signs them. */

const form = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * Seconds since the epoch with a fraction; undefined for what is no such time: a day that the month does not have, a time
 * without an offset, a year before 1970. Fewer than seven digits of a second are read too.
 */
export function parseRoundTripTime(text: string): number | undefined {
	const match = form.exec(text);
	if (match === null) return undefined;
	const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
	const fraction = Number(`0.${match[7] ?? '0'}`);
	const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
	if (year < 1970 || hour > 23 || minute > 59 || second > 59 || offsetHour > 14 || offsetMinute > 59) return undefined;
	const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
	if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
	const offset = (offsetHour * 60 + offsetMinute) * 60 * (match[8] === '-' ? -1 : 1);
	return date.getTime() / 1000 + fraction - offset;
}

/** Whole seconds since the epoch, in UTC with seven digits. */
export function formatRoundTripTime(seconds: number): string {
	return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}.0000000Z`;
}
