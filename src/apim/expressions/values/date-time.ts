/** Points in time and spans, in ticks of 100 nanoseconds as System.DateTime counts them. Local time is UTC. */

export const ticksPerSecond = 10_000_000n;
export const ticksPerDay = 86_400n * ticksPerSecond;
const ticksPerMillisecond = 10_000n;
/** Ticks from the year 1 to 1970. */
const unixEpoch = 621_355_968_000_000_000n;
const lastTick = 3_155_378_975_999_999_999n;

export type DateKind = 'Unspecified' | 'Utc' | 'Local';

export class DateTimeValue {
	/** `DateTimeOffset` has an offset to UTC, in ticks; its `ticks` are those of its own clock. */
	readonly kind: 'DateTime' | 'DateTimeOffset';
	readonly ticks: bigint;
	readonly dateKind: DateKind;
	readonly offset: bigint;

	constructor(ticks: bigint, dateKind: DateKind, kind: 'DateTime' | 'DateTimeOffset' = 'DateTime', offset = 0n) {
		this.ticks = ticks;
		this.dateKind = dateKind;
		this.kind = kind;
		this.offset = offset;
	}
}

export class TimeSpanValue {
	readonly kind = 'TimeSpan';
	readonly ticks: bigint;

	constructor(ticks: bigint) {
		this.ticks = ticks;
	}
}

export class GuidValue {
	readonly kind = 'Guid';
	/** 32 lower-case digits in the groups 8-4-4-4-12. */
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

export function isTick(ticks: bigint): boolean {
	return ticks >= 0n && ticks <= lastTick;
}

/** Milliseconds since 1970 as a time in UTC; fractions of a millisecond are dropped. */
export function fromUnixMilliseconds(milliseconds: number): DateTimeValue {
	return new DateTimeValue(unixEpoch + BigInt(Math.floor(milliseconds)) * ticksPerMillisecond, 'Utc');
}

export function fromUnixSeconds(seconds: bigint): bigint {
	return unixEpoch + seconds * ticksPerSecond;
}

export function toUnixTicks(ticks: bigint): bigint {
	return ticks - unixEpoch;
}

/** Whole milliseconds since 1970, and the ticks that are left. */
export function toUnixMilliseconds(ticks: bigint): number {
	const since = ticks - unixEpoch;
	const floor = since < 0n && since % ticksPerMillisecond !== 0n ? 1n : 0n;
	return Number(since / ticksPerMillisecond - floor);
}
