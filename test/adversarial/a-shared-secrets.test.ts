/** Group A: shared secrets that can be guessed (A27, A29). */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { InvalidConfigError } from '#gateway/start-gateway';
import { startTestGateway } from '../support/gateway.ts';
import { expectForwarded, expectRefused, startGuardedGateway } from '../support/guarded-gateway.ts';
import { encode, secretKey, signJws } from '../support/sign-jws.ts';

const issuer = 'https://idp.example.com/';
const audience = 'https://api.example.com';

const config = (secret: string, algorithm: string) => `providers:
  idp:
    issuer: ${issuer}
    audience: ${audience}
    algorithms: [${algorithm}]
    secret: ${secret}
routes:
  - { name: all, path: /**, upstream: "http://127.0.0.1:9001" }
`;

const text = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

const weak: readonly (readonly [name: string, secret: string, algorithm: string, problem: RegExp])[] = [
	['of 31 bytes', text(31), 'HS256', /31 bytes; HS256 needs at least 32/],
	['of 47 bytes', text(47), 'HS384', /47 bytes; HS384 needs at least 48/],
	['of 63 bytes', text(63), 'HS512', /63 bytes; HS512 needs at least 64/],
	['of 32 bytes for two algorithms', text(32), 'HS256, HS384', /32 bytes; HS384 needs at least 48/],
	['that is empty', '', 'HS256', /secret is empty/],
	['of nothing but white space', ' \t '.repeat(16), 'HS256', /secret is empty/],
	['with a line break left at its end', `${text(40)}\n`, 'HS256', /white space/],
	['of one character, many times', 'a'.repeat(64), 'HS256', /repeats itself/],
	['of one word, many times', 'change-it!'.repeat(8), 'HS256', /repeats itself/],
	['from an example', 'a-string-secret-at-least-256-bits-long', 'HS256', /well-known example/],
];

async function problemOf(yaml: string, files: Readonly<Record<string, string>> = {}): Promise<InvalidConfigError> {
	const error: unknown = await startTestGateway(yaml, { files }).then(
		(gateway) => gateway.stop(),
		(cause: unknown) => cause,
	);
	if (!(error instanceof InvalidConfigError)) throw new Error('it started', { cause: error });
	return error;
}

test.each(weak)('A27: a secret %s', async (_, secret, algorithm, problem) => {
	const error = await problemOf(config(JSON.stringify(secret), algorithm));
	const [fault, ...others] = error.diagnostics.filter(({ severity }) => severity === 'error');
	expect(others).toEqual([]);
	expect(fault).toMatchObject({ path: 'providers.idp.secret', line: 7, column: 13 });
	expect(error.message).toMatch(/gateway\.yaml:7:13/);
	expect(error.message).toMatch(problem);
	if (secret.trim() !== '') expect(error.message).not.toContain(secret.trim());
});

test.each(weak)('A27: a secret %s, from a file', async (_, secret, algorithm, problem) => {
	// One line break at the end of a file is the editor's, not the secret's.
	const error = await problemOf(config("'${file:secret.txt}'", algorithm), { 'secret.txt': `${secret}\n` });
	expect(error.message).toMatch(/gateway\.yaml:7:13/);
	expect(error.message).toMatch(problem);
	if (secret.trim() !== '') expect(error.message).not.toContain(secret.trim());
});

test('A27: HS256 with a public key in place of a secret', async () => {
	const yaml = config('x', 'HS256').replace('secret: x', 'jwks_uri: https://idp.example.com/keys');
	const error = await problemOf(yaml);
	expect(error.message).toMatch(/gateway\.yaml:6:17/);
	expect(error.message).toMatch(/HS256 needs a secret/);
});

test('A27: a good secret in the same place starts', async () => {
	const gateway = await startTestGateway(config(JSON.stringify(text(43)), 'HS256'));
	await gateway.stop();
});

/** What people type when a tutorial says "your secret here", and what their tools fill in. */
const guesses: readonly string[] = [
	...'secret Secret SECRET secretkey secret-key secret_key secretKey mysecret my-secret my_secret mysecretkey'.split(
		' ',
	),
	...'topsecret top-secret supersecret super-secret supersecretkey verysecret notsosecret sharedsecret shared-secret'.split(
		' ',
	),
	...'changeme change-me changeit changethis replaceme default example sample test testing test123 testsecret'.split(
		' ',
	),
	...'password Password password1 password123 passw0rd P@ssw0rd passphrase letmein qwerty qwerty123 abc123 admin'.split(
		' ',
	),
	...'admin123 administrator root toor guest user demo dev development staging production prod local localhost'.split(
		' ',
	),
	...'key thekey mykey privatekey private-key signingkey signing-key hmac hmackey jwt jwtsecret jwt-secret'.split(' '),
	...'jwt_secret JWT_SECRET jwtkey token tokensecret apikey api-key app appsecret app-secret server gateway'.split(' '),
	...'your-256-bit-secret your-384-bit-secret your-512-bit-secret a-string-secret-at-least-256-bits-long'.split(' '),
	...'123456 12345678 1234567890 0123456789 00000000 111111 foobar helloworld keyboard-cat null undefined'.split(' '),
	'your secret here',
	'hello world',
	'keyboard cat',
	'',
	' ',
];

test(`A29: HS256 tokens signed with each of ${guesses.length} common secrets`, { timeout: 60_000 }, async () => {
	expect(new Set(guesses).size).toBe(guesses.length);
	expect(guesses.length).toBeGreaterThanOrEqual(95);
	const secret = text(43);
	const rig = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer, audience, secret } },
		routes: [{ name: 'all', path: '/**', upstream }],
	}));
	onTestFinished(() => rig.stop());
	const now = Math.floor(Date.now() / 1000);
	const signed = (guess: string) =>
		signJws({
			header: { alg: 'HS256', typ: 'JWT' },
			payload: { iss: issuer, aud: audience, sub: 'admin', iat: now, exp: now + 300 },
			key: secretKey(guess),
		});
	for (const guess of guesses) expectRefused(await rig.send({ token: signed(guess) }), '401-IT', 'signature_invalid');
	// Tools print and copy secrets in base64url as well.
	for (const guess of [encode(secret), secret.toLowerCase(), `${secret}\n`, secret.slice(0, -1)]) {
		expectRefused(await rig.send({ token: signed(guess) }), '401-IT', 'signature_invalid');
	}
	expectForwarded(await rig.send({ token: signed(secret) }));
});
