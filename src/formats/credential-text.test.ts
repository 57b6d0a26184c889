import { expect, test } from 'vitest';
import { credentialTexts } from './credential-text.ts';

test.each<[string, readonly string[]]>([
	['Bearer abcdefgh.ijkl-_', ['abcdefgh.ijkl-_']],
	['Basic dXNlcjpwYXNz+/8=', ['dXNlcjpwYXNz+/8=', 'dXNlcjpwYXNz%2B%2F8%3D']],
	['a-key-without-a-scheme', ['a-key-without-a-scheme']],
	['Bearer short', ['Bearer short', 'Bearer%20short']],
	['short', []],
	['', []],
])('%s', (value, texts) => expect(credentialTexts(value)).toEqual(texts));
