/**
 * Group K: what an upstream, a client and a policy's own mistakes could make of outbound that reads the response: fields that
 * the route keeps to itself, lines that are not there, messages behind messages, memory.
 */
import type { ServerResponse } from 'node:http';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GuardedGateway } from '../support/guarded-gateway.ts';
import { policyOf, startPolicyGateway } from '../support/policy-gateway.ts';
import { h2Request, h2Session, ownCertificate } from '../support/tls-gateway.ts';

const outbound = (statements: string, inbound = '') =>
	policyOf(inbound, '<on-error><base /></on-error>').replace(
		'<outbound><base /></outbound>',
		`<outbound>${statements}</outbound>`,
	);
const set = (name: string, value: string, action = 'override') =>
	`<set-header name="${name}" exists-action="${action}"><value>${value}</value></set-header>`;
const came = (name: string) => `context.Response.Headers.GetValueOrDefault("${name}","-")`;
const asked = (name: string) => `context.Request.Headers.GetValueOrDefault("${name}","")`;
const decoded = `System.Net.WebUtility.UrlDecode(${asked('X-In')})`;

const credential = 'canary-credential-of-the-service';

let answer: (response: ServerResponse) => void = (response) => void response.end('ok');
let rig: GuardedGateway;

beforeAll(async () => {
	rig = await startPolicyGateway(
		{
			copies: outbound(
				`${['X-Echo', 'WWW-Authenticate', 'X-Hidden', 'X-Hop', 'Connection'].map((name) => set(`X-Copy-${name}`, `@(${came(name)})`)).join('')}${set('X-Phrase', '@(context.Response.StatusReason + ".")')}`,
				set('Authorization', `Bearer ${credential}`),
			),
			decoded: outbound(
				`${set('X-Out', `@(${decoded})`)}${set('X-Seen', '@(context.Response.StatusCode.ToString())')}`,
			),
			answered: outbound(
				`<return-response><set-status code="200" />${set('X-Out', `@(${decoded})`)}<set-body>@(${decoded} + context.Response.StatusCode)</set-body></return-response>`,
			),
			renamed: outbound(set('X-Out', `@(${came('X-From')})`)),
			variables: outbound(
				`<set-variable name="a" value="@(new string('x', 300000) + context.Response.StatusCode)" />`.repeat(5),
			),
		},
		{},
		{
			config: {
				listen: [
					{ address: '127.0.0.1:0' },
					{ address: '127.0.0.1:0', tls: { certificate: 'tls.pem', key: 'tls.key' } },
				],
				upstream_response: { remove: ['X-Hidden'] },
			},
			files: { 'tls.pem': ownCertificate.certificate, 'tls.key': ownCertificate.key },
			answer: (_, response) => answer(response),
		},
	);
});
afterAll(() => rig.stop());

test('what the route keeps to itself does not leave under another name', async () => {
	answer = (response) =>
		void response
			.writeHead(200, `OK ${credential}`, {
				'X-Echo': `you said ${credential}`,
				'WWW-Authenticate': 'Basic realm="inner"',
				'X-Hidden': 'hidden',
				'X-Hop': 'hop',
				Connection: 'X-Hop',
			})
			.end('ok');
	const { response } = await rig.send({ target: '/copies' });
	expect(response.status).toBe(200);
	expect(response.head).not.toMatch(/canary|inner|: hidden|: hop/i);
	expect(['x-copy-x-echo', 'x-copy-x-hidden', 'x-phrase'].map((name) => response.headers.get(name))).toEqual([
		'-',
		'-',
		'.',
	]);
});

test('whatever a value holds, it is one line, or a 500 without any of it', async () => {
	answer = (response) => void response.writeHead(200, { 'Set-Cookie': 'upstream=1' }).end('of the upstream');
	const hostile = fc.oneof(
		fc.constantFrom(
			'\r\nX-Injected: 1',
			'\nX-Injected: 1',
			'\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
			'\0',
			'\u010d\u010a',
			'\x7f',
			'ü',
		),
		fc.string({ unit: 'binary', maxLength: 20 }),
	);
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom('decoded', 'answered'),
			fc.array(hostile, { maxLength: 3 }),
			async (route, parts) => {
				const text = parts.join('').toWellFormed();
				const { response, record } = await rig.send({
					target: `/${route}`,
					headers: [['X-In', encodeURIComponent(text)]],
				});
				expect(response.headers.has('x-injected')).toBe(false);
				const names = response.head
					.split('\r\n')
					.slice(1)
					.map((line) => line.split(':')[0]);
				expect(new Set(names).size).toBe(names.length);
				if (response.status === 500) {
					expect([record.reason, response.headers.has('set-cookie')]).toEqual(['internal_error', false]);
					expect(written(text)).toMatch(/[\p{Cc}]/u);
				} else {
					expect(Buffer.from(valueOf(response.head, 'x-out'), 'latin1').toString()).toBe(written(text));
					if (route === 'answered') expect(response.body).toBe(Buffer.from(`${text}200`).toString('latin1'));
				}
			},
		),
		{ numRuns: 150, examples: [['answered', ['à']]] },
	);
});

test('octets of the upstream’s fields come through as they are, and make no others', async () => {
	const secure = await h2Session(rig.gateway.gateway.addresses[1]?.url ?? '');
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (octets) => {
			const value = Array.from(octets, (octet) => (octet < 0x20 || octet === 0x7f ? 'x' : String.fromCharCode(octet)))
				.join('')
				.replace(/^ +| +$/g, '');
			answer = (response) => void response.writeHead(200, { 'X-From': value === '' ? 'empty' : value }).end('ok');
			const { response } = await rig.send({ target: '/renamed' });
			expect(response.status).toBe(200);
			expect(valueOf(response.head, 'x-from')).toBe(value === '' ? 'empty' : value);
			const second = await h2Request(secure, { ':authority': 'a', ':path': '/renamed', ':method': 'GET' });
			expect(Buffer.from(String(second.headers['x-out']), 'latin1').toString()).toBe(value === '' ? 'empty' : value);
			expect(String(second.headers['x-from'])).toBe(value === '' ? 'empty' : value);
			const copied = Buffer.from(valueOf(response.head, 'x-out'), 'latin1').toString();
			expect(copied).toBe(value === '' ? 'empty' : value);
		}),
		{ numRuns: 20, examples: [[Uint8Array.of(0xc3, 0xa0)]] },
	);
});

test('variables of outbound count with those of inbound', async () => {
	answer = (response) => void response.end('of the upstream');
	const { response, record } = await rig.send({ target: '/variables' });
	expect([response.status, record.reason, response.body.includes('upstream')]).toEqual([500, 'internal_error', false]);
});

/** As it came: a reader that trims more than HTTP does would take the last octet of a letter away. */
function valueOf(head: string, name: string): string {
	return new RegExp(`^${name}: (.*)$`, 'im').exec(head.replaceAll('\r', ''))?.[1] ?? '';
}

/** Blanks and line ends around a value mean nothing. */
const written = (text: string): string => text.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
