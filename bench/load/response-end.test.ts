import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createResponseReader, type Progress } from './response-end.ts';

const counted = (status: number, body: string) =>
	`HTTP/1.1 ${status} Status\r\ncontent-type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (status: number, pieces: readonly string[]) =>
	`HTTP/1.1 ${status} Status\r\nTransfer-Encoding: chunked\r\n\r\n${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;

const response = fc.record({ status: fc.constantFrom(200, 204, 401, 502), body: fc.stringMatching(/^[a-z]{0,40}$/) });
const anyResponse = fc.oneof(
	response.map(({ status, body }) => ({ status, text: counted(status, body) })),
	response
		.filter(({ body }) => body.length > 0)
		.map(({ status, body }) => ({ status, text: chunked(status, [body, body]) })),
);

test('each response ends where it ends, however its bytes are cut', () => {
	fc.assert(
		fc.property(fc.array(anyResponse, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 60 }), (all, size) => {
			const reader = createResponseReader();
			for (const { status, text } of all) {
				const found: Progress[] = [];
				for (let at = 0; at < text.length; at += size) found.push(reader.read(Buffer.from(text.slice(at, at + size))));
				expect(found.slice(0, -1).every((progress) => progress === 'more')).toBe(true);
				expect(found.at(-1)).toBe(status);
			}
		}),
	);
});

test('a refusal as long as the answer before it is seen', () => {
	const reader = createResponseReader();
	expect(reader.read(Buffer.from(counted(200, 'abc')))).toBe(200);
	expect(reader.read(Buffer.from(counted(200, 'abd')))).toBe(200);
	expect(reader.read(Buffer.from(counted(401, 'abc')))).toBe(401);
});

test('bytes behind a response are no part of it', () => {
	expect(createResponseReader().read(Buffer.from(`${counted(200, 'abc')}x`))).toBe('surplus');
});
