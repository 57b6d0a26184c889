/** A policy in two processes: both decide by it, a reload reaches both, and a policy that cannot be run changes neither. */
import { expect, test } from 'vitest';
import { startCommand } from './support/command.ts';
import { policyOf, secretText, secretToken } from './support/policy-gateway.ts';
import { recordingUpstream } from './support/recording-upstream.ts';
import { writeIn } from './support/temp-dir.ts';

const policy = (audience: string) =>
	policyOf(
		`<validate-jwt header-name="Authorization"><issuer-signing-keys><key>${secretText}</key></issuer-signing-keys><audiences><audience>${audience}</audience></audiences></validate-jwt>`,
	);

test('two workers', async () => {
	const upstream = await recordingUpstream();
	const config = {
		workers: 2,
		audit: { file: './audit.jsonl' },
		routes: [{ name: 'orders', path: '/**', apim_policy: './policy.xml', upstream: upstream.url }],
	};
	const command = await startCommand(config, { 'policy.xml': policy('api') });
	const pids = await command.workers();
	expect(pids).toHaveLength(2);
	const call = async (token?: string) => {
		const headers = { connection: 'close', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
		const response = await fetch(command.url, { headers });
		await response.arrayBuffer();
		return response.status;
	};
	/** At each worker: the other one takes no connections meanwhile. */
	const atEach = async (token?: string): Promise<readonly number[]> => {
		const came: number[] = [];
		for (const pid of pids) {
			process.kill(pid, 'SIGSTOP');
			try {
				came.push(await call(token));
			} finally {
				process.kill(pid, 'SIGCONT');
			}
		}
		return came;
	};
	const [one, two] = [secretToken(), secretToken({ aud: 'other' })];
	expect([await atEach(), await atEach(one), await atEach(two)]).toEqual([
		[401, 401],
		[200, 200],
		[401, 401],
	]);
	writeIn(command.folder, 'policy.xml', policy('other'));
	await expect.poll(() => atEach(two), { timeout: 10_000, interval: 20 }).toEqual([200, 200]);
	expect(await atEach(one)).toEqual([401, 401]);
	writeIn(command.folder, 'policy.xml', policy('api').replace('audiences', 'audience'));
	await expect.poll(() => command.said(), { timeout: 10_000, interval: 20 }).toContain('policy.xml:');
	expect([await atEach(two), await atEach()]).toEqual([
		[200, 200],
		[401, 401],
	]);
}, 30_000);
