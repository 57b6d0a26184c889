import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Evidence, type JsonObject } from '#core/index';
import { admitJwk } from '#keys/verification/jwk';
import { judgeProof, type ProofKeys, type ProofRules } from '#pipeline/authorize/binding-proof';
import { nodeCryptography } from '#runtime/node/cryptography';
import { bareJwk, keyThumbprint, makeProof, otherProofKey, proofKey } from '../../test/support/dpop.ts';
import { requestView } from '../../test/support/request-view.ts';
import { createProofKeys } from './proof-keys.ts';

const url = 'https://api.example.com/orders';
const token = 'a.b.c';
const now = 1_800_000_000;
const nothing: ProofKeys = { find: () => undefined, keep: () => {} };

interface Attempt {
	readonly proof: string;
	/** `cnf.jkt` of the token. */
	readonly thumbprint: string;
}

/** What is judged of proofs in turn, and how many keys were made for that. */
function judge(known: ProofKeys, attempts: readonly Attempt[]) {
	let made = 0;
	const rules: ProofRules = {
		algorithms: new Set(['ES256']),
		maxAge: 60,
		clockSkew: 5,
		digest: nodeCryptography.digest,
		keyOf(jwk) {
			made += 1;
			const admitted = admitJwk(jwk, nodeCryptography);
			return typeof admitted === 'string' ? admitted : admitted.key;
		},
		known,
		nonces: undefined,
		urlOf: () => url,
	};
	const judged = attempts.map(({ proof, thumbprint }) => {
		const evidence = new Evidence(requestView({ target: '/orders', headers: [['dpop', proof]] }), now, 0);
		evidence.credential = { scheme: 'dpop', token, location: { in: 'header', name: 'authorization' } };
		return [judgeProof(thumbprint, evidence, rules), evidence.found, evidence.proof];
	});
	return { judged, made };
}

const own = keyThumbprint();
const good = (more: object = {}): Attempt => ({ proof: makeProof({ url, token, now, ...more }), thumbprint: own });
/** One character of the signature is another. */
const forged = (): Attempt => {
	const { proof } = good();
	const at = proof.length - 10;
	return { proof: proof.slice(0, at) + (proof[at] === 'A' ? 'B' : 'A') + proof.slice(at + 1), thumbprint: own };
};
/** Good in itself, and by another key than the token’s. */
const foreign = (): Attempt => good({ key: otherProofKey });
const withJwk = (jwk: JsonObject): Attempt => good({ header: { jwk } });

test('a key is made once for all good proofs with exactly this JWK', () => {
	const known = createProofKeys();
	const { judged, made } = judge(known, [good(), good(), good()]);
	expect(judged.map(([reason]) => reason)).toEqual([null, null, null]);
	expect(made).toBe(1);
	const named = withJwk({ ...bareJwk(proofKey), kid: 'a' });
	expect(judge(known, [named, named, good()])).toMatchObject({ made: 1 });
});

test('a proof that is not good makes no key known', () => {
	for (const bad of [forged, foreign]) {
		const known = createProofKeys();
		expect(judge(known, [bad(), bad(), bad()])).toMatchObject({ made: 3 });
		expect(judge(known, [good(), good()])).toMatchObject({ made: 1 });
	}
});

test('a known key is judged like any other: the token’s thumbprint, the algorithm, the signature', () => {
	const known = createProofKeys();
	expect(judge(known, [good()]).judged[0]?.[0]).toBeNull();
	const stolen: Attempt = { ...good(), thumbprint: keyThumbprint(otherProofKey) };
	const { judged, made } = judge(known, [stolen, forged(), good()]);
	expect(judged.map(([reason]) => reason)).toEqual(['binding_mismatch', 'dpop_proof_invalid', null]);
	expect(made).toBe(0);
});

test('whatever came before, a proof is judged as if no key were known', () => {
	const jwk = bareJwk(proofKey);
	const attempt = fc.constantFrom(
		good(),
		forged(),
		foreign(),
		{ ...foreign(), thumbprint: keyThumbprint(otherProofKey) },
		withJwk({ ...jwk, use: 'enc' }),
		withJwk({ ...jwk, alg: 'ES384' }),
		withJwk({ ...jwk, key_ops: ['sign'] }),
		withJwk({ ...jwk, x: jwk['y'] ?? '' }),
		withJwk({ ...jwk, kid: 1 }),
		withJwk(bareJwk(otherProofKey)),
	);
	fc.assert(
		fc.property(fc.array(attempt, { maxLength: 8 }), fc.integer({ min: 1, max: 3 }), (attempts, most) => {
			expect(judge(createProofKeys(most), attempts).judged).toEqual(judge(nothing, attempts).judged);
		}),
		{ numRuns: 60 },
	);
});

test('the latest keys are kept, and no JWK that is too long', () => {
	const admitted = admitJwk(bareJwk(proofKey), nodeCryptography);
	if (typeof admitted === 'string') throw new Error(admitted);
	const keys = createProofKeys(3);
	for (let number = 0; number < 10; number++) {
		keys.keep(`${number}`, admitted.key);
		keys.find('0');
	}
	const left = Array.from({ length: 10 }, (_, number) => `${number}`).filter((text) => keys.find(text) !== undefined);
	expect(left).toEqual(['0', '8', '9']);
	keys.keep('x'.repeat(2_049), admitted.key);
	expect(keys.find('x'.repeat(2_049))).toBeUndefined();
});
