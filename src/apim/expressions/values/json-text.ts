/** JSON as Newtonsoft writes it: indented by two, no escapes beyond those that JSON needs. */
import { BudgetExhausted } from '../run/run.ts';
import { formatDateTime, timeSpanText } from './format-time.ts';
import type { JsonToken } from './json.ts';
import { DecimalValue, NumberValue } from './number.ts';
import { numberText } from './number-text.ts';
import type { Scalar } from './value.ts';

/** One token may stand in many places, so that a small value can have a long text. */
const maxLength = 2_000_000;

interface Left {
	characters: number;
}

function spend(left: Left, characters: number): void {
	left.characters -= characters;
	if (left.characters < 0) throw new BudgetExhausted('made');
}

function spent(text: string, left: Left): string {
	spend(left, text.length);
	return text;
}

export function jsonText(token: JsonToken, isIndented: boolean): string {
	return write(token, isIndented ? '\n' : '', { characters: maxLength });
}

/** `lineBreak` is the line break with the indentation that the token stands at; empty for one line. */
function write(token: JsonToken, lineBreak: string, left: Left): string {
	spend(left, 8 + lineBreak.length);
	const inner = lineBreak === '' ? '' : `${lineBreak}  `;
	switch (token.kind) {
		case 'JValue':
			return spent(scalarText(token.value), left);
		case 'JProperty':
			return `${JSON.stringify(token.name)}:${lineBreak === '' ? '' : ' '}${write(token.value, lineBreak, left)}`;
		case 'JArray':
			return bracket(
				'[',
				']',
				token.items.map((item) => inner + write(item, inner, left)),
				lineBreak,
			);
		case 'JObject': {
			const members = [...token.members].map(
				([name, value]) => `${inner}${JSON.stringify(name)}:${lineBreak === '' ? '' : ' '}${write(value, inner, left)}`,
			);
			return bracket('{', '}', members, lineBreak);
		}
	}
}

function bracket(open: string, close: string, parts: readonly string[], lineBreak: string): string {
	return parts.length === 0 ? open + close : open + parts.join(',') + lineBreak + close;
}

function scalarText(value: Scalar): string {
	if (value === null) return 'null';
	if (typeof value === 'boolean') return value ? 'true' : 'false';
	if (typeof value === 'string') return JSON.stringify(value);
	if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
	if (value.kind === 'DateTime' || value.kind === 'DateTimeOffset') return JSON.stringify(formatDateTime(value, 'K'));
	if (value instanceof NumberValue || value instanceof DecimalValue) return withPoint(numberText(value), value.kind);
	if (value.kind === 'ulong') return value.value.toString();
	return JSON.stringify(value.kind === 'Guid' ? value.text : timeSpanText(value.ticks));
}

/** A real number keeps its point: `1.0`. */
function withPoint(text: string, kind: string): string {
	const isReal = kind === 'double' || kind === 'float' || kind === 'decimal';
	if (/^-?(?:NaN|Infinity)$/.test(text)) return JSON.stringify(text);
	return isReal && !/[.E]/.test(text) ? `${text}.0` : text;
}
