/** What follows from a route's own settings for `context.Api` and `context.Operation`. */
import { expect, test } from 'vitest';
import { route } from '../../test/support/definition.ts';
import { routeContext } from './apim-context.ts';

test.each([
	['/orders/**', {}, '/orders', 'http://127.0.0.1:9001/orders', '/**'],
	['/orders/**', { stripPrefix: '/orders', addPrefix: '/v2/' }, '/orders', 'http://127.0.0.1:9001/v2', '/**'],
	['/a/orders/{id}', { stripPrefix: '/a', addPrefix: '' }, '/a/orders', 'http://127.0.0.1:9001/orders', '/{id}'],
	['/tenants/{tenant}/orders/**', {}, '/tenants', 'http://127.0.0.1:9001/tenants', '/{tenant}/orders/**'],
	['/health', {}, '/health', 'http://127.0.0.1:9001/health', '/'],
	['/**', {}, '', 'http://127.0.0.1:9001', '/**'],
	['/', { endpoints: ['https://b.example.com', 'https://c.example.com'] }, '', 'https://b.example.com:443', '/'],
])('%s: its path, where that leads to, and what is left of it', (path, changes, apiPath, service, template) => {
	const { api, operation, product } = routeContext(
		route({
			name: 'orders',
			path,
			upstream: {
				...route({ name: 'orders', path }).upstream,
				endpoints: ['http://127.0.0.1:9001'],
				stripPrefix: undefined,
				addPrefix: '',
				...changes,
			},
		}),
	);
	const { scheme, host, port, path: rest } = api.serviceUrl ?? { scheme: '', host: '', port: 0, path: '' };
	expect([api.id, api.path, `${scheme}://${host}:${port}${rest}`]).toEqual(['orders', apiPath, service]);
	expect([operation.urlTemplate, product]).toEqual([template, null]);
});
