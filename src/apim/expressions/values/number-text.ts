/** Numbers as texts. */
import { decimalText } from './decimal.ts';
import { type AnyNumber, DecimalValue, NumberValue } from './number.ts';

/** The shortest text that reads as the same number again, as .NET Core 3.0 and later write it. */
export function numberText(value: AnyNumber): string {
	if (value instanceof DecimalValue) return decimalText(value);
	if (!(value instanceof NumberValue)) return typeof value === 'object' ? value.value.toString() : value.toString();
	if (value.kind === 'float') return realText(value.value, shortestFloat(value.value));
	return value.kind === 'double' ? realText(value.value, value.value.toExponential()) : value.value.toString();
}

function shortestFloat(value: number): string {
	for (let digits = 0; digits < 9; digits++) {
		const text = value.toExponential(digits);
		if (Math.fround(Number(text)) === value) return text;
	}
	return value.toExponential();
}

/** `exponential` is `d.ddde±x` of the digits that count. */
function realText(value: number, exponential: string): string {
	if (Number.isNaN(value)) return 'NaN';
	if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
	if (value === 0) return Object.is(value, -0) ? '-0' : '0';
	const [mantissa = '', power = '0'] = exponential.split('e');
	const exponent = Number(power);
	if (exponent >= 15 || exponent < -4) {
		return `${mantissa}E${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(2, '0')}`;
	}
	const sign = mantissa.startsWith('-') ? '-' : '';
	const digits = mantissa.replace(/[-.]/g, '');
	if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
	const padded = digits.padEnd(exponent + 1, '0');
	const fraction = padded.slice(exponent + 1);
	return `${sign}${padded.slice(0, exponent + 1)}${fraction === '' ? '' : `.${fraction}`}`;
}
