import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadConfigText } from '#config/load';
import { createRouteTable } from '#policy/route-table';

const segments = fc.constantFrom(
	'a',
	'b',
	'{x}',
	'{y}',
	'**',
	'',
	'*',
	'x*',
	'{x',
	'..',
	'%2F',
	'%41',
	'ä',
	'a b',
	'~a;b',
);
const routes = fc.record({
	path: fc.array(segments, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
	host: fc.constantFrom(
		undefined,
		'a.example.com',
		'*.example.com',
		'{h}.example.com',
		'A.example.com.',
		'a.*.com',
		'[::1]',
		'x y',
		'',
	),
	methods: fc.constantFrom(undefined, ['GET'], ['HEAD'], ['POST', 'GET'], ['DELETE']),
});

test('what the configuration accepts, the router can route, and ties are found before it has to', async () => {
	let accepted = 0;
	await fc.assert(
		fc.asyncProperty(fc.array(routes, { minLength: 1, maxLength: 5 }), async (list) => {
			const file = {
				listen: '127.0.0.1:0',
				routes: list.map((route, index) => ({
					...route,
					name: `r${index}`,
					public: true,
					upstream: 'http://127.0.0.1:1',
				})),
			};
			const { definition } = await loadConfigText(JSON.stringify(file), {
				folder: '/',
				env: {},
				readFile: () => Promise.reject(new Error('no files')),
			});
			if (definition === undefined) return;
			accepted += 1;
			createRouteTable(definition.routes.map((route) => ({ pattern: route, route })));
		}),
		{ numRuns: 3000 },
	);
	expect(accepted).toBeGreaterThan(20);
});
