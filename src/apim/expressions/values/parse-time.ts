/** Times from texts: ISO 8601, RFC 1123 and the invariant culture's own forms; what is not one of them is no time. */
import { DateTimeValue, isTick, TimeSpanValue, ticksPerDay, ticksPerSecond } from './date-time.ts';

const iso =
	/^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,7}))?)?)? ?(Z|[+-][0-9]{2}:?[0-9]{2})?$/;
const invariant =
	/^([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{4})(?: ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?(AM|PM))?)?$/i;
const rfc1123 = /^(?:[A-Za-z]{3}, )?([0-9]{1,2}) ([A-Za-z]{3}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/;
const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** Undefined for what is no time. A text with an offset becomes local time, which is UTC here. */
export function parseDateTime(text: string): DateTimeValue | undefined {
	const trimmed = text.trim();
	if (trimmed.length > 64) return undefined;
	return parseIso(trimmed) ?? parseInvariant(trimmed) ?? parseRfc1123(trimmed);
}

function parseIso(text: string): DateTimeValue | undefined {
	const match = iso.exec(text);
	if (match === null) return undefined;
	const [, year, month, day, hour, minute, second, fraction = '', zone] = match;
	const ticks = ticksOf([year, month, day, hour, minute, second]);
	if (ticks === undefined) return undefined;
	const exact = ticks + BigInt(fraction.padEnd(7, '0'));
	if (zone === undefined) return new DateTimeValue(exact, 'Unspecified');
	const digits = zone.replace(/[^0-9]/g, '');
	const minutes = zone === 'Z' ? 0 : Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
	const shifted = exact - BigInt(zone.startsWith('-') ? -minutes : minutes) * 60n * ticksPerSecond;
	return minutes <= 14 * 60 && isTick(shifted) ? new DateTimeValue(shifted, 'Local') : undefined;
}

function parseInvariant(text: string): DateTimeValue | undefined {
	const match = invariant.exec(text);
	if (match === null) return undefined;
	const [, month, day, year, hour, minute, second, half] = match;
	const isAfternoon = half?.toUpperCase() === 'PM';
	const clock = half === undefined ? Number(hour ?? 0) : (Number(hour) % 12) + (isAfternoon ? 12 : 0);
	if (half !== undefined && (Number(hour) < 1 || Number(hour) > 12)) return undefined;
	const ticks = ticksOf([year, month, day, clock.toString(), minute, second]);
	return ticks === undefined ? undefined : new DateTimeValue(ticks, 'Unspecified');
}

function parseRfc1123(text: string): DateTimeValue | undefined {
	const match = rfc1123.exec(text);
	if (match === null) return undefined;
	const [, day, name = '', year, hour, minute, second] = match;
	const month = months.indexOf(name.toLowerCase()) + 1;
	const ticks = ticksOf([year, month.toString(), day, hour, minute, second]);
	return ticks === undefined ? undefined : new DateTimeValue(ticks, 'Local');
}

function ticksOf(parts: readonly (string | undefined)[]): bigint | undefined {
	const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0));
	return dateTicks(year, month, day, hour, minute, second);
}

/** Ticks of a date of the calendar and a time of the day; undefined for one that does not exist. */
export function dateTicks(
	year: number,
	month: number,
	day: number,
	hour = 0,
	minute = 0,
	second = 0,
): bigint | undefined {
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;
	const date = new Date(0);
	date.setUTCFullYear(year, month - 1, day);
	const days = BigInt(Math.round(date.getTime() / 86_400_000)) + 719_162n;
	return days * ticksPerDay + BigInt(hour * 3600 + minute * 60 + second) * ticksPerSecond;
}

export function daysInMonth(year: number, month: number): number {
	const date = new Date(0);
	date.setUTCFullYear(year, month, 0);
	return date.getUTCDate();
}

/** `[-][d.]hh:mm[:ss[.fffffff]]` or a number of days; undefined for what is none. */
export function parseTimeSpan(text: string): TimeSpanValue | undefined {
	const match = /^(-?)(?:([0-9]{1,8})\.)?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,7}))?)?$/.exec(
		text.trim(),
	);
	const whole = /^(-?)([0-9]{1,8})$/.exec(text.trim());
	if (whole !== null) return new TimeSpanValue(BigInt(`${whole[1]}${whole[2]}`) * ticksPerDay);
	if (match === null) return undefined;
	const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = ''] = match;
	if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
	const clock = BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
	const ticks = BigInt(days) * ticksPerDay + clock * ticksPerSecond + BigInt(fraction.padEnd(7, '0'));
	return new TimeSpanValue(sign === '-' ? -ticks : ticks);
}
