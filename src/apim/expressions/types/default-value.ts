/** `default(T)`: null, zero, or the first moment (ECMA-334 §9.3). */
import { DateTimeValue, GuidValue, TimeSpanValue } from '../values/date-time.ts';
import { CharValue } from '../values/plain.ts';
import { castNumber } from '../values/to-number.ts';
import type { Value } from '../values/value.ts';
import { holdsNull, isNumeric, type NumericName, type Type } from './type.ts';

export function defaultValue(of: Type): Value {
	if (holdsNull(of)) return null;
	if (isNumeric(of)) return castNumber(0, of.name as NumericName);
	switch (of.name) {
		case 'bool':
			return false;
		case 'char':
			return new CharValue(0);
		case 'DateTime':
			return new DateTimeValue(0n, 'Unspecified');
		case 'DateTimeOffset':
			return new DateTimeValue(0n, 'Utc', 'DateTimeOffset');
		case 'TimeSpan':
			return new TimeSpanValue(0n);
		case 'Guid':
			return new GuidValue('00000000-0000-0000-0000-000000000000');
		default:
			return null;
	}
}
