/** What `context` says of API, operation, product and the request itself, and what the linter says of the rest. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyCheck } from '#assembly/apim-code';
import { checkPolicy } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from './support/definition.ts';
import type { GuardedGateway } from './support/guarded-gateway.ts';
import { policyOf, startPolicyGateway } from './support/policy-gateway.ts';

const tell = (expression: string) =>
	policyOf(`<return-response><set-status code="200" /><set-body>@(${expression})</set-body></return-response>`);
const members = [
	'context.Api.Id',
	'context.Api.Name',
	'context.Api.Path',
	'context.Api.Version',
	'context.Api.Revision',
	'context.Api.IsCurrentRevision',
	'context.Api.ServiceUrl.Host',
	'context.Api.ServiceUrl.Path',
	'context.Operation.Id',
	'context.Operation.Name',
	'context.Operation.Method',
	'context.Operation.UrlTemplate',
	'(context.Product == null)',
	'(context.Product?.Name ?? "")',
	'(context.Subscription == null)',
	'(context.User == null)',
].join(' + "|" + ');

let rig: GuardedGateway;
/** Each reading of the clock is 7 ms after the one before. */
let monotonic = 0;
const clock = { now: () => Date.now(), monotonic: () => (monotonic += 7) };

beforeAll(async () => {
	rig = await startPolicyGateway(
		{
			plain: tell(members),
			id: tell('context.RequestId + " " + context.RequestId'),
			elapsed: tell('context.Elapsed.TotalMilliseconds + " " + context.Elapsed.TotalMilliseconds'),
			subscribed: tell('context.Subscription.Id'),
		},
		{},
		{
			runtime: { clock },
			files: { 'told.xml': tell(members) },
			routes: () => [
				{
					name: 'told',
					path: '/told/{id}',
					apim_policy: './told.xml',
					upstream: 'http://127.0.0.1:9',
					apim_context: {
						api: { id: 'a1', name: 'Orders', version: 'v2', service_url: 'https://orders.internal/v2' },
						operation: { id: 'o1', name: 'Get order' },
						product: { id: 'gold' },
					},
				},
			],
		},
	);
});

afterAll(async () => {
	await rig.stop();
});

test('what a route is, and what it is told to be', async () => {
	const plain = await rig.send({ target: '/plain/x' });
	expect(plain.response.body).toBe('plain|plain|/plain||1|True|127.0.0.1|/plain|plain|plain|GET|/**|True||True|True');
	const told = await rig.send({ method: 'POST', target: '/told/7' });
	expect(told.response.body).toBe(
		'a1|Orders|/told|v2|1|True|orders.internal|/v2|o1|Get order|POST|/{id}|False|gold|True|True',
	);
});

test('the request id is that of the records, as a GUID', async () => {
	const guid = (id: string | undefined) =>
		`${id?.slice(0, 8)}-${id?.slice(8, 12)}-${id?.slice(12, 16)}-${id?.slice(16, 20)}-${id?.slice(20)}`;
	const drawn = await rig.send({ target: '/id' });
	expect(drawn.response.body).toBe(`${guid(drawn.record.request_id)} ${guid(drawn.record.request_id)}`);
	const sent = '6C3D1111-2222-4333-8444-5555aaaabbbb';
	const taken = await rig.send({ target: '/id', headers: [['X-Request-Id', sent]] });
	expect([taken.record.request_id, taken.response.body.slice(0, 36)]).toEqual([sent, sent.toLowerCase()]);
	const other = () => rig.send({ target: '/id', headers: [['X-Request-Id', 'order-7-again']] });
	const [first, second] = [await other(), await other()];
	expect(first.response.body).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} /);
	expect(second.response.body).toBe(first.response.body);
});

test('the time that has passed is that of the clock', async () => {
	const [first = 0, second = 0] = (await rig.send({ target: '/elapsed' })).response.body.split(' ').map(Number);
	expect(first).toBeGreaterThan(0);
	expect([first % 7, second - first]).toEqual([0, 7]);
});

test('who counts on a subscription fails, and nothing is forwarded', async () => {
	const { response, record, forwarded } = await rig.send({ target: '/subscribed' });
	expect([response.status, record.reason, forwarded]).toEqual([500, 'internal_error', []]);
});

test.each([
	['context.Subscription.Id', undefined],
	['context.User?.Email', undefined],
	['context.Product.Name', 'Product'],
	['context.Product?.Name', 'Product'],
	['context.Product.Groups.Count()', undefined],
	['context.Deployment.Region', undefined],
	['context.Api.Name', 'Api.Name'],
	['context.Api.Id', 'Api.Id'],
	['context.Api.Version', 'Api.Version'],
	['context.Api.IsCurrentRevision', undefined],
	['context.Api?.Name', 'Api.Name'],
	['context.Operation.Id', 'Operation.Id'],
])('context_unknown: %s, until the configuration names it', (expression, named) => {
	const find = (context?: Parameters<typeof checkPolicy>[3]) =>
		checkPolicy(
			[{ scope: 'api', file: 'p.xml', text: policyOf(`<set-variable name="v" value="@(${expression})" />`) }],
			apim({}),
			nodeCryptography,
			context,
		).findings.filter(({ rule }) => rule === 'context_unknown');
	expect(find()).toMatchObject([{ severity: 'warning', position: { line: 4 } }]);
	const api = { id: 'a', name: 'a', path: 'a', version: 'a', revision: 'a', serviceUrl: 'http://a' };
	const operation = { id: 'a', name: 'a', urlTemplate: 'a' };
	const all = { api, operation, product: { id: 'a', name: 'a' } };
	expect(find(all)).toHaveLength(named === undefined ? 1 : 0);
});

test('what follows from the route or the request needs no word', () => {
	const expression =
		'context.Api.Path + context.Api.ServiceUrl + context.Operation.Method + context.Operation.UrlTemplate + context.RequestId';
	const { findings } = checkPolicy(
		[{ scope: 'api', file: 'p.xml', text: policyOf(`<set-variable name="v" value="@(${expression})" />`) }],
		apim({}),
		nodeCryptography,
	);
	expect(findings.map(({ rule }) => rule)).toEqual(['no_check']);
});

test('who checks a configuration is told what its route names', async () => {
	const check = await policyCheck(nodeCryptography).load();
	const text = policyOf('<set-variable name="v" value="@(context.Product.Name)" />');
	const unnamed = undefined;
	const api = { id: unnamed, name: unnamed, path: unnamed, version: unnamed, revision: unnamed, serviceUrl: unnamed };
	const operation = { id: unnamed, name: unnamed, urlTemplate: unnamed };
	const found = (product?: { readonly id: string; readonly name: string }) =>
		check([{ scope: 'api', file: 'p.xml', text }], apim({}), { api, operation, product }).filter(({ message }) =>
			message.endsWith('(context_unknown)'),
		);
	expect(found()).toHaveLength(1);
	expect(found({ id: 'gold', name: 'Gold' })).toEqual([]);
});
