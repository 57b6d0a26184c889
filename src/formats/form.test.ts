import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeForm, encodeFormValue } from '#formats/form';

test('what RFC 6749 Appendix B shows', () => {
	// A space, %, &, +, £ and €, without the space at its start.
	expect(encodeFormValue(' %&+£€')).toBe('+%25%26%2B%C2%A3%E2%82%AC');
	expect(
		encodeForm([
			['token', 'a=b&c'],
			['x', ''],
		]),
	).toBe('token=a%3Db%26c&x=');
});

test('a server reads exactly what was written, whatever it is', () => {
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))), (parameters) => {
			const form = encodeForm(parameters);
			expect(form).toMatch(/^[A-Za-z0-9*\-._+%&=]*$/);
			expect([...new URLSearchParams(form)]).toEqual(parameters);
		}),
	);
});
