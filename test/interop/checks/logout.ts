/** Back-channel logout: Keycloak tells the gateway that a session is over, and its access tokens end at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allowed, refused } from '../expectations.ts';
import { asUser } from '../population.ts';
import type { Rig } from '../rig.ts';

export async function checkLogout({ report, realm, gateway }: Rig): Promise<void> {
	report.heading('Back-channel logout');
	const [url = ''] = gateway.urls;
	await realm.changeClient('app', { 'backchannel.logout.url': `${url}/logout/preset` });
	const session = () => realm.token('app', asUser('bob', { scope: 'openid orders:read' }));

	await report.check('signed out at Keycloak: the JWTs of that session and user are refused at once', async () => {
		const { access_token: token, refresh_token: refresh = '' } = await session();
		const { access_token: alice } = await realm.token('app', asUser('alice'));
		allowed(await gateway.send('/preset/orders', token));
		await realm.ask('logout', 'app', { refresh_token: refresh });
		refused(await gateway.send('/preset/orders', token), 401, 'token_revoked');
		allowed(await gateway.send('/preset/orders', alice));
		return undefined;
	});
	await report.check('who signs in again gets in again', async () => {
		// A token of the same second as the logout would count as one from before it.
		await sleep(1_100);
		allowed(await gateway.send('/preset/orders', (await session()).access_token));
		return undefined;
	});
	await report.check('a logout token of nobody changes nothing', async () => {
		const response = await fetch(`${url}/logout/preset`, {
			method: 'POST',
			body: new URLSearchParams({ logout_token: (await session()).access_token }),
		});
		if (response.status !== 400) throw new Error(`expected 400, and got ${response.status}`);
		return undefined;
	});
}
