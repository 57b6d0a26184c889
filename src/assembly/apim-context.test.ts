/** What follows from a route's own settings for `context.Api` and `context.Operation`. */
import { expect, test } from 'vitest';
import { route } from '../../test/support/definition.ts';
import { namedIn, routeContext } from './apim-context.ts';

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

test('what the configuration names goes before what follows from the route', () => {
	const apimContext = {
		api: {
			id: 'orders-v2',
			name: 'Orders',
			path: '/o',
			version: 'v2',
			revision: '3',
			serviceUrl: 'https://orders.internal:8443/api/',
		},
		operation: { id: 'get', name: undefined, urlTemplate: undefined },
		product: { id: 'gold', name: 'Gold' },
	};
	const context = routeContext(route({ name: 'orders', path: '/orders/{id}', apimContext }));
	expect(context).toMatchObject({
		api: { id: 'orders-v2', name: 'Orders', path: '/o', version: 'v2', revision: '3' },
		operation: { id: 'get', name: 'orders', urlTemplate: '/{id}' },
		product: { id: 'gold', name: 'Gold', groups: [], apis: [] },
	});
	expect(context.api.serviceUrl).toMatchObject({
		scheme: 'https',
		host: 'orders.internal',
		port: 8443,
		path: '/api',
		queryString: '',
	});
	const all = ['Id', 'Name', 'Path', 'Version', 'Revision', 'ServiceUrl'].map((member) => `Api.${member}`);
	expect([...namedIn(apimContext)]).toEqual([...all, 'Operation.Id', 'Product', 'Product.Id', 'Product.Name']);
	expect(namedIn(undefined).size).toBe(0);
});
