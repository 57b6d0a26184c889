/** The gateway's own token from oidc-provider: a secret that is replaced, tokens that end, a provider that is down. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '#runtime/node/clock';
import { frontAudience, startExchangeServer } from './support/exchange-server.ts';
import { type FakeClock, fakeTimers } from './support/fake-runtime.ts';
import { expectRefused, requestBytes, startGuardedGateway } from './support/guarded-gateway.ts';
import { exchange } from './support/raw-client.ts';

const first = 'the first secret of the gateway, 32 bytes';
const second = 'the second secret of the gateway, 32 bytes';
/** Seconds that a token lives. */
const lifetime = 60;

/** The time of this machine, which the test moves on; timers fire when it does. */
function movedClock(): FakeClock {
	let ahead = 0;
	const move = (ms: number) => {
		ahead += ms;
	};
	return {
		now: () => systemClock.now() + ahead,
		monotonic: () => systemClock.monotonic() + ahead,
		advance: move,
		jump: move,
	};
}

async function rig(secret: unknown, files: Record<string, string> = {}) {
	const server = await startExchangeServer({ secret: first, lifetime });
	const clock = movedClock();
	const timers = fakeTimers(clock);
	const gateway = await startGuardedGateway(
		(upstream) => ({
			providers: { idp: { issuer: server.issuer, audience: frontAudience, client: { id: 'gateway', secret } } },
			routes: [{ path: '/**', upstream, backend_token: { type: 'client_credentials', scope: 'read', timeout: '20s' } }],
		}),
		{ runtime: { clock, timers }, files },
	);
	onTestFinished(async () => {
		await gateway.stop();
		await server.stop();
	});
	const token = await server.token('alice');

	/** Twenty requests at once, and the tokens that the upstream got with them. */
	async function ask(): Promise<readonly string[]> {
		const arrived = gateway.upstream.requests.length;
		const bytes = requestBytes({ token });
		const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(gateway.gateway.url, bytes)));
		expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
		return gateway.upstream.requests.slice(arrived).flatMap((request) => request.values('authorization'));
	}

	/** Moves the time on. Whatever is asked in the background meanwhile has an answer once requests have gone by. */
	const advance = (seconds: number) => timers.advance(seconds * 1000);
	return { server, gateway, token, ask, advance };
}

test('a secret is replaced at the provider, and tokens end, while requests run: none fails, none waits', async () => {
	const { server, ask, advance } = await rig([first, second]);
	const seen = new Set<string>();
	for (let step = 0; step < 40; step++) {
		// Between two tokens the provider stops to take the first secret.
		if (step === 10) server.rotate([second]);
		const release = server.hold();
		await advance(5);
		// Whatever is asked now has no answer before these twenty have theirs.
		for (const authorization of await ask()) seen.add(authorization);
		release();
		await ask();
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	expect(seen.size).toBeGreaterThanOrEqual(4);
	expect([...seen].every((authorization) => /^Bearer [\w-]{40,}$/.test(authorization))).toBe(true);
});

test('a secret is replaced in its file: the gateway takes it up, and no request fails', async () => {
	const { server, gateway, ask } = await rig('${file:gateway.secret}', { 'gateway.secret': first });
	await ask();
	server.rotate([first, second]);
	writeFileSync(join(gateway.gateway.folder, 'gateway.secret'), second);
	const before = server.requests.length;
	for (let n = 0; n < 400 && server.requests.length === before; n++) {
		await ask();
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
	expect(server.requests.length).toBeGreaterThan(before);
	server.rotate([second]);
	await ask();
});

test('the provider is down: unnoticed within the token’s life, then a fault, then well again by itself', async () => {
	const { server, gateway, token, ask, advance } = await rig(first);
	const [before] = await ask();
	server.answerWith((_request, response) => response.writeHead(503).end('<html>secret words of the server</html>'));
	for (let n = 0; n < 10; n++) {
		await advance(5);
		expect(new Set(await ask())).toEqual(new Set([before]));
	}
	await advance(15);
	const seen = await gateway.send({ token });
	expectRefused(seen, '503', 'backend_token_unavailable');
	expect(JSON.stringify([seen.response, seen.record, gateway.gateway.log])).not.toContain('secret words');
	server.answerWith(undefined);
	await advance(60);
	expect((await ask()).includes(before ?? '')).toBe(false);
});
