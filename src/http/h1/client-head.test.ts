import { expect, test } from 'vitest';
import { passingRules, type ResponseEdits } from '#core/index';
import { fieldLines, flatLines, keptFieldLines } from '../../../test/support/field-lines.ts';
import { responseHead } from './client-head.ts';
import { clientFields } from './response-fields.ts';
import { ResponseHead } from './response-head.ts';

const none: ResponseEdits = {
	set: [],
	add: [],
	remove: [],
	rules: passingRules,
	withheld: [],
	content: undefined,
	decide: undefined,
};

function responseOf(raw: readonly string[], status: number): ResponseHead {
	const { text, places } = keptFieldLines(raw, `HTTP/1.1 ${status} \r\n`);
	return new ResponseHead(text, text.length, status, 1, places);
}

/** All lines of the head that the client gets, but for Date and Connection. */
function clientLines(raw: readonly string[], status: number, edits: ResponseEdits): string[] {
	const head = responseOf(raw, status);
	const framing = { length: head.framing >= 0 ? head.framing : undefined, isChunked: false };
	const text = responseHead(head, clientFields(head, edits), framing, '');
	const lines = flatLines(text.slice(text.indexOf('\r\n') + 2));
	const date = lines.indexOf('Date');
	return date < 0 ? lines : lines.toSpliced(date, 2);
}

test('end-to-end fields pass in order, repeated ones too', () => {
	const raw = ['Set-Cookie', 'a=1', 'X-A', '1', 'set-cookie', 'b=2', 'WWW-Authenticate', 'Basic'];
	expect(clientLines([...raw, 'Content-Length', '5'], 200, none)).toEqual([...raw, 'Content-Length', '5']);
});

test('hop-by-hop fields and what Connection names stay behind', () => {
	const raw = fieldLines(
		'Connection: X-Hop, Content-Length',
		'X-Hop: 1',
		'Keep-Alive: timeout=5',
		'Upgrade: h2',
		'Proxy-Authenticate: Basic',
		'Trailer: X-T',
		'Content-Length: 5',
	);
	expect(clientLines(raw, 200, none)).toEqual(['Content-Length', '5']);
});

test('edits replace, add and remove', () => {
	const raw = ['VARY', 'Accept', 'Access-Control-Allow-Origin', '*', 'Server', 'y'];
	const edits: ResponseEdits = {
		...none,
		set: [['access-control-allow-origin', 'https://a']],
		add: [['vary', 'Origin']],
		remove: ['server'],
	};
	expect(clientLines(raw, 200, edits)).toEqual(
		fieldLines('VARY: Accept', 'access-control-allow-origin: https://a', 'vary: Origin'),
	);
	expect(() => clientLines([], 200, { ...none, add: [['vary', 'a\nb']] })).toThrow('invalid value for the header');
});

test('lines of the gateway’s own replace those of the upstream, beside what the edits set and add', () => {
	const head = responseOf(['X-Request-ID', '1', 'X-A', '2', 'X-Set', '3', 'Connection', 'x-request-id'], 200);
	const own = { names: ['x-request-id'], text: 'x-request-id: own\r\n' };
	expect(flatLines(clientFields(head, none, own))).toEqual(['X-A', '2', 'X-Set', '3', 'x-request-id', 'own']);
	const edits: ResponseEdits = { ...none, set: [['x-set', '4']], add: [['vary', 'Origin']] };
	expect(flatLines(clientFields(head, edits, own))).toEqual(
		fieldLines('X-A: 2', 'x-set: 4', 'x-request-id: own', 'vary: Origin'),
	);
});

test('no Content-Length where there can be no content', () => {
	for (const status of [101, 204]) expect(clientLines(['Content-Length', '0'], status, none)).toEqual([]);
	expect(clientLines(['Content-Length', '7'], 304, none)).toEqual(['Content-Length', '7']);
});
