import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLog } from '#runtime/node/log';

function written(json: boolean, use: (log: ReturnType<typeof createLog>) => void): string {
	let text = '';
	use(createLog({ write: (line) => (text += line) }, { json, now: () => Date.UTC(2026, 0, 2) }));
	return text;
}

test('writes a readable line', () => {
	const text = written(false, (log) => log.warn('keys are late', { provider: 'auth0', after: 3, why: 'no answer' }));
	expect(text).toBe('2026-01-02T00:00:00.000Z warn  keys are late provider=auth0 after=3 why="no answer"\n');
});

test('writes JSON, in which no field takes the place of level, time or message', () => {
	const text = written(true, (log) => log.info('ready', { level: 'error', url: 'http://x' }));
	expect(JSON.parse(text)).toEqual({
		time: '2026-01-02T00:00:00.000Z',
		level: 'info',
		message: 'ready',
		url: 'http://x',
	});
});

test('an error brings its causes, and its stack at the level error only', () => {
	const failure = new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'ECONNREFUSED' }) });
	const warned = JSON.parse(written(true, (log) => log.warn('failed', { failure })));
	expect(warned.failure).toEqual({
		error: 'Error',
		message: 'outer',
		cause: { error: 'Error', message: 'inner', code: 'ECONNREFUSED' },
	});
	const failed = JSON.parse(written(true, (log) => log.error('failed', { failure })));
	expect(failed.failure.stack).toContain('log.test.ts');
});

test('values that JSON cannot say do no harm', () => {
	const cycle: Record<string, unknown> = { big: 1n, octets: new Uint8Array(3), run: () => 0, none: undefined };
	cycle['self'] = cycle;
	for (const json of [true, false]) {
		const text = written(json, (log) => log.info('odd', cycle));
		expect(text).toContain('[3 octets]');
		expect(text.split('\n')).toHaveLength(2);
	}
});

test('whatever is logged is one line without control characters or direction marks', () => {
	const nasty = fc.string({ unit: fc.constantFrom('\r', '\n', '\u001b', '\u0085', '\u2028', '\u202e', '"', 'a', '=') });
	fc.assert(
		fc.property(nasty, fc.string(), fc.boolean(), (message, value, json) => {
			const text = written(json, (log) => log.info(message, { value, [message]: 1 }));
			expect(text.endsWith('\n')).toBe(true);
			// oxlint-disable-next-line no-control-regex -- they are what must not be there
			expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
			const read: unknown = json ? JSON.parse(text).value : value;
			expect(read).toBe(value);
		}),
	);
});
