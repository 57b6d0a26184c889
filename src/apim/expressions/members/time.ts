/** DateTime, DateTimeOffset, TimeSpan and Guid. */
import type { Run } from '../run/run.ts';
import {
	DateTimeValue,
	fromUnixMilliseconds,
	fromUnixSeconds,
	GuidValue,
	isTick,
	TimeSpanValue,
	ticksPerDay,
	ticksPerSecond,
	toUnixMilliseconds,
	toUnixTicks,
} from '../values/date-time.ts';
import { argumentRange, badFormat, overflow } from '../values/exception.ts';
import { formatDateTime } from '../values/format-time.ts';
import { NumberValue } from '../values/number.ts';
import { dateTicks, daysInMonth, parseDateTime, parseTimeSpan } from '../values/parse-time.ts';
import type { EnumValue } from '../values/plain.ts';
import { instant, shiftTime } from '../values/shift-time.ts';
import { enumValue } from './enums.ts';
import type { Out } from './signature.ts';
import type { MemberTable } from './table.ts';

const hour = 3600n * ticksPerSecond;
const minute = 60n * ticksPerSecond;
const millisecond = ticksPerSecond / 1000n;
const units = {
	Days: ticksPerDay,
	Hours: hour,
	Minutes: minute,
	Seconds: ticksPerSecond,
	Milliseconds: millisecond,
} as const;

export function addTimeMembers(table: MemberTable): void {
	for (const name of ['DateTime', 'DateTimeOffset'] as const) addShared(table, name);
	addDateTime(table);
	addOffset(table);
	addTimeSpan(table);
	addGuid(table);
}

function date(time: DateTimeValue): Date {
	return new Date(toUnixMilliseconds(time.ticks));
}

function scaled(value: NumberValue, unit: bigint): bigint {
	const ticks = value.value * Number(unit);
	if (!(Math.abs(ticks) < 2 ** 63)) throw overflow();
	return BigInt(Math.round(ticks));
}

function addShared(table: MemberTable, name: 'DateTime' | 'DateTimeOffset'): void {
	const shift = (unit: bigint) => (_: Run, time: DateTimeValue, by: NumberValue) => shiftTime(time, scaled(by, unit));
	table.add(name, {
		[`${name} AddDays(double value)`]: shift(ticksPerDay),
		[`${name} AddHours(double value)`]: shift(hour),
		[`${name} AddMinutes(double value)`]: shift(minute),
		[`${name} AddSeconds(double value)`]: shift(ticksPerSecond),
		[`${name} AddMilliseconds(double value)`]: shift(millisecond),
		[`${name} AddTicks(long value)`]: (_: Run, time: DateTimeValue, by: bigint) => shiftTime(time, by),
		[`${name} AddMonths(int months)`]: (_: Run, time: DateTimeValue, by: number) => addMonths(time, by),
		[`${name} AddYears(int value)`]: (_: Run, time: DateTimeValue, by: number) => addMonths(time, by * 12),
		[`${name} Add(TimeSpan value)`]: (_: Run, time: DateTimeValue, by: TimeSpanValue) => shiftTime(time, by.ticks),
		[`${name} Subtract(TimeSpan value)`]: (_: Run, time: DateTimeValue, by: TimeSpanValue) =>
			shiftTime(time, -by.ticks),
		[`TimeSpan Subtract(${name} value)`]: (_: Run, a: DateTimeValue, b: DateTimeValue) =>
			new TimeSpanValue(instant(a) - instant(b)),
		[`int CompareTo(${name} value)`]: (_: Run, a: DateTimeValue, b: DateTimeValue) => compare(a, b),
		[`static int Compare(${name} t1, ${name} t2)`]: (_: Run, a: DateTimeValue, b: DateTimeValue) => compare(a, b),
		'int Year': (_: Run, time: DateTimeValue) => date(time).getUTCFullYear(),
		'int Month': (_: Run, time: DateTimeValue) => date(time).getUTCMonth() + 1,
		'int Day': (_: Run, time: DateTimeValue) => date(time).getUTCDate(),
		'int Hour': (_: Run, time: DateTimeValue) => date(time).getUTCHours(),
		'int Minute': (_: Run, time: DateTimeValue) => date(time).getUTCMinutes(),
		'int Second': (_: Run, time: DateTimeValue) => date(time).getUTCSeconds(),
		'int Millisecond': (_: Run, time: DateTimeValue) => date(time).getUTCMilliseconds(),
		'long Ticks': (_: Run, time: DateTimeValue) => time.ticks,
		'DayOfWeek DayOfWeek': (_: Run, time: DateTimeValue) => enumValue('DayOfWeek', date(time).getUTCDay()),
		'TimeSpan TimeOfDay': (_: Run, time: DateTimeValue) => new TimeSpanValue(time.ticks % ticksPerDay),
	});
}

