/** Keycloak goes away: what is known goes on, and what would have to be asked is a fault and never a pass. Ends the run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allowed, refused } from '../expectations.ts';
import { asUser } from '../population.ts';
import { introspectionCache, type Rig } from '../rig.ts';

export async function checkOutage({ report, realm, keycloak, gateway }: Rig): Promise<void> {
	report.heading('Keycloak is down');
	const ask = () => realm.token('app', asUser('alice'));
	const [{ access_token: known }, { access_token: fresh }] = [await ask(), await ask()];
	for (const provider of ['preset', 'basic']) allowed(await gateway.send(`/${provider}/orders`, known));
	await keycloak.stop();

	await report.check('JWTs pass, seen before or not: the keys are here', async () => {
		for (const token of [known, fresh]) allowed(await gateway.send('/preset/orders', token));
		return undefined;
	});
	await report.check(
		'a token to be introspected is a fault, and so is a known one once its answer is too old',
		async () => {
			refused(await gateway.send('/basic/orders', fresh), 503, 'introspection_unavailable');
			await sleep(introspectionCache);
			refused(await gateway.send('/basic/orders', known), 503, 'introspection_unavailable');
			return undefined;
		},
	);
}
