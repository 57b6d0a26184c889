/** Arithmetic by type (ECMA-334 §12.10): integers wrap, as in an unchecked context; division by zero throws. */
import type { NumericName } from '../types/type.ts';
import { addDecimal, compareDecimal, divideDecimal, multiplyDecimal, remainderDecimal } from './decimal.ts';
import { exception } from './exception.ts';
import { type AnyNumber, DecimalValue, NumberValue, toInteger, toNumber } from './number.ts';
import { castNumber } from './to-number.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
type Operation = (a: AnyNumber, b: AnyNumber) => AnyNumber;

export function divideByZero(): Error {
	return exception('DivideByZeroException', 'Attempted to divide by zero.');
}

function int(operator: ArithmeticOperator): Operation {
	const operations: Record<ArithmeticOperator, (a: number, b: number) => number> = {
		'+': (a, b) => (a + b) | 0,
		'-': (a, b) => (a - b) | 0,
		'*': Math.imul,
		'/': (a, b) => {
			if (b === 0) throw divideByZero();
			if (b === -1 && a === -2147483648)
				throw exception('OverflowException', 'Arithmetic operation resulted in an overflow.');
			return (a / b) | 0;
		},
		'%': (a, b) => {
			if (b === 0) throw divideByZero();
			// Never the negative zero of JavaScript.
			return (a % b) | 0;
		},
	};
	return operations[operator] as Operation;
}

function whole(operator: ArithmeticOperator, to: NumericName): Operation {
	return (first, second) => {
		const a = toInteger(first);
		const b = toInteger(second);
		if (b === 0n && (operator === '/' || operator === '%')) throw divideByZero();
		switch (operator) {
			case '+':
				return castNumber(a + b, to);
			case '-':
				return castNumber(a - b, to);
			case '*':
				return castNumber(a * b, to);
			case '/':
				return castNumber(a / b, to);
			case '%':
				return castNumber(a % b, to);
		}
	};
}

function real(operator: ArithmeticOperator, kind: 'float' | 'double'): Operation {
	const operations: Record<ArithmeticOperator, (a: number, b: number) => number> = {
		'+': (a, b) => a + b,
		'-': (a, b) => a - b,
		'*': (a, b) => a * b,
		'/': (a, b) => a / b,
		'%': (a, b) => a % b,
	};
	const operation = operations[operator];
	return (a, b) => {
		const result = operation(toNumber(a), toNumber(b));
		return new NumberValue(kind, kind === 'float' ? Math.fround(result) : result);
	};
}

function decimal(operator: ArithmeticOperator): Operation {
	return (first, second) => {
		const a = first as DecimalValue;
		const b = second as DecimalValue;
		if (b.digits === 0n && (operator === '/' || operator === '%')) throw divideByZero();
		switch (operator) {
			case '+':
				return addDecimal(a, b);
			case '-':
				return addDecimal(a, new DecimalValue(-b.digits, b.scale));
			case '*':
				return multiplyDecimal(a, b);
			case '/':
				return divideDecimal(a, b);
			case '%':
				return remainderDecimal(a, b);
		}
	};
}

/** What `a operator b` does once both are of the type `of`: int, uint, long, ulong, float, double or decimal. */
export function arithmetic(operator: ArithmeticOperator, of: NumericName): Operation {
	if (of === 'int') return int(operator);
	if (of === 'decimal') return decimal(operator);
	return of === 'double' || of === 'float' ? real(operator, of) : whole(operator, of);
}

/** Negative, zero or positive; NaN when one of them is. Both are of one type. */
export function compareNumbers(a: AnyNumber, b: AnyNumber): number {
	if (typeof a === 'number' && typeof b === 'number') return a - b;
	if (a instanceof DecimalValue && b instanceof DecimalValue) return compareDecimal(a, b);
	if (a instanceof NumberValue && b instanceof NumberValue) return a.value === b.value ? 0 : a.value - b.value;
	const difference = toInteger(a) - toInteger(b);
	return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
