/** Moving times, and comparing those of different offsets. */
import { DateTimeValue, isTick, type TimeSpanValue } from './date-time.ts';
import { argumentRange } from './exception.ts';

/** Throws an ArgumentOutOfRangeException outside the years 1 to 9999. */
export function shiftTime(time: DateTimeValue, by: bigint): DateTimeValue {
	const ticks = time.ticks + by;
	if (!isTick(ticks)) throw argumentRange('value');
	return new DateTimeValue(ticks, time.dateKind, time.kind, time.offset);
}

/** Ticks by which two can be compared. */
export function instant(time: DateTimeValue | TimeSpanValue): bigint {
	return time instanceof DateTimeValue ? time.ticks - time.offset : time.ticks;
}
