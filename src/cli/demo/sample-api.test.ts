import { expect, test } from 'vitest';
import { isFree } from './listen.ts';
import { startSampleApi } from './sample-api.ts';

test('it answers with what it received', async () => {
	const api = await startSampleApi(0);
	try {
		const response = await fetch(`${api.url}/orders/1?x=%20`, {
			method: 'POST',
			headers: { 'x-user-id': 'a', 'content-type': 'text/plain' },
			body: 'é',
		});
		expect(await response.json()).toMatchObject({
			method: 'POST',
			path: '/orders/1?x=%20',
			headers: { 'x-user-id': 'a', 'content-type': 'text/plain' },
			body: 'é',
		});
		expect(api.requests()).toBe(1);
	} finally {
		await api.stop();
	}
});

test('a port that is taken is not fought for', async () => {
	const first = await startSampleApi(0);
	const second = await startSampleApi(first.port);
	try {
		expect(await isFree(first.port)).toBe(false);
		expect(second.port).not.toBe(first.port);
		expect((await fetch(second.url)).status).toBe(200);
	} finally {
		await first.stop();
		await second.stop();
	}
	expect(await isFree(first.port)).toBe(true);
});
