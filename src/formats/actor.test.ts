import { expect, test } from 'vitest';
import { mayAct } from './actor.ts';

test('may_act: nobody but whom it names (RFC 8693 §4.4)', () => {
	expect(mayAct({}, ['gateway'])).toBe(true);
	expect(mayAct({ may_act: { sub: 'gateway' } }, ['gateway'])).toBe(true);
	expect(mayAct({ may_act: { client_id: 'gateway', sub: 'gateway' } }, ['gateway'])).toBe(true);
	for (const claim of [{ sub: 'other' }, { sub: 'gateway', client_id: 'other' }, {}, [], 'gateway', null, { sub: 1 }]) {
		expect(mayAct({ may_act: claim }, ['gateway'])).toBe(false);
	}
});
