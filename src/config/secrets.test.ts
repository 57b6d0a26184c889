import { expect, test } from 'vitest';
import { createReport } from './diagnostics.ts';
import { fillSecrets } from './secrets.ts';

const sources = {
	env: { NAME: 'value', EMPTY: '', NESTED: '${env:NAME}', DOLLARS: '$&$1$$' },
	readFile: async (path: string) => {
		if (path === '/config/secret') return 'from file\n';
		if (path === '/other/crlf') return 'two\r\nlines\r\n';
		if (path === '/config/binary') return 'a\uFFFDb';
		if (path === '/config/large') return 'x'.repeat(70_000);
		throw Object.assign(new Error('no'), { code: path === '/config/locked' ? 'EACCES' : 'ENOENT' });
	},
};

async function fill(text: string) {
	const report = createReport(() => ({ line: 1, column: 1 }));
	const filled = await fillSecrets({ key: text }, '/config', sources, report);
	return { data: filled.data, files: filled.files, messages: report.list().map(({ message }) => message), filled };
}

test.each([
	['${env:NAME}', 'value'],
	['a ${env:NAME}-${env:NAME} b', 'a value-value b'],
	['${env:EMPTY}', ''],
	['${file:secret}', 'from file'],
	['${file:./secret}', 'from file'],
	['${file:/other/crlf}', 'two\r\nlines'],
	['$${env:NAME}', '${env:NAME}'],
	['${env:NESTED}', '${env:NAME}'],
	['${env:DOLLARS}', '$&$1$$'],
	['{tenant} costs 5$', '{tenant} costs 5$'],
])('%s becomes %j', async (text, expected) => {
	const { data, messages } = await fill(text);
	expect(data).toEqual({ key: expected });
	expect(messages).toEqual([]);
});

test.each([
	['${env:OTHER}', 'the environment variable OTHER is not set'],
	['${env:toString}', 'the environment variable toString is not set'],
	['${file:other}', 'the file other cannot be read: there is no such file'],
	['${file:locked}', 'the file locked cannot be read: no permission'],
	['${file:large}', 'the file large is larger than 64 KiB'],
	['${file:binary}', 'the file binary is not UTF-8 text'],
	['${NAME}', '${NAME} is not a reference'],
	['${env:}', '${env:} is not a reference'],
])('%s is reported', async (text, message) => {
	const { data, messages } = await fill(text);
	expect(messages).toEqual([message]);
	expect(data).toEqual({ key: text });
});

test('files are recorded, found or not', async () => {
	expect((await fill('${file:secret}${file:../gone}')).files).toEqual(['/config/secret', '/gone']);
});

test('a value never shows in a diagnostic, its reference does', async () => {
	const { filled } = await fill('${file:secret}');
	const shown = filled.redact({
		severity: 'error',
		path: 'key',
		line: 1,
		column: 1,
		message: 'got from file!',
		fix: 'not from file',
	});
	expect(shown).toMatchObject({ message: 'got ${file:secret}!', fix: 'not ${file:secret}' });
});
