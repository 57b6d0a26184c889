/** Group H (H14–H18): for how long a DPoP proof is good, and that it is good once (RFC 9449 §4.3, §11.1), over real sockets. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bareJwk, keyThumbprint, makeProof, otherProofKey, proofKey } from '../support/dpop.ts';
import { type DpopRig, expectInvalid, origin, startDpopRig } from '../support/dpop-rig.ts';
import { expectForwarded, expectRefused, type GuardedGateway, type Seen } from '../support/guarded-gateway.ts';
import { twinOf } from '../support/sign-jws.ts';

let dpop: DpopRig;
let rig: GuardedGateway;
const bound: DpopRig['bound'] = (claims) => dpop.bound(claims);
const send: DpopRig['send'] = (proof, request) => dpop.send(proof, request);

beforeAll(async () => {
	dpop = await startDpopRig();
	rig = dpop.gateway;
});
afterAll(() => dpop.stop());

describe('H14: iat', () => {
	test.each([
		['text', String(Math.floor(Date.now() / 1000))],
		['missing', undefined],
		['null', null],
		['true', true],
		['milliseconds', Date.now()],
		['zero', 0],
		['negative', -1],
	])('%s', async (_, iat) => {
		expectInvalid(await send({ claims: { iat } }));
	});

	test('old and ahead, either side of the edge', async () => {
		dpop.standStill();
		for (const [off, isGood] of [
			[-60, true],
			[-60.5, false],
			[-3600, false],
			[5, true],
			[5.5, false],
			[3600, false],
		] as const) {
			const seen = await send({ claims: { iat: dpop.now() / 1000 + off } });
			if (isGood) expectForwarded(seen);
			else expectInvalid(seen);
		}
	});
});

test.each([undefined, '', 'x'.repeat(257), 'x'.repeat(5 * 1024), 5, null, ['x']])('H15: jti %j', async (jti) => {
	expectInvalid(await send({ claims: { jti } }));
});

test('H15: a jti of any characters', async () => {
	for (const jti of ['x', 'x'.repeat(256), '\u0000é😀', '  ']) {
		expectForwarded(await send({ claims: { jti } }));
		expectRefused(await send({ claims: { jti } }), '401-DP', 'dpop_proof_replayed', 'DPoP');
	}
});

test('H16: of fifty copies at once exactly one passes', async () => {
	const token = bound();
	const proof = makeProof({ url: `${origin}/dpop`, token });
	const records = rig.gateway.records.length;
	const arrived = rig.upstream.requests.length;
	await Promise.all(Array.from({ length: 50 }, () => rig.send({ target: '/dpop', token, proof })));
	const reasons = rig.gateway.records.slice(records).map(({ reason, decision }) => reason ?? decision);
	expect(reasons.filter((reason) => reason === 'allow')).toHaveLength(1);
	expect(reasons.filter((reason) => reason === 'dpop_proof_replayed')).toHaveLength(49);
	expect(rig.upstream.requests).toHaveLength(arrived + 1);
});

test('H16: a proof counts again for nobody as long as it would pass', async () => {
	dpop.standStill();
	const token = bound();
	const proof = makeProof({ url: `${origin}/dpop`, token, now: dpop.now() / 1000 + 4 });
	expectForwarded(await rig.send({ target: '/dpop', token, proof }));
	for (const seconds of [0, 30, 64]) {
		dpop.moveOn(seconds * 1000);
		expectRefused(await rig.send({ target: '/dpop', token, proof }), '401-DP', 'dpop_proof_replayed', 'DPoP');
	}
	dpop.moveOn(65_000);
	expectInvalid(await rig.send({ target: '/dpop', token, proof }));
});

test('H17: the twin of a signature, another query, another token: it is the key and the jti that were used', async () => {
	const token = bound();
	const jti = 'the same';
	const proof = makeProof({ url: `${origin}/dpop`, token, claims: { jti } });
	expectForwarded(await rig.send({ target: '/dpop', token, proof }));
	const replayed = async (again: Promise<Seen>) => expectRefused(await again, '401-DP', 'dpop_proof_replayed', 'DPoP');
	await replayed(rig.send({ target: '/dpop', token, proof: twinOf(proof) }));
	await replayed(rig.send({ target: '/dpop?other', token, proof }));
	await replayed(send({ claims: { jti, htu: `${origin}/dpop?other` } }, { token }));
	await replayed(send({ claims: { jti } }, { target: '/if-bound' }));
	expectInvalid(await rig.send({ target: '/dpop', token, proof: `${proof}=` }));
	// The same jti of another client is another proof.
	const theirs = bound({ cnf: { jkt: keyThumbprint(otherProofKey) } });
	expectForwarded(await send({ key: otherProofKey, claims: { jti } }, { token: theirs }));
});

test('H18: what fails burns nothing', async () => {
	const token = bound();
	const jti = 'still good';
	const proof = makeProof({ url: `${origin}/dpop`, token, claims: { jti } });
	expectInvalid(await send({ claims: { jti, htm: 'PUT' } }, { token }));
	expectInvalid(await send({ key: otherProofKey, header: { jwk: bareJwk(proofKey) }, claims: { jti } }, { token }));
	expectRefused(await send({ claims: { jti } }, { target: '/scoped', token }), '403-IS', 'scope_insufficient', 'DPoP');
	expectRefused(
		await rig.send({ target: '/dpop', token, proof, scheme: 'Bearer' }),
		'401-IT',
		'binding_missing',
		'DPoP',
	);
	const expired = bound({ exp: Math.floor(Date.now() / 1000) - 60 });
	expectRefused(await send({ claims: { jti } }, { token: expired }), '401-IT', 'token_expired', 'DPoP');
	expectForwarded(await rig.send({ target: '/dpop', token, proof }));
});
