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

/** Its attributes change how the upstream is asked, which is the route’s business here. */
export function readForwardRequest(element: PolicyElement, reading: Reading): ForwardRequest {
	for (const [name, { position }] of element.attributes) {
		if (name === 'id') continue;
		reading.error(
			'attribute_unknown',
			position,
			`${name} of <forward-request> is not supported: see \`upstream\` of the route`,
		);
	}
	reading.expect({ ...element, attributes: new Map() }, []);
	return { kind: 'forward-request' };
}
