/** The steps of the tour, in order: what is asked, and what must come of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject } from '#core/index';
import {
	acmeApi,
	billing,
	clinician,
	globexApi,
	ordersApi,
	reader,
	recordsApi,
	shortLived,
	trainee,
	writer,
} from './applications.ts';
import type { Step } from './tour.ts';

/** `clock_skew` of demo/gateway.yaml, milliseconds. */
const clockSkew = 1000;

export const steps: readonly Step[] = [
	{
		title: 'A good token',
		tells: 'The API learns who it is from the gateway’s own headers; the token itself stays here.',
		path: '/orders/42',
		token: { application: reader, audience: ordersApi },
		expect: {
			status: 200,
			received: { 'x-user-id': 'reader-app@clients', 'x-client-id': 'reader-app', 'x-scopes': 'orders:read' },
		},
	},
	{
		title: 'No token',
		tells: 'The answer says how to authenticate, and nothing more (RFC 6750 §3.1).',
		path: '/orders/42',
		expect: { status: 401, reason: 'credential_missing', challenge: ['Bearer'] },
	},
	{
		title: 'An altered signature',
		tells: 'One bit is enough, although the genuine token was accepted a moment ago.',
		path: '/orders/42',
		token: {
			application: reader,
			audience: ordersApi,
			change: { said: 'one bit of its signature flipped', apply: flipSignature },
		},
		expect: { status: 401, reason: 'signature_invalid', challenge: ['error="invalid_token"'] },
	},
	{
		title: 'An altered claim',
		tells: 'Whoever writes another scope into a token breaks its signature.',
		method: 'POST',
		path: '/orders',
		body: '{"item":"stamp"}',
		headers: { 'content-type': 'application/json' },
		token: {
			application: reader,
			audience: ordersApi,
			change: { said: 'with orders:write written into it', apply: promote },
		},
		expect: { status: 401, reason: 'signature_invalid', challenge: ['error="invalid_token"'] },
	},
	{
		title: 'Wrong audience',
		tells: 'A genuine token, but for another API.',
		path: '/orders/42',
		token: { application: clinician, audience: recordsApi },
		expect: { status: 401, reason: 'audience_mismatch', challenge: ['error="invalid_token"'] },
	},
	{
		title: 'Audience by path: the right tenant',
		tells: 'The route’s audience is https://{tenant}.api.example.com, filled from the path.',
		path: '/tenants/acme/orders/7',
		token: { application: reader, audience: acmeApi },
		expect: { status: 200, received: { 'x-user-id': 'reader-app@clients' } },
	},
	{
		title: 'Audience by path: another tenant',
		tells: 'The same route with another tenant in the path: this token opens nothing there.',
		path: '/tenants/globex/orders/7',
		token: { application: reader, audience: acmeApi },
		expect: { status: 401, reason: 'audience_mismatch', challenge: ['error="invalid_token"'] },
	},
	{
		title: 'Audience by path: that tenant’s own',
		tells: 'And with a token for globex the same request passes.',
		path: '/tenants/globex/orders/7',
		token: { application: writer, audience: globexApi },
		expect: { status: 200, received: { 'x-user-id': 'writer-app@clients' } },
	},
	{
		title: 'Missing scope',
		tells: '403 and not 401, because another token of the same kind would do; the challenge names the scope.',
		method: 'POST',
		path: '/orders',
		body: '{"item":"stamp"}',
		headers: { 'content-type': 'application/json' },
		token: { application: reader, audience: ordersApi },
		expect: {
			status: 403,
			reason: 'scope_insufficient',
			challenge: ['error="insufficient_scope"', 'scope="orders:write"'],
		},
	},
	{
		title: 'With that scope',
		tells: 'The body is passed through as it came.',
		method: 'POST',
		path: '/orders',
		body: '{"item":"stamp"}',
		headers: { 'content-type': 'application/json' },
		token: { application: writer, audience: ordersApi },
		expect: { status: 200, received: { 'x-scopes': 'orders:read orders:write', 'content-type': 'application/json' } },
	},
	{
		title: 'Health records: for treatment',
		tells: 'Purpose, role, training and a lifetime of five minutes at most, all from claims.',
		path: '/patients/17/records',
		token: { application: clinician, audience: recordsApi },
		expect: { status: 200, received: { 'x-purpose-of-use': 'TREATMENT', 'x-user-id': 'clinician-app@clients' } },
	},
	{
		title: 'Health records: for another purpose',
		tells: 'The scope is there, but the purpose is PAYMENT.',
		path: '/patients/17/records',
		token: { application: billing, audience: recordsApi },
		expect: { status: 403, reason: 'claim_mismatch' },
	},
	{
		title: 'Health records: training not recorded',
		tells: 'A claim that is not there is never taken for granted.',
		path: '/patients/17/records',
		token: { application: trainee, audience: recordsApi },
		expect: { status: 403, reason: 'claim_missing' },
	},
	{
		title: 'What the API receives: nothing of the token',
		tells: 'The default: the token stops here, and what the API needs of it travels as headers of the gateway.',
		path: '/orders/7',
		token: { application: writer, audience: ordersApi },
		expect: { status: 200, received: { authorization: null, 'x-user-id': 'writer-app@clients' } },
	},
	{
		title: 'What the API receives: a token that the gateway mints',
		tells: 'Signed by the gateway, for this API and one minute; any JWT library finds its keys by discovery.',
		path: '/tenants/acme/invoices/3',
		token: { application: reader, audience: ordersApi },
		expect: {
			status: 200,
			backendToken: { aud: 'invoices', sub: 'reader-app@clients', scope: 'orders:read', tenant: 'acme' },
		},
	},
	{
		title: 'What the API receives: a token for which the client’s was exchanged',
		tells:
			'Issued by the authorization server for this API alone (RFC 8693); `act` names the gateway as the one that acts.',
		path: '/shipping/9',
		token: { application: reader, audience: ordersApi },
		expect: {
			status: 200,
			backendToken: {
				aud: 'https://shipping.example.com',
				sub: 'reader-app@clients',
				scope: 'orders:read',
				act: { sub: 'gateway' },
			},
		},
	},
	{
		title: 'A spoofed identity header',
		tells: 'The client says that it is admin, in two spellings; the API hears what the token says.',
		path: '/orders/42',
		headers: { 'x-user-id': 'admin', x_user_id: 'admin' },
		token: { application: reader, audience: ordersApi },
		expect: { status: 200, received: { 'x-user-id': 'reader-app@clients', x_user_id: null } },
	},
	{
		title: 'The same on a public route',
		tells: 'No token needed, so nobody is anybody: the header is gone, and the token sent along with it.',
		path: '/health',
		headers: { 'x-user-id': 'admin' },
		token: { application: reader, audience: ordersApi },
		expect: { status: 200, received: { 'x-user-id': null } },
	},
	{
		title: 'An expired token',
		tells: 'Good for one second, and then for the clock skew of another.',
		path: '/orders/42',
		token: {
			application: shortLived,
			audience: ordersApi,
			change: { said: 'sent after its time was over', apply: outlive },
		},
		expect: { status: 401, reason: 'token_expired', challenge: ['error="invalid_token"'] },
	},
];

function flipSignature(token: string): string {
	const [header = '', payload = '', signature = ''] = token.split('.');
	const octets = Buffer.from(signature, 'base64url');
	octets.writeUInt8(octets.readUInt8(100) ^ 1, 100);
	return `${header}.${payload}.${octets.toString('base64url')}`;
}

function promote(token: string): string {
	const [header = '', payload = '', signature = ''] = token.split('.');
	const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
	const altered = { ...(isJsonObject(claims) ? claims : {}), scope: 'orders:read orders:write' };
	return `${header}.${Buffer.from(JSON.stringify(altered)).toString('base64url')}.${signature}`;
}

/** Waits until the token is over for the gateway, too. */
async function outlive(token: string): Promise<string> {
	const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
	const exp = isJsonObject(claims) ? Number(claims['exp']) : Number.NaN;
	await sleep(Math.max(0, exp * 1000 + clockSkew + 100 - Date.now()));
	return token;
}
