import { expect, test } from 'vitest';
import { isFaultReason, reasonNames, reasons } from '#core/index';

test('every reason has a status that fits its side, a description and a fix', () => {
	expect(reasonNames.length).toBeGreaterThan(40);
	for (const name of reasonNames) {
		const { status, description, fix } = reasons[name];
		expect(isFaultReason(name) ? status >= 500 : status >= 400 && status < 500, name).toBe(true);
		expect(description, name).toMatch(/^[\x20-\x7e]+\.$/);
		expect(fix.length, name).toBeGreaterThan(10);
	}
});
