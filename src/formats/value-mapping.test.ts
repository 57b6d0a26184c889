import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from '#core/index';
import { compileMapping, mappingParameters, type ValueMapping } from './value-mapping.ts';

const claims = {
	sub: 'ada',
	roles: ['admin', 'clerk'],
	spaced: ['orders read', 'orders write'],
	empty: [],
	nothing: null,
	count: 3,
	'a.b': 'literal',
	a: { b: 'nested' },
	'https://example.com/tier': 'gold',
	address: { city: 'Brno', 'x/y~z': 'odd' },
	numbers: [1, { deep: true }],
};
const map = (mapping: ValueMapping, parameters: Readonly<Record<string, string>> = {}) =>
	compileMapping(mapping, Object.keys(parameters))(claims, Object.values(parameters));

test.each<[string, ValueMapping, JsonValue | undefined]>([
	['a claim by its name', { claim: 'sub' }, 'ada'],
	['a name with a dot is a name', { claim: 'a.b' }, 'literal'],
	['a URL is a name', { claim: 'https://example.com/tier' }, 'gold'],
	['a pointer', { claim: '/a/b' }, 'nested'],
	['a pointer with both escapes', { claim: '/address/x~1y~0z' }, 'odd'],
	['a pointer into a list', { claim: '/roles/1' }, 'clerk'],
	['a name that nobody gave a value', { claim: 'constructor' }, undefined],
	['a whole list', { claim: 'roles' }, ['admin', 'clerk']],
	['the first of a list', { claim: 'roles', first: true }, 'admin'],
	['the first of none', { claim: 'empty', first: true }, undefined],
	['the first of what is no list', { claim: 'sub', first: true }, 'ada'],
	['a list as text', { claim: 'roles', join: ' ' }, 'admin clerk'],
	['an empty list as text', { claim: 'empty', join: ' ' }, ''],
	['a list whose elements hold the separator', { claim: 'spaced', join: ' ' }, undefined],
	['the same with another separator', { claim: 'spaced', join: ';' }, 'orders read;orders write'],
	['elements that are no texts', { claim: 'numbers', join: ' ' }, '1 {"deep":true}'],
	['what is no list does not change', { claim: 'count', join: ' ' }, 3],
	['a default for what is missing', { claim: 'plan', default: 'free' }, 'free'],
	['a default for null', { claim: 'nothing', default: 0 }, 0],
	['a default for an empty list of which the first is wanted', { claim: 'empty', first: true, default: 'x' }, 'x'],
	['no default for what could be read in two ways', { claim: 'spaced', join: ' ', default: 'x' }, undefined],
	['a constant', { value: ['a', 1, true] }, ['a', 1, true]],
	['nothing', { drop: true }, undefined],
])('%s', (_, mapping, expected) => {
	expect(map(mapping)).toEqual(expected);
});

test('parameters stand in texts, at any depth, and the names are told', () => {
	const mapping = { value: { tenant: '{tenant}', list: ['a-{id}', 1] } };
	expect(map(mapping, { tenant: 'acme', id: '7' })).toEqual({ tenant: 'acme', list: ['a-7', 1] });
	expect(mappingParameters(mapping)).toEqual(['tenant', 'id']);
	expect(map({ claim: 'plan', default: 'of {tenant}' }, { tenant: 'acme' })).toBe('of acme');
	expect(mappingParameters({ claim: '{tenant}' })).toEqual([]);
	expect(() => compileMapping({ value: '{other}' }, ['tenant'])).toThrow('{other}');
});

test('a joined text splits into exactly the elements that the token has, or there is none', () => {
	const list = fc.array(fc.string({ maxLength: 6 }), { minLength: 1, maxLength: 5 });
	fc.assert(
		fc.property(list, fc.constantFrom(' ', ',', ';', '::'), (roles, join) => {
			const text = compileMapping({ claim: 'roles', join }, [])({ roles }, []);
			if (text === undefined) expect(roles.join(join).split(join)).not.toEqual(roles);
			else expect(typeof text === 'string' ? text.split(join) : text).toEqual(roles);
		}),
	);
});
