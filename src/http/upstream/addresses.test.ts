import { expect, test } from 'vitest';
import { Sweep } from '../sweep.ts';
import { Addresses, type Lookup, type ResolvedAddress } from './addresses.ts';

const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
const v6 = (address: string): ResolvedAddress => ({ address, family: 6 });

/** Time stands still except by `at`. */
class StillSweep extends Sweep {
	at(now: number): void {
		this.now = now;
	}
	override tick(): number {
		return this.now;
	}
}

function setUp(answers: (readonly ResolvedAddress[] | Error)[], name = 'api.example') {
	const sweep = new StillSweep();
	sweep.at(0);
	let asked = 0;
	const lookup: Lookup = async () => {
		const answer = answers[Math.min(asked, answers.length - 1)];
		asked += 1;
		if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer');
		return answer;
	};
	const addresses = new Addresses(name, 1_000, lookup, sweep);
	const all = (): Promise<string[]> =>
		new Promise((resolve, reject) => {
			addresses.lookup(name, { all: true }, (error, found) => {
				if (error !== null) reject(error);
				else if (typeof found !== 'string') resolve(found.map(({ address }) => address));
			});
		});
	const one = (): Promise<string> =>
		new Promise((resolve, reject) => {
			addresses.lookup(name, {}, (error, found) => {
				if (error !== null) reject(error);
				else if (typeof found === 'string') resolve(found);
			});
		});
	return { sweep, addresses, all, one, asked: () => asked };
}

test('a name is asked for once in a while, and once for all who want it at the same time', async () => {
	const { sweep, all, asked } = setUp([[v4('192.0.2.1')]]);
	await Promise.all([all(), all(), all()]);
	sweep.at(999);
	await all();
	expect(asked()).toBe(1);
	sweep.at(1_000);
	await all();
	expect(asked()).toBe(2);
});

test('addresses take turns within their family, the preferred family first', async () => {
	const { all, one } = setUp([[v6('2001:db8::1'), v4('192.0.2.1'), v6('2001:db8::2'), v4('192.0.2.2')]]);
	const firsts = new Set([await one(), await one()]);
	expect(firsts).toEqual(new Set(['2001:db8::1', '2001:db8::2']));
	const orders = [await all(), await all()];
	expect(orders.map((order) => order.slice(2).toSorted())).toEqual([
		['192.0.2.1', '192.0.2.2'],
		['192.0.2.1', '192.0.2.2'],
	]);
	expect(orders[0]).not.toEqual(orders[1]);
});

test('an address is gone when the name has left it out for three times that while', async () => {
	const { sweep, addresses, all } = setUp([[v4('192.0.2.1')], [v4('192.0.2.2')]]);
	await all();
	const before = addresses.generation;
	for (const [now, isKnown] of [
		[1_000, true],
		[2_000, true],
		[3_000, false],
	] as const) {
		sweep.at(now);
		await all();
		expect(addresses.has('192.0.2.1')).toBe(isKnown);
	}
	expect(addresses.generation).not.toBe(before);
	expect(addresses.has('192.0.2.2')).toBe(true);
});

test('while the name cannot be resolved the last addresses serve, but not for ever', async () => {
	const { sweep, all, addresses } = setUp([[v4('192.0.2.1')], new Error('SERVFAIL')]);
	await all();
	sweep.at(20_000);
	expect(await all()).toEqual(['192.0.2.1']);
	addresses.freshen();
	sweep.at(30_000);
	await expect(all()).rejects.toThrow('SERVFAIL');
	expect(addresses.has('192.0.2.1')).toBe(true);
});

test('a name without addresses is an error', async () => {
	await expect(setUp([[]]).all()).rejects.toThrow('no address');
});

test('a literal is never asked for', () => {
	const { addresses, asked } = setUp([[v4('192.0.2.9')]], '192.0.2.1');
	addresses.freshen();
	expect([addresses.has('192.0.2.1'), addresses.has('203.0.113.5'), asked()]).toEqual([true, true, 0]);
});

test('a zone does not make another address', async () => {
	const { addresses, all } = setUp([[v6('fe80::1')]]);
	await all();
	expect([addresses.has('fe80::1%eth0'), addresses.has('fe80::2%eth0')]).toEqual([true, false]);
});
