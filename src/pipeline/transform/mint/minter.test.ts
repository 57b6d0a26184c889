import { expect, test } from 'vitest';
import { Evidence, type JsonObject, type Principal } from '#core/index';
import { fakeClock, fakeTimers } from '../../../../test/support/fake-runtime.ts';
import { requestView } from '../../../../test/support/request-view.ts';
import { generateMintingKey, importMintingKey, type MintingKey } from '../../../keys/signing/minting-key.ts';
import { nodeCryptography } from '../../../runtime/node/cryptography.ts';
import { createMintedToken, createMintedTokens, type MintTerms } from './minter.ts';

const texts = { a: await generateMintingKey('ES256'), b: await generateMintingKey('ES256') };

function principal(parts: Partial<Principal> = {}): Principal {
	return {
		provider: 'idp',
		kind: 'jwt',
		issuer: 'https://idp.example.com/',
		subject: 'alice',
		client: 'app',
		audiences: ['api'],
		scopes: new Set(['read']),
		claims: { sub: 'alice', scope: 'read', email: 'alice@example.com' },
		expiresAt: undefined,
		notBefore: undefined,
		issuedAt: undefined,
		confirmation: undefined,
		type: 'at+jwt',
		...parts,
	};
}

interface Token {
	readonly header: JsonObject;
	readonly claims: JsonObject & { readonly exp: number; readonly iat: number };
	readonly text: string;
}

function scene(terms: Partial<MintTerms> = {}, cacheBytes = 1_000_000) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const key: MintingKey = importMintingKey({ text: texts.a }, nodeCryptography);
	let current: MintingKey | undefined = key;
	let signatures = 0;
	const cache = createMintedTokens(cacheBytes);
	const source = createMintedToken(
		{
			issuer: 'https://gateway.example.com',
			audience: ['orders'],
			lifetime: 60,
			typ: 'at+jwt',
			claims: [],
			actor: undefined,
			parameterNames: [],
			field: { name: 'authorization', prefix: 'Bearer ' },
			...terms,
		},
		'terms',
		{
			keys: { signer: () => current },
			cache,
			clock,
			timers,
			randomBytes: nodeCryptography.randomBytes,
			tokenId: (token) => nodeCryptography.digest(token).slice(0, 22),
			onSigned: () => (signatures += 1),
		},
	);
	async function ask(of: Principal, digest = 'token', parameters: readonly string[] = []) {
		const evidence = new Evidence(requestView({ target: '/' }), clock.now() / 1000, clock.monotonic());
		evidence.principal = of;
		evidence.digest = digest;
		evidence.parameters = parameters;
		const answer = await source.provide(evidence);
		return { evidence, answer };
	}
	async function token(...args: Parameters<typeof ask>): Promise<Token> {
		const { answer } = await ask(...args);
		if (typeof answer === 'string') throw new Error(answer);
		const text = (answer.set[0]?.[1] ?? '').replace(/^Bearer /, '');
		const [header = '', claims = ''] = text.split('.');
		const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
		return { header: read(header), claims: read(claims), text };
	}
	return {
		clock,
		timers,
		key,
		cache,
		ask,
		token,
		now: () => clock.now() / 1000,
		signed: () => signatures,
		use(next: MintingKey | undefined) {
			current = next;
		},
	};
}

test('says whose it is and for whom, and of the client’s token nothing that is not mapped', async () => {
	const { token, key, now } = scene({
		claims: [
			{ name: 'scope', mapping: { claim: 'scope' } },
			{ name: 'https://example.com/tier', mapping: { value: 'gold' } },
			{ name: 'absent', mapping: { claim: 'nickname' } },
		],
	});
	const { header, claims, text } = await token(principal());
	expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: key.kid });
	const { jti, ...rest } = claims;
	expect(jti).toMatch(/^[\w-]{22}$/);
	expect(rest).toEqual({
		iss: 'https://gateway.example.com',
		sub: 'alice',
		aud: 'orders',
		client_id: 'app',
		scope: 'read',
		'https://example.com/tier': 'gold',
		iat: now(),
		exp: now() + 60,
	});
	expect(text).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test('the client is the subject where nobody else is; without either there is no token', async () => {
	const { token, ask } = scene({ claims: [{ name: 'client_id', mapping: { drop: true } }] });
	const { claims } = await token(principal({ subject: undefined }));
	expect(claims['sub']).toBe('app');
	expect(claims).not.toHaveProperty('client_id');
	expect((await ask(principal({ subject: undefined, client: undefined }), 'other')).answer).toBe('claim_missing');
});

test.each(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf', 'act', 'may_act'])('%s is never mapped', (name) => {
	expect(() => scene({ claims: [{ name, mapping: { value: 'x' } }] })).toThrow(name);
});

