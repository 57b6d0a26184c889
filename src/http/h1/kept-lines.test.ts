import { expect, test } from 'vitest';
import { type Fate, rememberFates, writtenLines } from './kept-lines.ts';

function counted() {
	const judged: string[] = [];
	const fateOf = rememberFates((name): Fate => {
		judged.push(name);
		return name.startsWith('x-secret') ? 'drop' : 'keep';
	});
	const ask = (name: string) => fateOf(`before ${name}: value`, 7, 7 + name.length);
	return { judged, ask };
}

test('a name is judged once, and found again wherever it stands', () => {
	const { judged, ask } = counted();
	expect([ask('accept'), ask('x-secret'), ask('accept'), ask('x-secret')]).toEqual(['keep', 'drop', 'keep', 'drop']);
	expect(judged).toEqual(['accept', 'x-secret']);
});

test('names that share first letter, last letter and length are told apart', () => {
	const { ask } = counted();
	expect([ask('x-secret-a'), ask('x-public-a'), ask('x-secret-a'), ask('X-secret-a')]).toEqual([
		'drop',
		'keep',
		'drop',
		'keep',
	]);
});

test('a name that begins like a remembered one is another name', () => {
	const { ask } = counted();
	expect([ask('x-secre'), ask('x-secret'), ask('x-secre'), ask('x-secrett')]).toEqual(['keep', 'drop', 'keep', 'drop']);
});

test('however many names a peer makes up, each is judged right', () => {
	const { ask } = counted();
	for (let index = 0; index < 5_000; index++) {
		const middle = String(index).padStart(5, '0');
		expect(ask(`x-secret-${middle}-z`)).toBe('drop');
		expect(ask(`x-public-${middle}-z`)).toBe('keep');
	}
	expect(ask('x-secret-00000-z')).toBe('drop');
});

test('a name too long to be remembered is judged each time', () => {
	const { judged, ask } = counted();
	const long = 'x'.repeat(100);
	expect([ask(long), ask(long)]).toEqual(['keep', 'keep']);
	expect(judged).toHaveLength(2);
});

test('a long value is written the same each time, and one that cannot go on a wire never is', () => {
	const token = ['authorization', `Bearer ${'a'.repeat(400)}`] as const;
	expect([writtenLines([token]), writtenLines([['x-id', '1'], token])]).toEqual([
		`authorization: ${token[1]}\r\n`,
		`x-id: 1\r\nauthorization: ${token[1]}\r\n`,
	]);
	const split = ['authorization', `Bearer ${'a'.repeat(400)}\r\nx-admin: 1`] as const;
	for (let time = 0; time < 2; time++) expect(() => writtenLines([split])).toThrow('invalid value');
});
