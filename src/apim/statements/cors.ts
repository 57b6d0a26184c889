/** `cors`: from which pages browsers may send requests here (Fetch Standard, "CORS protocol"). */
import { isFieldName } from '#formats/header-value';
import type { PolicyElement } from '../policy-text/document.ts';
import type { Reading } from './reading.ts';
import type { Cors } from './statement.ts';
import type { TextValue } from './value.ts';

export function readCors(element: PolicyElement, reading: Reading): Cors | undefined {
	const lists = ['allowed-origins', 'allowed-methods', 'allowed-headers', 'expose-headers'];
	reading.expect(element, ['allow-credentials', 'terminate-unmatched-request'], lists);
	if (!element.children.some(({ name }) => name === 'allowed-origins')) {
		return reading.error('element_missing', element.position, '<cors> without <allowed-origins>');
	}
	const origins = reading.list(element, 'allowed-origins', 'origin').map((value) => normal(value, reading));
	const credentials = reading.boolean(element, 'allow-credentials', false);
	const any = origins.find((value) => value.kind === 'constant' && value.text === '*');
	if (any !== undefined && credentials.kind === 'constant' && credentials.value) {
		return reading.error(
			'cors_any_origin',
			any.position,
			'allow-credentials with the origin *: every page could act as whoever visits it, so name the origins',
		);
	}
	const { methods, maxAge } = readMethods(element, reading);
	return {
		kind: 'cors',
		credentials,
		terminates: reading.boolean(element, 'terminate-unmatched-request', true),
		origins,
		methods,
		maxAge,
		headers: readNames(element, 'allowed-headers', reading),
		exposed: readNames(element, 'expose-headers', reading),
	};
}

/** A constant origin as browsers write it (RFC 6454 §6.1). */
function normal(value: TextValue, reading: Reading): TextValue {
	if (value.kind === 'expression' || value.text === '*') return value;
	const origin = originOf(value.text);
	if (origin === undefined) {
		const message = `${value.text} is no origin: expected * or scheme, host and perhaps port, such as https://example.com`;
		reading.error('value_invalid', value.position, message);
	}
	return { ...value, text: origin ?? '' };
}

/** Undefined for what is none. */
export function originOf(text: string): string | undefined {
	if (!/^https?:\/\/[^/?#@\\*\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
	return new URL(text).origin;
}

function readMethods(element: PolicyElement, reading: Reading): Pick<Cors, 'methods' | 'maxAge'> {
	const holder = reading.only(element, 'allowed-methods');
	if (holder === undefined) return { methods: ['GET', 'POST'], maxAge: { kind: 'constant', value: 0 } };
	reading.expect(holder, ['preflight-result-max-age'], ['method']);
	const maxAge = reading.number(holder, 'preflight-result-max-age', 0, { least: 0, most: 2_147_483_647 });
	if (holder.children.length === 0) {
		reading.error('list_empty', holder.position, '<allowed-methods> without any <method>');
	}
	return { methods: constants(holder, 'method', reading), maxAge };
}

function readNames(element: PolicyElement, list: string, reading: Reading): readonly string[] {
	const holder = reading.only(element, list);
	if (holder === undefined) return [];
	reading.expect(holder, [], ['header']);
	return constants(holder, 'header', reading);
}

/** Tokens (RFC 9110 §5.6.2); `*` is one. */
function constants(holder: PolicyElement, item: string, reading: Reading): readonly string[] {
	return holder.children.flatMap((child) => {
		if (child.name !== item) return [];
		reading.expectText(child, []);
		const value = reading.text(child);
		if (value === undefined) return [];
		if (value.kind === 'expression') {
			return (
				reading.error('expression_not_allowed', value.position, `a ${item} of <cors> cannot be an expression`) ?? []
			);
		}
		if (isFieldName(value.text)) return [value.text];
		return reading.error('value_invalid', value.position, `${value.text} is no ${item}`) ?? [];
	});
}
