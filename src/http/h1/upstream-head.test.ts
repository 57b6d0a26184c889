import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestEdits } from '#core/index';
import { upstream } from '../../../test/support/definition.ts';
import { fieldLines, flatLines, keptFieldLines } from '../../../test/support/field-lines.ts';
import { canonicalName } from '../hop-by-hop.ts';
import { forwardedText } from './forwarded-text.ts';
import { RequestHead } from './request-head.ts';
import { upstreamFields } from './upstream-head.ts';

const peer = {
	address: '192.0.2.7',
	scheme: 'http',
	serverName: undefined,
	isMutual: false,
	clientCertificate: undefined,
} as const;
const edits: RequestEdits = {
	upstream: upstream({}),
	path: '/',
	query: '',
	strip: { names: new Set(['authorization', 'x-user']), prefixes: ['x-consumer-'] },
	set: [],
	cookies: [],
	onUnauthorized: 'pass',
};

function upstreamLines(raw: readonly string[], change: Partial<RequestEdits> = {}, trusted = false): string[] {
	const { text, places } = keptFieldLines(raw, 'GET / HTTP/1.1\r\n');
	const head = new RequestHead(text, 3, 5, places, peer);
	const forwarded = forwardedText(head, { peer, host: 'x', isTrusted: trusted });
	return flatLines(upstreamFields(head, { ...edits, ...change }, trusted, forwarded));
}

/** What remains of the client's own lines. */
function kept(raw: readonly string[], change: Partial<RequestEdits> = {}, trusted = false): string[] {
	const all = upstreamLines(raw, change, trusted);
	return all.slice(0, all.indexOf('Forwarded'));
}

test('end-to-end fields pass in order, byte for byte', () => {
	const raw = ['aCCEPT', '*/*', 'X-A', ' caf\xe9', 'x-a', '2', 'X-Empty', ''];
	expect(kept(raw)).toEqual(raw);
});

test('hop-by-hop fields and what Connection names stay behind', () => {
	expect(
		kept(
			fieldLines(
				'Connection: close, X-Secret-Hop',
				'X-Secret-Hop: 1',
				'Keep-Alive: timeout=5',
				'TE: trailers',
				'Trailer: X-T',
				'Transfer-Encoding: chunked',
				'Upgrade: h2c',
				'HTTP2-Settings: AAA',
				'Proxy-Authorization: Basic a',
				'Proxy-Connection: keep-alive',
				'Host: x',
				'Content-Length: 5',
				'Expect: 100-continue',
				'X-B: 1',
				'Transfer_Encoding: chunked',
				'Content_Length: 5',
			),
		),
	).toEqual(['X-B', '1']);
});

test('lines of the gateway’s own replace whatever came under their names, in any spelling', () => {
	const raw = ['X-Request-Id', '1', 'X-A', '2', 'x_request_id', '3', 'Connection', 'x-request-id', 'X-Set', '4'];
	const { text, places } = keptFieldLines(raw, 'GET / HTTP/1.1\r\n');
	const head = new RequestHead(text, 3, 5, places, peer);
	const own = { names: ['x-request-id'], text: 'x-request-id: own\r\n' };
	const alone = upstreamFields(head, edits, false, '', own);
	expect(flatLines(alone)).toEqual(['X-A', '2', 'X-Set', '4', 'x-request-id', 'own']);
	const withSet = upstreamFields(head, { ...edits, set: [['x-set', '5']] }, false, '', own);
	expect(flatLines(withSet)).toEqual(['X-A', '2', 'x-set', '5', 'x-request-id', 'own']);
});

test('Connection cannot take away what the gateway adds (CVE-2025-48865)', () => {
	const raw = ['Connection', 'close, X-User, Forwarded, X-Forwarded-For, Host', 'X-User', 'admin'];
	const lines = upstreamLines(raw, { set: [['X-User', 'alice']] });
	expect(lines.slice(lines.indexOf('X-Forwarded-For'))).toEqual(
		fieldLines('X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: x', 'X-User: alice'),
	);
	expect(lines).not.toContain('admin');
});

test('Connection cannot cut a trusted proxy’s chain either', () => {
	const raw = ['Connection', 'X-Forwarded-For', 'X-Forwarded-For', '1.1.1.1'];
	expect(upstreamLines(raw, {}, true)).toContain('1.1.1.1, 192.0.2.7');
});

test('stripped in every spelling: names, prefixes, and what is set', () => {
	const set = [['X-Tenant', 't1']] as const;
	const raw = ['AUTHORIZATION', 'a', 'X_User', 'b', 'x-Consumer_Id', 'c', 'X_Tenant', 'd', 'X-Tenants', 'e'];
	// CGI servers that write `_` for whatever is no letter and no digit (lighttpd) read these as X-User too.
	raw.push('X.User', 'f', "X'User", 'g', 'x~Consumer!Id', 'h', 'X^Tenant', 'i', 'X+Forwarded.For', 'j');
	expect(kept(raw, { set })).toEqual(['X-Tenants', 'e']);
});

test('nothing asks the backend for another request than the one that was decided', () => {
	const raw = ['X-HTTP-Method-Override', 'DELETE', 'X-Original-URL', '/admin', 'X_Rewrite_Url', '/admin'];
	expect([kept(raw), kept(raw, {}, true)]).toEqual([[], []]);
});

test('what tells of the client is believed from a trusted proxy only', () => {
	const raw = ['X-Real-IP', '1.1.1.1', 'X-Forwarded-Port', '1', 'X-Forwarded-Prefix', '/p', 'X-Forwarded_Uri', '/u'];
	expect(kept(raw)).toEqual([]);
	expect(kept(raw, {}, true)).toEqual(raw);
});

test('cookies are taken out by name, and an empty Cookie goes', () => {
	expect(kept(['Cookie', 'a=1; sid=2; b=3'], { cookies: ['sid'] })).toEqual(['Cookie', 'a=1; b=3']);
	expect(kept(['cookie', 'sid=2', 'Cookie', 'a=1'], { cookies: ['sid'] })).toEqual(['Cookie', 'a=1']);
});

test('a field to set that is no field line is a bug', () => {
	for (const line of [
		['X-A', 'a\r\nb: c'],
		['X-A', '\u010d'],
		['X A', 'a'],
		['', 'a'],
		['X-A', 'a\0'],
	] as const) {
		expect(() => upstreamLines([], { set: [line] })).toThrow('invalid value for the header');
	}
});

test('whatever the client sends, no stripped name survives and every set line arrives', () => {
	const names = ['Connection', 'X-User', 'x_user', 'Authorization', 'X-Consumer-A', 'TE', 'X-Free', 'Cookie', 'X_Out'];
	const values = fc.constantFrom('a', 'X-Out', 'x-user, X-Out', 'close');
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.constantFrom(...names), values)), fc.boolean(), (client, trusted) => {
			const set = [['X-Out', 'ours']] as const;
			const lines = upstreamLines(client.flat(), { set }, trusted);
			const found = lines.filter((_, index) => index % 2 === 0).map(canonicalName);
			for (const name of ['authorization', 'x-user', 'x-consumer-a', 'te', 'connection'])
				expect(found).not.toContain(name);
			expect(found.filter((name) => name === 'x-out')).toHaveLength(1);
			expect(lines.slice(-2)).toEqual(['X-Out', 'ours']);
		}),
	);
});
