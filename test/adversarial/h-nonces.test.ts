/** Group H (H20, H22, H25): nonces of the gateway, the figures of RFC 9449, and a store that is full or away. */
import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMemoryState, createState } from '#assembly/state';
import { systemClock } from '#runtime/node/clock';
import { nodeCryptography } from '#runtime/node/cryptography';
import { systemTimers } from '#runtime/node/timers';
import { createMemoryStore } from '#store/memory';
import { keyThumbprint, makeProof } from '../support/dpop.ts';
import { fakeLog } from '../support/fake-runtime.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGatewayOptions,
	type Seen,
	type SentRequest,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { startIntrospectionServer } from '../support/introspection-server.ts';
import { createTestProvider } from '../support/test-provider.ts';

const origin = 'https://api.example.com';

async function start(dpop: Readonly<Record<string, unknown>>, options: GuardedGatewayOptions = {}) {
	const provider = await createTestProvider();
	onTestFinished(() => provider.stop());
	const rig = await startGuardedGateway(
		(upstream) => ({
			public_url: origin,
			dpop,
			providers: { idp: { issuer: provider.issuer, audience: origin } },
			routes: [{ path: '/**', cors: { origins: '*' }, scopes: ['read'], upstream }],
		}),
		options,
	);
	onTestFinished(() => rig.stop());
	return {
		rig,
		async send(nonce?: unknown, claims: Readonly<Record<string, unknown>> = {}, more: SentRequest = {}): Promise<Seen> {
			const token = provider.issue({ cnf: { jkt: keyThumbprint() }, scope: 'read', ...claims });
			const proof = makeProof({ url: `${origin}/`, token, claims: nonce === undefined ? {} : { nonce } });
			return rig.send({ token, proof, ...more });
		},
	};
}

const nonceOf = ({ response }: Seen) => response.headers.get('dpop-nonce');

describe('H20', () => {
	test('none, a stale one, another server’s, the right one', async () => {
		let ahead = 0;
		const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };
		const dpop = { nonces: true, nonce_lifetime: '20s', max_age: '10m' };
		const { send } = await start(dpop, { runtime: { clock } });
		const other = await start(dpop);
		const expectWanted = (seen: Seen): string => {
			expectRefused(seen, '401-NON', 'dpop_nonce_required', 'DPoP');
			expect(seen.response.headers.get('www-authenticate')).toMatch(/^DPoP error="use_dpop_nonce",[^]*, Bearer$/);
			expect(nonceOf(seen)).toMatch(/^[\w-]{43}$/);
			return nonceOf(seen) ?? '';
		};
		const first = expectWanted(await send());
		expectForwarded(await send(first));
		expectWanted(await send(expectWanted(await other.send())));
		for (const nonce of ['', 'x', `${first}x`, first.toLowerCase()]) expectWanted(await send(nonce));
		for (const nonce of [null, 5, [first]]) expectRefused(await send(nonce), '401-DP', 'dpop_proof_invalid', 'DPoP');

		// Good for a while after it was replaced; whoever uses it gets the next one along with the answer.
		ahead = 10_000;
		const seen = await send(first);
		expectForwarded(seen);
		const second = nonceOf(seen) ?? '';
		expect(second).toMatch(/^[\w-]{43}$/);
		expect(second).not.toBe(first);
		const again = await send(second);
		expectForwarded(again);
		expect(nonceOf(again)).toBeUndefined();
		ahead = 25_000;
		expectWanted(await send(first));
	});

	test('the same key on two gateways, and none is asked for who is refused for something else', async () => {
		const dpop = { nonces: true, nonce_key: 'a key of the nonces with 32 octets' };
		const [one, two] = [await start(dpop), await start(dpop)];
		const nonce = nonceOf(await one.send());
		expectForwarded(await two.send(nonce));
		expectRefused(await one.send(undefined, {}, { proof: 'x' }), '401-DP', 'dpop_proof_invalid', 'DPoP');
		const poor = await one.send(nonce, { scope: 'other' });
		expectRefused(poor, '403-IS', 'scope_insufficient', 'DPoP');
	});

	test('a reload neither lets a proof count again nor sends clients for another nonce', async () => {
		const provider = await createTestProvider();
		onTestFinished(() => provider.stop());
		const config = (upstream: string, realm: string) => ({
			public_url: origin,
			errors: { realm },
			dpop: { nonces: true },
			providers: { idp: { issuer: provider.issuer, audience: origin } },
			routes: [{ path: '/**', upstream }],
		});
		const rig = await startGuardedGateway((upstream) => config(upstream, 'before'));
		onTestFinished(() => rig.stop());
		const token = provider.issue({ cnf: { jkt: keyThumbprint() } });
		const make = (nonce?: string) => makeProof({ url: `${origin}/`, token, claims: { nonce } });
		const nonce = nonceOf(await rig.send({ token, proof: make() }));
		const proof = make(nonce);
		expectForwarded(await rig.send({ token, proof }));
		rig.gateway.write(config(rig.upstream.url, 'after'));
		await rig.gateway.gateway.reload();
		const seen = await rig.send({ token, proof });
		expectRefused(seen, '401-DP', 'dpop_proof_replayed', 'DPoP');
		expect(seen.response.head).toContain('realm="after"');
		expectForwarded(await rig.send({ token, proof: make(nonce) }));
	});

	test('without `nonces` one that comes along is not looked at', async () => {
		const { send } = await start({});
		const seen = await send('whatever');
		expectForwarded(seen);
		expect(nonceOf(seen)).toBeUndefined();
	});
});

