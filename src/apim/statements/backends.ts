/** Where a request goes: `set-backend-service`, `rewrite-uri`, `forward-request`. */
import type { PolicyElement } from '../policy-text/document.ts';
import type { Reading } from './reading.ts';
import type { ForwardRequest, RewriteUri, SetBackendService } from './statement.ts';

export function readSetBackendService(element: PolicyElement, reading: Reading): SetBackendService | undefined {
	reading.expect(element, ['base-url', 'backend-id']);
	const byUrl = element.attributes.has('base-url');
	if (byUrl === element.attributes.has('backend-id')) {
		return reading.error('attribute_missing', element.position, 'expected one of base-url and backend-id');
	}
	if (byUrl) {
		const url = reading.required(element, 'base-url');
		return url === undefined ? undefined : { kind: 'set-backend-service', target: { by: 'url', url } };
	}
	const id = reading.required(element, 'backend-id');
	return id === undefined ? undefined : { kind: 'set-backend-service', target: { by: 'id', id } };
}

export function readRewriteUri(element: PolicyElement, reading: Reading): RewriteUri | undefined {
	reading.expect(element, ['template', 'copy-unmatched-params']);
	const template = reading.required(element, 'template', { braces: true });
	if (template === undefined) return undefined;
	if (template.kind === 'constant' && !template.text.startsWith('/')) {
		return reading.error('value_invalid', template.position, 'template: expected a path that begins with /');
	}
	return {
		kind: 'rewrite-uri',
		template,
		copyUnmatched: reading.boolean(element, 'copy-unmatched-params', true),
	};
}

/** What its attributes may say here: what is done anyway. The rest is the route’s business, or is not done. */
const forwardAttributes: ReadonlyMap<string, RegExp> = new Map([
	['timeout', /^[0-9]{1,9}$/],
	['timeout-ms', /^[0-9]{1,9}$/],
	['http-version', /^(?:1|2or1)$/],
	['follow-redirects', /^false$/i],
	['buffer-request-body', /^(?:true|false)$/i],
	['buffer-response', /^(?:true|false)$/i],
	['fail-on-error-status-code', /^false$/i],
]);

export function readForwardRequest(element: PolicyElement, reading: Reading): ForwardRequest {
	reading.expect(element, [...forwardAttributes.keys(), 'continue-timeout']);
	for (const [name, { position }] of element.attributes) {
		const allowed = forwardAttributes.get(name);
		if (allowed === undefined && name !== 'continue-timeout') continue;
		const value = reading.constant(element, name);
		if (value === undefined) continue;
		if (allowed === undefined || !allowed.test(value.text)) {
			const message = `${name}="${value.text}" of <forward-request> is not supported: see \`upstream\` of the route`;
			reading.error('value_invalid', position, message);
		} else if (name.startsWith('timeout')) {
			reading.warn('timeout_elsewhere', position, 'how long the upstream may take is what upstream.timeout says');
		}
	}
	return { kind: 'forward-request' };
}
