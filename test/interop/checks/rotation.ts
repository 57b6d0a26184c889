/** Keycloak gets a new key while requests run: nobody is refused, and what the withdrawn key signed is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allowed, refused } from '../expectations.ts';
import { asUser } from '../population.ts';
import type { Rig } from '../rig.ts';

const clients = 8;
/** Milliseconds between two tokens: Keycloak makes each with a hash of the password. */
const pause = 100;

export async function checkRotation({ report, realm, gateway }: Rig): Promise<void> {
	report.heading('Key rotation');
	const fresh = async (): Promise<string> => (await realm.token('app', asUser('alice'))).access_token;
	const old = await fresh();
	const first = await realm.keyComponent(kidOf(old));

	await report.check('a new signing key under traffic: no request fails, old tokens and new ones pass', async () => {
		let newest = old;
		let running = true;
		let passed = 0;
		const kids = new Set([kidOf(old)]);
		const traffic = Array.from({ length: clients }, async () => {
			while (running) {
				for (const token of [old, newest]) {
					allowed(await gateway.send('/preset/orders', token));
					passed += 1;
				}
			}
		});
		const change = async (): Promise<void> => {
			for (let round = 0; round < 20; round++) {
				if (round === 8) await realm.addKey('rsa-generated', { algorithm: 'RS256' });
				if (round === 14) await realm.retireKey(first);
				newest = await fresh();
				kids.add(kidOf(newest));
				await sleep(pause);
			}
		};
		try {
			await Promise.all([change().finally(() => (running = false)), ...traffic]);
		} finally {
			running = false;
		}
		if (kids.size !== 2) throw new Error(`tokens were signed with ${kids.size} keys, so nothing was rotated`);
		return `${passed} requests, two keys`;
	});
	await report.check('a key that Keycloak withdraws: its tokens end with the next key set', async () => {
		allowed(await gateway.send('/preset/orders', old));
		await realm.remove(first);
		await realm.addKey('rsa-generated', { algorithm: 'RS256' });
		allowed(await gateway.send('/preset/orders', await fresh()));
		refused(await gateway.send('/preset/orders', old), 401, 'key_unknown');
		return undefined;
	});
}

function kidOf(token: string): string {
	const header: { readonly kid?: unknown } = JSON.parse(
		Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString(),
	);
	return String(header.kid);
}
