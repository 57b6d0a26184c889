/** `set-variable`, `trace` and `authentication-managed-identity`. */
import type { PolicyElement } from '../policy-text/document.ts';
import type { Reading } from './reading.ts';
import type { AuthenticationManagedIdentity, SetVariable, Trace } from './statement.ts';
import type { TextValue } from './value.ts';

export function readSetVariable(element: PolicyElement, reading: Reading): SetVariable | undefined {
	reading.expect(element, ['name', 'value']);
	const name = reading.requiredConstant(element, 'name');
	if (!element.attributes.has('value')) {
		return reading.error('attribute_missing', element.position, '<set-variable> needs the attribute value');
	}
	const value = reading.attribute(element, 'value', { braces: true });
	return name === undefined || value === undefined ? undefined : { kind: 'set-variable', name, value };
}

export function readTrace(element: PolicyElement, reading: Reading): Trace {
	reading.expect(element, ['source', 'severity'], ['message', 'metadata']);
	reading.requiredConstant(element, 'source');
	const values: TextValue[] = [];
	for (const child of element.children) {
		if (child.name === 'message') {
			reading.expectText(child, []);
			const text = reading.text(child, { braces: true });
			if (text !== undefined) values.push(text);
		} else if (child.name === 'metadata') {
			reading.expect(child, ['name', 'value']);
			reading.required(child, 'name');
			const value = child.attributes.has('value')
				? reading.attribute(child, 'value', { braces: true })
				: reading.required(child, 'value');
			if (value !== undefined) values.push(value);
		}
	}
	return { kind: 'trace', values };
}

export function readAuthenticationManagedIdentity(
	element: PolicyElement,
	reading: Reading,
): AuthenticationManagedIdentity | undefined {
	reading.expect(element, ['resource', 'client-id', 'output-token-variable-name', 'ignore-error']);
	const resource = reading.requiredConstant(element, 'resource');
	const optional = (name: string) =>
		element.attributes.has(name) ? reading.requiredConstant(element, name) : undefined;
	const ignored = reading.boolean(element, 'ignore-error', false);
	if (ignored.kind === 'expression') {
		return reading.error('expression_not_allowed', ignored.position, 'ignore-error cannot be an expression');
	}
	if (resource === undefined) return undefined;
	return {
		kind: 'authentication-managed-identity',
		resource,
		clientId: optional('client-id'),
		output: optional('output-token-variable-name'),
		ignoreError: ignored.value,
	};
}