test('never lives longer than the client’s token, and after its end there is none', async () => {
	const { token, ask, clock, now, signed } = scene();
	const short = principal({ expiresAt: now() + 20.7 });
	expect((await token(short)).claims.exp).toBe(now() + 20);
	// It serves to its end: another one could not live longer.
	clock.advance(19_000);
	await token(short);
	expect(signed()).toBe(1);
	clock.advance(1_900);
	const { answer, evidence } = await ask(short);
	expect(answer).toBe('token_expired');
	expect(evidence.found).toContain('clock skew');
});

test('signed once for a token and what of the request goes in; another subject, path or reading gets its own', async () => {
	const { token, signed } = scene({
		parameterNames: ['tenant', 'order'],
		audience: ['orders-{tenant}'],
		claims: [{ name: 'scope', mapping: { claim: 'scope' } }],
	});
	const alice = principal();
	const first = await token(alice, 'a', ['acme', '1']);
	expect((await token(alice, 'a', ['acme', '2'])).text).toBe(first.text);
	expect(signed()).toBe(1);
	expect((await token(alice, 'a', ['other', '1'])).claims['aud']).toBe('orders-other');
	expect((await token(principal({ subject: 'bob' }), 'b', ['acme', '1'])).claims['sub']).toBe('bob');
	// One subject, two tokens that differ in scope.
	const wider = principal({ claims: { sub: 'alice', scope: 'read write' } });
	expect((await token(wider, 'c', ['acme', '1'])).claims['scope']).toBe('read write');
	expect((await token(alice, 'a', ['acme', '1'])).claims['scope']).toBe('read');
	expect(signed()).toBe(4);
	// The same token, read anew: no new signature where it says the same, and no old one where it does not.
	await token(principal(), 'a', ['acme', '1']);
	expect(signed()).toBe(4);
	expect((await token(principal({ claims: { sub: 'alice' } }), 'a', ['acme', '1'])).claims).not.toHaveProperty('scope');
	const sooner = principal({ expiresAt: 1_767_225_600 + 30 });
	expect((await token(sooner, 'a', ['acme', '1'])).claims.exp).toBe(1_767_225_600 + 30);
});

test('renewed ahead, in the background, while requests go on; jti is never the same', async () => {
	const { token, clock, timers, signed } = scene();
	const alice = principal();
	const first = await token(alice);
	clock.advance(47_000);
	expect((await token(alice)).text).toBe(first.text);
	expect(timers.pending).toBe(0);
	clock.advance(2_000);
	expect((await token(alice)).text).toBe(first.text);
	expect((await token(alice)).text).toBe(first.text);
	expect([timers.pending, signed()]).toEqual([1, 1]);
	await timers.advance(1);
	expect(signed()).toBe(2);
	const second = await token(alice);
	expect(second.text).not.toBe(first.text);
	expect(second.claims['jti']).not.toBe(first.claims['jti']);
	expect(second.claims.exp).toBeGreaterThan(first.claims.exp);
	// Nobody asked for a minute: it is made anew, with nobody waiting for anything but the signature.
	clock.advance(120_000);
	await token(alice);
	expect(signed()).toBe(3);
});

test('counts only as long as its key does; without a key there is none', async () => {
	const { token, ask, key, use } = scene();
	const alice = principal();
	const first = await token(alice);
	const next = importMintingKey({ text: texts.b }, nodeCryptography);
	use(next);
	expect((await token(alice)).text).toBe(first.text);
	key.retired = true;
	expect((await token(alice)).header['kid']).toBe(next.kid);
	next.retired = true;
	use(undefined);
	const { answer, evidence } = await ask(alice);
	expect(answer).toBe('backend_token_unavailable');
	expect(evidence.retryAfter).toBe(1);
});

test('who acts stands outermost, and who acted before within; may_act is obeyed', async () => {
	const before = { sub: 'clerk', act: { sub: 'desk' } };
	const plain = scene();
	expect((await plain.token(principal({ claims: { act: before } }))).claims['act']).toEqual(before);
	expect((await plain.token(principal(), 'b')).claims).not.toHaveProperty('act');
	expect((await plain.ask(principal({ claims: { act: 'clerk' } }), 'c')).answer).toBe('claim_mismatch');
	const acting = scene({ actor: 'gateway' });
	expect((await acting.token(principal({ claims: { act: before } }))).claims['act']).toEqual({
		sub: 'gateway',
		act: before,
	});
	const may = (sub: string) => principal({ claims: { may_act: { sub } } });
	expect((await acting.token(may('gateway'), 'b')).claims['act']).toEqual({ sub: 'gateway' });
	expect((await acting.ask(may('clerk'), 'c')).answer).toBe('claim_mismatch');
});

test('memory is bounded, and so is a token', async () => {
	const { token, ask, cache } = scene({ claims: [{ name: 'big', mapping: { claim: 'big' } }] }, 50_000);
	for (let n = 0; n < 200; n++) await token(principal(), `digest-${n}`);
	expect(cache.size).toBeLessThan(50);
	expect(cache.size).toBeGreaterThan(5);
	const huge = principal({ claims: { big: 'x'.repeat(20_000) } });
	expect((await ask(huge, 'huge')).answer).toBe('backend_token_unavailable');
});
