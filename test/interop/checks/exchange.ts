/** Keycloak's standard token exchange (RFC 8693): what it issues is good for the backend, and nothing else is. */
import { allowed, refused, same } from '../expectations.ts';
import { asUser, backendAudience } from '../population.ts';
import type { Rig } from '../rig.ts';

export async function checkExchange({ report, realm, population, gateway }: Rig): Promise<void> {
	report.heading('Token exchange');
	await report.check('an exchanged token opens the backend’s route, the client’s own does not', async () => {
		const { access_token: subject } = await realm.token('app', asUser('alice'));
		const { access_token: exchanged } = await realm.token('exchanger', {
			grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
			subject_token: subject,
			subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
			requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
			audience: backendAudience,
			scope: 'orders:read',
		});
		const sent = await gateway.send('/backend/orders', exchanged);
		allowed(sent);
		const { client, subject: sub } = sent.record;
		same('audit record', { client, sub }, { client: 'exchanger', sub: population.alice });
		refused(await gateway.send('/backend/orders', subject), 401, 'audience_mismatch');
		refused(await gateway.send('/preset/orders', exchanged), 401, 'audience_mismatch');
		return undefined;
	});
}
