/** A gateway with routes for tokens that are bound to DPoP keys (RFC 9449), and clocks that a test may move. */
import { onTestFinished } from 'vitest';
import { systemClock } from '#runtime/node/clock';
import { keyThumbprint, makeProof, type ProofOptions } from './dpop.ts';
import {
	expectRefused,
	type GuardedGateway,
	type Seen,
	type SentRequest,
	startGuardedGateway,
} from './guarded-gateway.ts';
import { type IntrospectionServer, startIntrospectionServer } from './introspection-server.ts';
import { createTestProvider, type TestProvider } from './test-provider.ts';

export const origin = 'https://api.example.com';

export interface DpopRig {
	readonly provider: TestProvider;
	readonly opaque: IntrospectionServer;
	readonly gateway: GuardedGateway;
	/** Milliseconds since the epoch, as gateway and provider see it. */
	now(): number;
	/** Until the test is over the clocks stand, at a whole second, and move only by `moveOn`. */
	standStill(): void;
	/** Sets the clocks to `ms` after the moment at which they stand. */
	moveOn(ms: number): void;
	/** A token that is bound to the key of the proofs, unless `claims` say otherwise. */
	bound(claims?: Readonly<Record<string, unknown>>): string;
	/** Sends a bound token with a proof that is good but for `proof`. */
	send(proof?: Partial<ProofOptions>, request?: SentRequest): Promise<Seen>;
	stop(): Promise<void>;
}

export const expectInvalid = (seen: Seen) => expectRefused(seen, '401-DP', 'dpop_proof_invalid', 'DPoP');

export async function startDpopRig(): Promise<DpopRig> {
	/** Instead of the machine's clocks, where what a test says of time must hold however long it takes. */
	let still: { readonly now: number; readonly monotonic: number } | undefined;
	let ahead = 0;
	const clock = {
		now: () => (still?.now ?? systemClock.now()) + ahead,
		monotonic: () => (still?.monotonic ?? systemClock.monotonic()) + ahead,
	};
	const provider = await createTestProvider({ now: () => Math.floor(clock.now() / 1000) });
	const opaque = await startIntrospectionServer();
	const gateway = await startGuardedGateway(
		(upstream) => ({
			public_url: origin,
			trusted_proxies: ['192.0.2.1'],
			dpop: { algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'], max_age: '60s', clock_skew: '5s' },
			providers: {
				idp: { issuer: provider.issuer, audience: origin },
				legacy: {
					issuer: opaque.issuer,
					tokens: ['opaque'],
					introspection_endpoint: opaque.endpoint,
					client: { id: 'gateway', secret: 'a-secret-of-the-gateway' },
					audience: origin,
				},
			},
			routes: [
				{ path: '/if-bound/**', providers: ['idp'], upstream },
				{ path: '/dpop/**', providers: ['idp'], binding: 'dpop', upstream },
				{ path: '/required', providers: ['idp'], binding: 'required', upstream },
				{ path: '/mtls', providers: ['idp'], binding: 'mtls', upstream },
				{ path: '/scoped', providers: ['idp'], scopes: ['admin'], upstream },
				{ path: '/opaque', providers: ['legacy'], binding: 'dpop', upstream },
				{ path: '/here', host: 'other.example.com', providers: ['idp'], upstream },
				{ path: '/tenant', host: '{tenant}.tenants.example.com', providers: ['idp'], upstream },
				{
					path: '/browser',
					providers: ['idp'],
					cors: { origins: ['https://app.example.com'], expose_headers: ['X-Total'] },
					upstream,
				},
			],
		}),
		{ runtime: { clock } },
	);
	const bound: DpopRig['bound'] = (claims = {}) => provider.issue({ cnf: { jkt: keyThumbprint() }, ...claims });
	return {
		provider,
		opaque,
		gateway,
		now: clock.now,
		standStill() {
			still = { now: Math.floor(systemClock.now() / 1000) * 1000, monotonic: systemClock.monotonic() };
			onTestFinished(() => {
				still = undefined;
				ahead = 0;
			});
		},
		moveOn(ms) {
			if (still === undefined) throw new Error('the clocks do not stand still');
			ahead = ms;
		},
		bound,
		async send(proof = {}, request = {}) {
			const { target = '/dpop', method = 'GET', token = bound() } = request;
			const url = `${origin}${target.replace(/\?.*/, '')}`;
			const made = makeProof({ method, url, token, now: clock.now() / 1000, ...proof });
			return gateway.send({ ...request, target, token, proof: made });
		},
		async stop() {
			await gateway.stop();
			await provider.stop();
			await opaque.stop();
		},
	};
}
