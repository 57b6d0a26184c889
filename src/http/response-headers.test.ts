import { expect, test } from 'vitest';
import { fieldLines } from '../../test/support/field-lines.ts';
import { clientLines } from './response-headers.ts';

const none = { set: [], add: [], remove: [] };

test('end-to-end fields pass in order, repeated ones too', () => {
	const raw = [
		'Set-Cookie',
		'a=1',
		'X-A',
		'1',
		'set-cookie',
		'b=2',
		'Content-Length',
		'5',
		'WWW-Authenticate',
		'Basic',
	];
	expect(clientLines(raw, 200, none)).toEqual(raw);
});

test('hop-by-hop fields and what Connection names stay behind', () => {
	const raw = fieldLines(
		'Connection: X-Hop, Content-Length',
		'X-Hop: 1',
		'Keep-Alive: timeout=5',
		'Transfer-Encoding: chunked',
		'Upgrade: h2',
		'Proxy-Authenticate: Basic',
		'Trailer: X-T',
		'Content-Length: 5',
	);
	expect(clientLines(raw, 200, none)).toEqual(['Content-Length', '5']);
});

test('edits replace, add and remove', () => {
	const raw = ['VARY', 'Accept', 'Access-Control-Allow-Origin', '*', 'Server', 'y'];
	const edits = {
		set: [['access-control-allow-origin', 'https://a']],
		add: [['vary', 'Origin']],
		remove: ['server'],
	} as const;
	expect(clientLines(raw, 200, edits)).toEqual(
		fieldLines('VARY: Accept', 'access-control-allow-origin: https://a', 'vary: Origin'),
	);
	expect(() => clientLines([], 200, { ...none, add: [['vary', 'a\nb']] })).toThrow('invalid value for the header');
});

test('no Content-Length where there can be no content', () => {
	for (const status of [101, 204]) expect(clientLines(['Content-Length', '0'], status, none)).toEqual([]);
	expect(clientLines(['Content-Length', '7'], 304, none)).toEqual(['Content-Length', '7']);
});
