/** Requests that a policy decides are counted like all others, before a reload and after it. */
import { expect, onTestFinished, test } from 'vitest';
import { startTestGateway } from './support/gateway.ts';
import { readMetrics } from './support/metrics.ts';
import { policyOf, secretText, secretToken } from './support/policy-gateway.ts';
import { recordingUpstream } from './support/recording-upstream.ts';

test('allowed and refused, by whichever key the policy took', async () => {
	const upstream = await recordingUpstream();
	const config = (realm: string) => ({
		admin: { listen: '127.0.0.1:0' },
		errors: { realm },
		routes: [{ name: 'orders', path: '/**', apim_policy: './policy.xml', upstream: upstream.url }],
	});
	const policy = policyOf(
		`<validate-jwt header-name="Authorization"><issuer-signing-keys><key>${secretText}</key></issuer-signing-keys></validate-jwt>`,
	);
	const gateway = await startTestGateway(config('one'), { files: { 'policy.xml': policy } });
	onTestFinished(() => gateway.stop());
	const call = async (token: string) => {
		const response = await fetch(gateway.url, { headers: { authorization: `Bearer ${token}` } });
		await response.arrayBuffer();
	};
	const counted = async (decision: string) => {
		const page = readMetrics(await (await fetch(`${gateway.gateway.adminUrl}/metrics`)).text());
		const series = page.series('countersign_decisions_total').filter((key) => key.includes(`decision="${decision}"`));
		return series.reduce((sum, key) => sum + (page.samples.get(key) ?? 0), 0);
	};
	const once = async () => {
		await call(secretToken());
		await call(secretToken({ exp: 1 }));
		return [await counted('allow'), await counted('deny')];
	};
	expect(await once()).toEqual([1, 1]);
	gateway.write(config('two'));
	await gateway.gateway.reload();
	expect(await once()).toEqual([2, 2]);
});