test('H22: figure 12 of RFC 9449 with its opaque token, at its own time and today', async () => {
	const server = await startIntrospectionServer();
	onTestFinished(() => server.stop());
	let frozen: number | undefined = 1_562_262_618_000;
	const clock = { now: () => frozen ?? systemClock.now(), monotonic: () => systemClock.monotonic() };
	const rig = await startGuardedGateway(
		(upstream) => ({
			public_url: 'https://resource.example.org',
			providers: {
				server: {
					issuer: server.issuer,
					tokens: ['opaque'],
					introspection_endpoint: server.endpoint,
					client: { id: 'gateway', secret: 'a-secret-of-the-gateway' },
					audience: origin,
				},
			},
			routes: [{ path: '/protectedresource', binding: 'dpop', upstream }],
		}),
		{ runtime: { clock } },
	);
	onTestFinished(() => rig.stop());
	const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
	const answer = (iat: number) => server.active({ token_type: 'DPoP', iat, exp: iat + 300, cnf: { jkt } });
	server.answer(answer(1_562_262_611));
	const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';
	const request = { target: '/protectedresource', token, proof: figure12 };
	expectForwarded(await rig.send(request));
	expectRefused(await rig.send(request), '401-DP', 'dpop_proof_replayed', 'DPoP');
	// Figure 2 is by the same key, and for another request.
	expectRefused(await rig.send({ ...request, proof: figure2 }), '401-DP', 'dpop_proof_invalid', 'DPoP');
	frozen = undefined;
	server.answer(answer(Math.floor(Date.now() / 1000)));
	expectRefused(await rig.send(request), '401-DP', 'dpop_proof_invalid', 'DPoP');
});

const jwk =
	'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19';
const figure2 = `${jwk}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg`;
const figure12 = `${jwk}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA`;

describe('H25: a store that is full or away', () => {
	const parts = { clock: systemClock, timers: systemTimers, log: fakeLog(), cryptography: nodeCryptography };
	const full = (failOpen: boolean) =>
		createState({
			...parts,
			store: createMemoryStore({ clock: systemClock, randomId: randomUUID, capacity: 3 }),
			sealing: undefined,
			gateway: 'this',
			maxStaleness: 5,
			failOpen,
		});

	test('fails closed, and its memory is bounded', async () => {
		const { send } = await start({}, { runtime: { state: full(false) } });
		for (let n = 0; n < 3; n++) expectForwarded(await send());
		for (let n = 0; n < 3; n++) expectRefused(await send(), '503', 'store_unavailable', 'DPoP');
	});

	test('with insecure_fail_open a proof counts without being noted', async () => {
		const { send } = await start({}, { runtime: { state: full(true) } });
		for (let n = 0; n < 6; n++) expectForwarded(await send());
	});

	test('a store that is closed is a fault, and only for those who bring a proof', async () => {
		const state = createMemoryState(parts);
		const { send } = await start({}, { runtime: { state } });
		await state.store.close();
		expectRefused(await send(), '503', 'store_unavailable', 'DPoP');
		expectForwarded(await send(undefined, { cnf: undefined }, { scheme: 'Bearer' }));
	});
});
