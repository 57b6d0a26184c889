import { expect, test } from 'vitest';
import { settled } from '../../../test/support/fake-runtime.ts';
import { type Channel, createChannel, type Line, NoAnswer } from './channel.ts';

interface Left {
	half(n: number): number;
}

interface Right {
	double(n: number): Promise<number>;
	refuse(why: string): never;
	wait(nothing: null): Promise<void>;
}

/** Two ends; what one sends the other takes, as a copy and not at once. */
function lines(): { readonly left: Line; readonly right: Line; readonly inject: (message: unknown) => void } {
	const takers: ((message: unknown) => void)[] = [];
	const line = (own: 0 | 1): Line => ({
		send(message) {
			const copy: unknown = structuredClone(message);
			setImmediate(() => takers[1 - own]?.(copy));
		},
		receive(take) {
			takers[own] = take;
		},
	});
	return { left: line(0), right: line(1), inject: (message) => takers[0]?.(message) };
}

function pair() {
	const { left, right, inject } = lines();
	const other: Channel<Left> = createChannel<Left, Right>(right, {
		double: async (n) => (await other.ask('half', n, 1000)) * 4,
		refuse(why) {
			throw new Error(why);
		},
		wait: () => new Promise(() => {}),
	});
	const channel = createChannel<Right, Left>(left, { half: (n) => n / 2 });
	return { channel, other, inject };
}

test('each side asks the other, also while it answers', async () => {
	const { channel } = pair();
	expect(await Promise.all([1, 2, 3].map((n) => channel.ask('double', n, 1000)))).toEqual([2, 4, 6]);
});

test('an answer that fails arrives with its message; none at all in time is another thing', async () => {
	const { channel } = pair();
	await expect(channel.ask('refuse', 'not today', 1000)).rejects.toThrow('not today');
	await expect(channel.ask('wait', null, 5)).rejects.toThrow(NoAnswer);
});

test('once it is closed everything that was asked fails, and so does what is asked then', async () => {
	const { channel } = pair();
	const asked = channel.ask('wait', null, 60_000);
	channel.close();
	await expect(asked).rejects.toThrow('gone');
	await expect(channel.ask('double', 1, 60_000)).rejects.toThrow('gone');
});

test('a line that cannot send any more closes the channel', async () => {
	const channel = createChannel<Right, Left>(
		{
			send() {
				throw new Error('EPIPE');
			},
			receive() {},
		},
		{ half: (n) => n },
	);
	await expect(channel.ask('double', 1, 60_000)).rejects.toThrow('gone');
});

test('what is no message, answers nothing that was asked, or asks for what is not there does no harm', async () => {
	const { channel, inject } = pair();
	for (const message of [undefined, null, 7, 'text', {}, { kind: 'answer', id: 99, value: 1 }]) inject(message);
	inject({ kind: 'ask', id: 1, name: 'constructor', data: null });
	inject({ kind: 'ask', id: 2, name: 'none', data: null });
	await settled();
	expect(await channel.ask('double', 4, 1000)).toBe(8);
});
