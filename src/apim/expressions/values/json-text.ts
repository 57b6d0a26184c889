/** JSON as Newtonsoft writes it: indented by two, no escapes beyond those that JSON needs. */
import { formatDateTime, timeSpanText } from './format-time.ts';
import type { JsonToken } from './json.ts';
import { DecimalValue, NumberValue } from './number.ts';
import { numberText } from './number-text.ts';
import type { Scalar } from './value.ts';

export function jsonText(token: JsonToken, isIndented: boolean): string {
	return write(token, isIndented ? '\n' : '');
}

/** `lineBreak` is the line break with the indentation that the token stands at; empty for one line. */
function write(token: JsonToken, lineBreak: string): string {
	const inner = lineBreak === '' ? '' : `${lineBreak}  `;
	switch (token.kind) {
		case 'JValue':
			return scalarText(token.value);
		case 'JProperty':
			return `${JSON.stringify(token.name)}:${lineBreak === '' ? '' : ' '}${write(token.value, lineBreak)}`;
		case 'JArray':
			return bracket(
				'[',
				']',
				token.items.map((item) => inner + write(item, inner)),
				lineBreak,
			);
		case 'JObject': {
			const members = [...token.members].map(
				([name, value]) => `${inner}${JSON.stringify(name)}:${lineBreak === '' ? '' : ' '}${write(value, inner)}`,
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
