import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRouteTable, type RoutePattern } from './route-table.ts';

function table(...patterns: (Partial<RoutePattern> & { path: string })[]) {
	return createRouteTable(
		patterns.map((pattern) => ({
			pattern: { host: undefined, methods: [], ...pattern },
			route: `${pattern.host ?? ''}${pattern.path}`,
		})),
	);
}

function found(match: ReturnType<ReturnType<typeof table>['find']>): string {
	return match.kind === 'route' ? [match.route, ...match.parameters].join(' ') : match.kind;
}

describe('which route', () => {
	const routes = table({ path: '/a/b' }, { path: '/a/{x}' }, { path: '/a/**' }, { path: '/{y}/b/c' }, { path: '/' });

	test.each([
		['/a/b', '/a/b'],
		['/a/c', '/a/{x} c'],
		['/a', '/a/**'],
		['/a/', '/a/**'],
		['/a/b/c', '/a/**'],
		['/z/b/c', '/{y}/b/c z'],
		['/z/b', 'route_not_found'],
		['/', '/'],
		['/A/b', 'route_not_found'],
		['/a/%C3%A9', '/a/**'],
	])('%s', (path, expected) => {
		expect(found(routes.find(path, 'h', 'GET'))).toBe(expected);
	});

	test('the host decides only among routes of the best path', () => {
		const hosts = table(
			{ path: '/a', host: 'x.example.com' },
			{ path: '/a', host: '{tenant}.example.com' },
			{ path: '/a' },
			{ path: '/**', host: 'y.example.com' },
		);
		expect(found(hosts.find('/a', 'x.example.com', 'GET'))).toBe('x.example.com/a');
		expect(found(hosts.find('/a', 'y.example.com', 'GET'))).toBe('{tenant}.example.com/a y');
		expect(found(hosts.find('/a', 'a.b.example.com', 'GET'))).toBe('/a');
		expect(found(hosts.find('/b', 'y.example.com', 'GET'))).toBe('y.example.com/**');
		expect(found(hosts.find('/b', 'x.example.com', 'GET'))).toBe('route_not_found');
	});
});

test('a method that the best path lacks is 405, never a less specific route', () => {
	const routes = table({ path: '/a', methods: ['GET', 'HEAD'] }, { path: '/**' });
	expect(routes.find('/a', '', 'POST')).toEqual({ kind: 'method_not_allowed', methods: ['GET', 'HEAD'] });
	expect(found(routes.find('/a', '', 'GET'))).toBe('/a');
});

test('two routes that tie are an error, whatever their parameters are called', () => {
	expect(() => table({ path: '/a/{x}' }, { path: '/a/{y}' })).toThrow('same path');
	expect(() => table({ path: '/a', methods: ['GET'] }, { path: '/a', methods: ['POST'] })).not.toThrow();
	expect(() => table({ path: '/a', host: '*.example.com' }, { path: '/a', host: '{t}.example.com' })).toThrow(
		'same path',
	);
});

test('no path reaches a route whose literal segments it does not have', () => {
	const segment = fc.constantFrom('a', 'b', 'c', 'admin', '');
	fc.assert(
		fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
			const path = `/${segments.join('/')}`;
			const match = table({ path: '/admin/**' }, { path: '/{x}/b' }, { path: '/a/{x}' }).find(path, '', 'GET');
			if (match.kind !== 'route') return;
			if (match.route === '/admin/**') expect(segments[0]).toBe('admin');
			if (match.route === '/{x}/b') expect(segments.slice(1)).toEqual(['b']);
			if (match.route === '/a/{x}') expect([segments[0], segments.length]).toEqual(['a', 2]);
		}),
	);
});

test('ten thousand routes are found like ten', () => {
	const many = table(...Array.from({ length: 10_000 }, (_, i) => ({ path: `/api/v${i}/{id}` })));
	expect(found(many.find('/api/v9999/x', '', 'GET'))).toBe('/api/v9999/{id} x');
});

test('another spelling of a literal is the same literal', () => {
	const routes = table({ path: '/orders:batch' }, { path: '/caf%C3%A9' }, { path: '/**' });
	expect(found(routes.find('/orders%3Abatch', '', 'GET'))).toBe('/orders:batch');
	expect(found(routes.find('/orders:batch', '', 'GET'))).toBe('/orders:batch');
	expect(found(routes.find('/caf%C3%A9', '', 'GET'))).toBe('/caf%C3%A9');
	expect(found(routes.find('/orders%253Abatch', '', 'GET'))).toBe('/**');
});
