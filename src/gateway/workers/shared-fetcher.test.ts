import { expect, test } from 'vitest';
import { fakeClock, fakeFetcher, settled } from '../../../test/support/fake-runtime.ts';
import { createSharedFetcher } from './shared-fetcher.ts';

const url = 'https://idp.example.com/keys';
const options = { timeout: 1000, maxBytes: 1000 };

function create() {
	const clock = fakeClock();
	const fetcher = fakeFetcher();
	return { clock, fetcher, shared: createSharedFetcher(fetcher, clock) };
}

test('those who ask together make one fetch, those who ask a moment later too', async () => {
	const { clock, fetcher, shared } = create();
	let open = (answer: { body: unknown }): void => void answer;
	fetcher.answer(
		url,
		() =>
			new Promise((resolve) => {
				open = resolve;
			}),
	);
	const asked = [shared.get(url, options), shared.get(url, options)];
	clock.advance(5_000);
	asked.push(shared.get(url, options));
	open({ body: 'keys' });
	expect((await Promise.all(asked)).map(({ body }) => body)).toEqual(['keys', 'keys', 'keys']);
	clock.advance(999);
	expect((await shared.get(url, options)).body).toBe('keys');
	expect(fetcher.requests).toHaveLength(1);
	clock.advance(1);
	fetcher.answer(url, { body: 'other keys' });
	expect((await shared.get(url, options)).body).toBe('other keys');
	expect(fetcher.requests).toHaveLength(2);
});

test('a failure is told to all who waited for it, and to nobody later', async () => {
	const { fetcher, shared } = create();
	fetcher.answer(url, new Error('down'));
	const asked = [shared.get(url, options), shared.get(url, options)];
	for (const each of asked) await expect(each).rejects.toThrow('down');
	await settled();
	fetcher.answer(url, { body: 'keys' });
	expect((await shared.get(url, options)).body).toBe('keys');
	expect(fetcher.requests).toHaveLength(2);
});

test('other documents, and other limits, are other fetches', async () => {
	const { fetcher, shared } = create();
	for (const each of [url, `${url}2`]) fetcher.answer(each, { body: each });
	await shared.get(url, options);
	expect((await shared.get(`${url}2`, options)).body).toBe(`${url}2`);
	await shared.get(url, { ...options, maxBytes: 10 });
	expect(fetcher.requests).toHaveLength(3);
});
