/** `check-header`, `set-header` and `set-query-parameter`. */
import { isFieldName } from '#formats/header-value';
import type { PolicyElement } from '../policy-text/document.ts';
import type { Reading } from './reading.ts';
import { type CheckHeader, existsActions, type SetHeader, type SetQueryParameter } from './statement.ts';
import type { TextValue } from './value.ts';

export function readCheckHeader(element: PolicyElement, reading: Reading): CheckHeader | undefined {
	reading.expect(element, ['name', 'failed-check-httpcode', 'failed-check-error-message', 'ignore-case'], ['value']);
	const name = reading.required(element, 'name');
	if (name === undefined) return undefined;
	return {
		kind: 'check-header',
		name,
		status: reading.number(element, 'failed-check-httpcode', 401, { least: 200, most: 599 }),
		message: reading.attribute(element, 'failed-check-error-message', { braces: true }),
		ignoreCase: reading.boolean(element, 'ignore-case', false),
		values: readValues(element, reading),
	};
}

/** Fields that belong to the connection or to the framing of a message, which are the gateway's (RFC 9110 §7.6.1, §8.6). */
const unsettable = new Set([
	'connection',
	'content-length',
	'expect',
	'host',
	'keep-alive',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

/** Whether a policy may write a field of this name. */
export function isSettable(name: string): boolean {
	return isFieldName(name) && !unsettable.has(name.toLowerCase());
}

export function readSetHeader(element: PolicyElement, reading: Reading): SetHeader | undefined {
	reading.expect(element, ['name', 'exists-action'], ['value']);
	const name = reading.requiredConstant(element, 'name');
	const action = reading.word(element, 'exists-action', existsActions, 'override');
	const values = readValues(element, reading);
	if (name === undefined) return undefined;
	if (!isFieldName(name)) return reading.error('value_invalid', element.position, `${name} is no header name`);
	if (unsettable.has(name.toLowerCase())) {
		return reading.error('header_unsettable', element.position, `${name} belongs to the connection: it cannot be set`);
	}
	if (!hasFitting(values, element, action, reading)) return undefined;
	return { kind: 'set-header', name, action, values };
}

export function readSetQueryParameter(element: PolicyElement, reading: Reading): SetQueryParameter | undefined {
	reading.expect(element, ['name', 'exists-action'], ['value']);
	const name = reading.required(element, 'name');
	const action = reading.word(element, 'exists-action', existsActions, 'override');
	const values = readValues(element, reading);
	if (name === undefined || !hasFitting(values, element, action, reading)) return undefined;
	return { kind: 'set-query-parameter', name, action, values };
}

function hasFitting(values: readonly TextValue[], element: PolicyElement, action: string, reading: Reading): boolean {
	if (action === 'delete' || values.length > 0) return true;
	// A value that could not be read was reported.
	if (!element.children.some(({ name }) => name === 'value')) {
		reading.error('value_missing', element.position, `<${element.name}> needs a <value>`);
	}
	return false;
}

/** An empty `<value/>` is the empty text. */
function readValues(element: PolicyElement, reading: Reading): readonly TextValue[] {
	return element.children.flatMap((child): readonly TextValue[] => {
		if (child.name !== 'value') return [];
		reading.expectText(child, []);
		if (child.text === undefined) return [{ kind: 'constant', text: '', position: child.position }];
		const value = reading.value(child.text, { braces: true });
		return value === undefined ? [] : [value];
	});
}
