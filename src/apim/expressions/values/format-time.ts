/** Times as texts: the standard and the custom formats of .NET in the invariant culture. */

import { type DateTimeValue, ticksPerDay, ticksPerSecond, toUnixMilliseconds } from './date-time.ts';
import { badFormat } from './exception.ts';

const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const months = 'January February March April May June July August September October November December'.split(' ');

/** Standard formats as custom ones. */
const standard: Readonly<Record<string, string>> = {
	'': 'MM/dd/yyyy HH:mm:ss',
	G: 'MM/dd/yyyy HH:mm:ss',
	g: 'MM/dd/yyyy HH:mm',
	d: 'MM/dd/yyyy',
	D: 'dddd, dd MMMM yyyy',
	f: 'dddd, dd MMMM yyyy HH:mm',
	F: 'dddd, dd MMMM yyyy HH:mm:ss',
	t: 'HH:mm',
	T: 'HH:mm:ss',
	s: "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
	u: "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
	o: "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
	O: "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
	r: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
	R: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
	M: 'MMMM dd',
	m: 'MMMM dd',
	y: 'yyyy MMMM',
	Y: 'yyyy MMMM',
	/** Ours: as JSON writes it. */
	K: "yyyy'-'MM'-'dd'T'HH':'mm':'ssFFFFFFFK",
};

const part =
	/'([^']*)'|"([^"]*)"|\\(.)|%|d{1,4}|f{1,7}|F{1,7}|h{1,2}|H{1,2}|m{1,2}|M{1,4}|s{1,2}|t{1,2}|y{1,5}|z{1,3}|K|g{1,2}|[^'"]/g;

/** Throws a FormatException for a format that is none. */
export function formatDateTime(value: DateTimeValue, format: string): string {
	const offset = value.kind === 'DateTimeOffset';
	const usual = offset && format === '' ? 'MM/dd/yyyy HH:mm:ss zzz' : undefined;
	const custom = usual ?? (Object.hasOwn(standard, format) ? standard[format] : format);
	if (custom === undefined || (custom.length === 1 && /[A-Za-z]/.test(custom))) throw badFormat();
	const date = new Date(toUnixMilliseconds(value.ticks));
	let text = '';
	for (const match of custom.matchAll(part)) {
		const [word] = match;
		const literal = match[1] ?? match[2] ?? match[3];
		text += literal ?? field(word, date, value);
	}
	// A fraction that is not shown takes its point with it.
	return text.replace(/\.\0/g, '').replaceAll('\0', '');
}

function field(word: string, date: Date, value: DateTimeValue): string {
	const hour = date.getUTCHours();
	const fraction = (value.ticks % ticksPerSecond).toString().padStart(7, '0');
	switch (word.charAt(0)) {
		case 'd':
			if (word.length > 2) return short(days[date.getUTCDay()] ?? '', word.length === 3);
			return number(date.getUTCDate(), word.length);
		case 'M':
			if (word.length > 2) return short(months[date.getUTCMonth()] ?? '', word.length === 3);
			return number(date.getUTCMonth() + 1, word.length);
		case 'y':
			return number(word.length <= 2 ? date.getUTCFullYear() % 100 : date.getUTCFullYear(), word.length);
		case 'H':
			return number(hour, word.length);
		case 'h':
			return number(hour % 12 === 0 ? 12 : hour % 12, word.length);
		case 'm':
			return number(date.getUTCMinutes(), word.length);
		case 's':
			return number(date.getUTCSeconds(), word.length);
		case 't':
			return (hour < 12 ? 'AM' : 'PM').slice(0, word.length);
		case 'f':
			return fraction.slice(0, word.length);
		case 'F':
			return fraction.slice(0, word.length).replace(/0+$/, '') || '\0';
		case 'z':
			return offsetText(value, word.length);
		case 'K':
			if (value.kind === 'DateTimeOffset') return offsetText(value, 3);
			return value.dateKind === 'Utc' ? 'Z' : value.dateKind === 'Local' ? '+00:00' : '';
		case 'g':
			return 'A.D.';
		case '%':
			return '';
		default:
			return word;
	}
}

function short(word: string, isShort: boolean): string {
	return isShort ? word.slice(0, 3) : word;
}

function number(value: number, width: number): string {
	return value.toString().padStart(width, '0');
}

function offsetText(value: DateTimeValue, length: number): string {
	const minutes = Number(value.offset / (60n * ticksPerSecond));
	const sign = minutes < 0 ? '-' : '+';
	const hours = number(Math.trunc(Math.abs(minutes) / 60), length === 1 ? 1 : 2);
	return length < 3 ? sign + hours : `${sign}${hours}:${number(Math.abs(minutes) % 60, 2)}`;
}

/** `[-][d.]hh:mm:ss[.fffffff]`. */
export function timeSpanText(ticks: bigint): string {
	const size = ticks < 0n ? -ticks : ticks;
	const whole = size / ticksPerDay;
	const seconds = Number((size % ticksPerDay) / ticksPerSecond);
	const fraction = size % ticksPerSecond;
	const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
		.map((each) => number(each, 2))
		.join(':');
	const tail = fraction === 0n ? '' : `.${fraction.toString().padStart(7, '0')}`;
	return `${ticks < 0n ? '-' : ''}${whole === 0n ? '' : `${whole}.`}${clock}${tail}`;
}