function compare(a: DateTimeValue, b: DateTimeValue): number {
	const difference = instant(a) - instant(b);
	return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function addMonths(time: DateTimeValue, by: number): DateTimeValue {
	const from = date(time);
	const months = from.getUTCFullYear() * 12 + from.getUTCMonth() + by;
	const year = Math.floor(months / 12);
	const month = (months % 12) + 1;
	const day = dateTicks(
		year,
		month,
		Math.min(from.getUTCDate(), year >= 1 && year <= 9999 ? daysInMonth(year, month) : 0),
	);
	if (day === undefined) throw argumentRange('months');
	return new DateTimeValue(day + (time.ticks % ticksPerDay), time.dateKind, time.kind, time.offset);
}

function addDateTime(table: MemberTable): void {
	const make = (parts: readonly number[], kind: EnumValue | undefined): DateTimeValue => {
		const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = parts;
		const ticks = dateTicks(year, month, day, hours, minutes, seconds);
		if (ticks === undefined) throw argumentRange('year');
		return new DateTimeValue(ticks, (kind?.member ?? 'Unspecified') as DateTimeValue['dateKind']);
	};
	const parse = (text: string): DateTimeValue => {
		const time = parseDateTime(text);
		if (time === undefined) throw badFormat(`String '${text}' was not recognized as a valid DateTime.`);
		return time;
	};
	table.add('DateTime', {
		'static DateTime UtcNow': (run: Run) => fromUnixMilliseconds(run.context.now()),
		'static DateTime Now': (run: Run) => new DateTimeValue(fromUnixMilliseconds(run.context.now()).ticks, 'Local'),
		'static DateTime Today': (run: Run) => {
			const { ticks } = fromUnixMilliseconds(run.context.now());
			return new DateTimeValue(ticks - (ticks % ticksPerDay), 'Local');
		},
		'static DateTime MinValue': () => new DateTimeValue(0n, 'Unspecified'),
		'static DateTime MaxValue': () => new DateTimeValue(3_155_378_975_999_999_999n, 'Unspecified'),
		'static DateTime UnixEpoch': () => fromUnixMilliseconds(0),
		'static DateTime new(int year, int month, int day)': (_: Run, ...parts: number[]) => make(parts, undefined),
		'static DateTime new(int year, int month, int day, int hour, int minute, int second)': (
			_: Run,
			...parts: number[]
		) => make(parts, undefined),
		'static DateTime new(int year, int month, int day, int hour, int minute, int second, DateTimeKind kind)': (
			_: Run,
			year: number,
			month: number,
			day: number,
			hours: number,
			minutes: number,
			seconds: number,
			kind: EnumValue,
		) => make([year, month, day, hours, minutes, seconds], kind),
		'static DateTime new(long ticks)': (_: Run, ticks: bigint) => {
			if (!isTick(ticks)) throw argumentRange('ticks');
			return new DateTimeValue(ticks, 'Unspecified');
		},
		'static DateTime Parse(string s)': (_: Run, text: string) => parse(text),
		'static DateTime Parse(string s, CultureInfo? provider)': (_: Run, text: string) => parse(text),
		'static bool TryParse(string? s, out DateTime result)': (_: Run, text: string | null, out: Out) => {
			const time = text === null ? undefined : parseDateTime(text);
			out.value = time ?? new DateTimeValue(0n, 'Unspecified');
			return time !== undefined;
		},
		'static DateTime SpecifyKind(DateTime value, DateTimeKind kind)': (_: Run, time: DateTimeValue, kind: EnumValue) =>
			new DateTimeValue(time.ticks, kind.member as DateTimeValue['dateKind']),
		'DateTime ToUniversalTime()': (_: Run, time: DateTimeValue) => new DateTimeValue(time.ticks, 'Utc'),
		'DateTime ToLocalTime()': (_: Run, time: DateTimeValue) => new DateTimeValue(time.ticks, 'Local'),
		'DateTime Date': (_: Run, time: DateTimeValue) =>
			new DateTimeValue(time.ticks - (time.ticks % ticksPerDay), time.dateKind),
		'DateTimeKind Kind': (_: Run, time: DateTimeValue) =>
			enumValue('DateTimeKind', { Unspecified: 0, Utc: 1, Local: 2 }[time.dateKind]),
		'string ToLongDateString()': (_: Run, time: DateTimeValue) => formatDateTime(time, 'D'),
		'string ToShortDateString()': (_: Run, time: DateTimeValue) => formatDateTime(time, 'd'),
	});
}

function addOffset(table: MemberTable): void {
	const offset = (ticks: bigint): DateTimeValue => {
		if (!isTick(ticks)) throw argumentRange('seconds');
		return new DateTimeValue(ticks, 'Utc', 'DateTimeOffset');
	};
	table.add('DateTimeOffset', {
		'static DateTimeOffset UtcNow': (run: Run) => offset(fromUnixMilliseconds(run.context.now()).ticks),
		'static DateTimeOffset Now': (run: Run) => offset(fromUnixMilliseconds(run.context.now()).ticks),
		'static DateTimeOffset FromUnixTimeSeconds(long seconds)': (_: Run, seconds: bigint) =>
			offset(fromUnixSeconds(seconds)),
		'static DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)': (_: Run, milliseconds: bigint) =>
			offset(fromUnixSeconds(0n) + milliseconds * millisecond),
		'static DateTimeOffset new(DateTime dateTime)': (_: Run, time: DateTimeValue) => offset(time.ticks),
		'long ToUnixTimeSeconds()': (_: Run, time: DateTimeValue) =>
			floorDivide(toUnixTicks(instant(time)), ticksPerSecond),
		'long ToUnixTimeMilliseconds()': (_: Run, time: DateTimeValue) =>
			floorDivide(toUnixTicks(instant(time)), millisecond),
		'DateTime UtcDateTime': (_: Run, time: DateTimeValue) => new DateTimeValue(instant(time), 'Utc'),
		'DateTime DateTime': (_: Run, time: DateTimeValue) => new DateTimeValue(time.ticks, 'Unspecified'),
		'DateTimeOffset ToUniversalTime()': (_: Run, time: DateTimeValue) => offset(instant(time)),
	});
}

function floorDivide(value: bigint, by: bigint): bigint {
	return value >= 0n || value % by === 0n ? value / by : value / by - 1n;
}

function addTimeSpan(table: MemberTable): void {
	for (const [name, unit] of Object.entries(units)) {
		table.add('TimeSpan', {
			[`static TimeSpan From${name}(double value)`]: (_: Run, value: NumberValue) =>
				new TimeSpanValue(scaled(value, unit)),
			[`double Total${name}`]: (_: Run, span: TimeSpanValue) =>
				new NumberValue('double', Number(span.ticks) / Number(unit)),
		});
	}
	const component = (unit: bigint, limit: bigint) => (_: Run, span: TimeSpanValue) =>
		Number((span.ticks / unit) % limit);
	table.add('TimeSpan', {
		'static TimeSpan Zero': () => new TimeSpanValue(0n),
		'static TimeSpan Parse(string s)': (_: Run, text: string) => {
			const span = parseTimeSpan(text);
			if (span === undefined) throw badFormat(`String '${text}' was not recognized as a valid TimeSpan.`);
			return span;
		},
		'static bool TryParse(string? s, out TimeSpan result)': (_: Run, text: string | null, out: Out) => {
			const span = text === null ? undefined : parseTimeSpan(text);
			out.value = span ?? new TimeSpanValue(0n);
			return span !== undefined;
		},
		'static TimeSpan new(int hours, int minutes, int seconds)': (
			_: Run,
			hours: number,
			minutes: number,
			seconds: number,
		) => new TimeSpanValue(BigInt(hours * 3600 + minutes * 60 + seconds) * ticksPerSecond),
		'static TimeSpan new(int days, int hours, int minutes, int seconds)': (
			_: Run,
			days: number,
			hours: number,
			minutes: number,
			seconds: number,
		) => new TimeSpanValue(BigInt(days * 86_400 + hours * 3600 + minutes * 60 + seconds) * ticksPerSecond),
		'static TimeSpan new(long ticks)': (_: Run, ticks: bigint) => new TimeSpanValue(ticks),
		'int Days': (_: Run, span: TimeSpanValue) => Number(span.ticks / ticksPerDay),
		'int Hours': component(hour, 24n),
		'int Minutes': component(minute, 60n),
		'int Seconds': component(ticksPerSecond, 60n),
		'int Milliseconds': component(millisecond, 1000n),
		'long Ticks': (_: Run, span: TimeSpanValue) => span.ticks,
		'TimeSpan Add(TimeSpan ts)': (_: Run, a: TimeSpanValue, b: TimeSpanValue) => new TimeSpanValue(a.ticks + b.ticks),
		'TimeSpan Subtract(TimeSpan ts)': (_: Run, a: TimeSpanValue, b: TimeSpanValue) =>
			new TimeSpanValue(a.ticks - b.ticks),
		'TimeSpan Negate()': (_: Run, span: TimeSpanValue) => new TimeSpanValue(-span.ticks),
	});
}

function parseGuid(text: string): GuidValue | undefined {
	const digits = text.trim().replace(/^[{(]|[)}]$/g, '');
	const isGuid = /^(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i.test(digits);
	const plain = digits.replaceAll('-', '').toLowerCase();
	return isGuid ? new GuidValue(plain.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')) : undefined;
}

function addGuid(table: MemberTable): void {
	const parse = (text: string): GuidValue => {
		const guid = parseGuid(text);
		if (guid === undefined) throw badFormat('Unrecognized Guid format.');
		return guid;
	};
	table.add('Guid', {
		'static Guid Empty': () => new GuidValue('00000000-0000-0000-0000-000000000000'),
		'static Guid NewGuid()': (run: Run) => {
			const digits = Array.from({ length: 32 }, () => Math.floor(run.context.random() * 16).toString(16)).join('');
			const variant = (8 + (Number.parseInt(digits.charAt(16), 16) % 4)).toString(16);
			return parse(`${digits.slice(0, 12)}4${digits.slice(13, 16)}${variant}${digits.slice(17)}`);
		},
		'static Guid Parse(string input)': (_: Run, text: string) => parse(text),
		'static Guid new(string g)': (_: Run, text: string) => parse(text),
		'static bool TryParse(string? input, out Guid result)': (_: Run, text: string | null, out: Out) => {
			const guid = text === null ? undefined : parseGuid(text);
			out.value = guid ?? new GuidValue('00000000-0000-0000-0000-000000000000');
			return guid !== undefined;
		},
	});
}
