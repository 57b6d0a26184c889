/** D10 through the whole gateway: a broken key server costs a warm gateway nothing and keeps a cold one closed. */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { DocumentFetcher } from '#core/index';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { badKeyServers, serve } from './support/bad-key-servers.ts';
import { expectForwarded, expectRefused, type GuardedGateway, startGuardedGateway } from './support/guarded-gateway.ts';
import { signJws, testKey } from './support/sign-jws.ts';

const issuer = 'https://idp.example.com/';
const audience = 'https://api.example.com';
const key = testKey('ES256', 'good');

function issue(kid: string | undefined = key.kid): string {
	const iat = Math.floor(Date.now() / 1000);
	const payload = { iss: issuer, sub: randomBytes(6).toString('hex'), aud: audience, iat, exp: iat + 300 };
	return signJws({ header: JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid }), payload, key });
}

/** A gateway whose key server is broken from the start, or only once `break` is called. */
async function start({ start: startServer, slow }: (typeof badKeyServers)[number], warm: boolean) {
	const { url, dispatcher } = await startServer();
	const goodUrl = await serve((_, response) => response.end(JSON.stringify({ keys: [key.jwk] })));
	const bad = createDocumentFetcher(dispatcher === undefined ? {} : { dispatcher });
	const good = createDocumentFetcher();
	let broken = !warm;
	const fetcher: DocumentFetcher = {
		get(asked, { timeout, maxBytes }) {
			if (!broken) return good.get(goodUrl, { timeout, maxBytes });
			return bad.get(asked, { timeout: slow === true ? 300 : timeout, maxBytes });
		},
	};
	const rig = await startGuardedGateway(
		(upstream) => ({
			providers: { idp: { issuer, audience, jwks_uri: url } },
			routes: [{ path: '/**', upstream }],
		}),
		{ runtime: { fetcher } },
	);
	onTestFinished(() => rig.stop());
	return { rig, break: () => (broken = true), repair: () => (broken = false) };
}

/** The log shows fields as JSON, which escapes quotation marks. */
function logOf({ gateway }: GuardedGateway): string {
	return gateway.log.join('\n').replaceAll('\\"', '"');
}

test.each(badKeyServers)('cold, $name: 503 for every token, until it is repaired', async (server) => {
	const { rig, repair } = await start(server, false);
	expectRefused(await rig.send({ token: issue() }), '503', 'keys_unavailable');
	expect(logOf(rig)).toMatch(server.problem);
	repair();
	expectForwarded(await rig.send({ token: issue() }));
});

test.each(badKeyServers)('warm, $name: tokens on known keys pass', async (server) => {
	const { rig, ...keyServer } = await start(server, true);
	expectForwarded(await rig.send({ token: issue() }));
	keyServer.break();
	expectRefused(await rig.send({ token: issue('unknown') }), '503', 'keys_unavailable');
	expect(logOf(rig)).toMatch(server.problem);
	expectForwarded(await rig.send({ token: issue() }));
	expectForwarded(await rig.send({ token: issue() }));
});
