/**
 * Named values: `{{name}}` in attributes and texts, in expressions too. They are filled in after the file was taken apart,
 * so that no value can add an element, and none can end the string of an expression in which it stands.
 */
import type { PolicyValue } from '../policy-text/document.ts';
import { beginsExpression, findExpression } from '../policy-text/expression-end.ts';

export type Filled =
	| { readonly kind: 'constant'; readonly text: string }
	| { readonly kind: 'expression'; readonly code: string; readonly form: '(' | '{' }
	| { readonly problem: string; readonly rule: string };

/** API Management: letters, digits, `.`, `-` and `_`. */
const reference = /\{\{\s*([A-Za-z0-9._-]{1,256})\s*\}\}/g;

/** Names of the named values in `text`. */
export function namedValuesIn(text: string): readonly string[] {
	return [...text.matchAll(reference)].map(([, name]) => name ?? '');
}

/** A value is filled in once: what it holds is not looked through again. A constant that is one expression becomes it. */
export function fillNamedValues(value: PolicyValue, values: ReadonlyMap<string, string>): Filled {
	const text = value.kind === 'constant' ? value.text : value.code;
	if (!text.includes('{{')) return value;
	let missing: string | undefined;
	let unfit: string | undefined;
	const filled = text.replaceAll(reference, (whole, name: string) => {
		const found = values.get(name);
		if (found === undefined) {
			missing ??= name;
			return whole;
		}
		// Within code a value must be what it looks like: no quote that ends a string, no brace of an interpolation.
		if (value.kind === 'expression' && /["'\\{}\r\n]/.test(found)) unfit ??= name;
		return found;
	});
	if (missing !== undefined)
		return { problem: `the named value ${missing} is not defined`, rule: 'named_value_unknown' };
	if (unfit !== undefined) {
		return {
			problem: `the named value ${unfit} holds a quote, a backslash, a brace or a line break, and stands in an expression`,
			rule: 'named_value_unfit',
		};
	}
	if (value.kind === 'expression') return { kind: 'expression', code: filled, form: value.form };
	const trimmed = filled.trim();
	if (!beginsExpression(trimmed)) return { kind: 'constant', text: filled };
	const found = findExpression(trimmed, 0);
	if (typeof found === 'string' || found.end !== trimmed.length) {
		return { problem: 'a named value gives an expression that has no end, or text behind it', rule: 'expression' };
	}
	return { kind: 'expression', code: found.code, form: found.form };
}
