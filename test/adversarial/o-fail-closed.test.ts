/** Group O: whatever breaks, nothing is forwarded, and nobody learns from it (O01, O03, O05, O06, O10). */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Cryptography, PublicKey } from '#core/index';
import { judgeProcess } from '#gateway/process-safety';
import { InvalidConfigError } from '#gateway/start-gateway';
import { nodeCryptography } from '#runtime/node/cryptography';
import { startTestGateway } from '../support/gateway.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { selfSigned } from '../support/self-signed.ts';
import { alter, testKey } from '../support/sign-jws.ts';
import { tempDir, writeIn } from '../support/temp-dir.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const folder = tempDir();
let provider: TestProvider;
let rig: GuardedGateway;

const config = (upstream: string) => ({
	providers: { idp: { issuer: provider.issuer, audience: provider.audience, required_claims: ['sub'] } },
	routes: [
		{ name: 'all', path: '/**', upstream },
		{
			name: 'scoped',
			path: '/scoped',
			scopes: ['secret:scope'],
			claims: { department: 'hidden-department' },
			upstream,
		},
		{ name: 'claimed', path: '/claimed', claims: { department: 'hidden-department' }, clients: ['client-1'], upstream },
		{ name: 'clients', path: '/clients', clients: ['hidden-client'], upstream },
		{ name: 'gone', path: '/gone', public: true, upstream: 'http://127.0.0.1:1' },
	],
});

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('RS256')] });
	rig = await startGuardedGateway(config);
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

const bug = new Error('a bug at /srv/secret/path.ts:7');

function verifyingWith(verify: PublicKey['verify']): Cryptography {
	return { ...nodeCryptography, importJwk: () => ({ verify }) };
}

/** Bugs put where a decision passes. */
const bugs: readonly (readonly [name: string, cryptography: Cryptography])[] = [
	[
		'the verification throws',
		verifyingWith(() => {
			throw bug;
		}),
	],
	['the verification rejects', verifyingWith(() => Promise.reject(bug))],
	['the verification rejects with nothing', verifyingWith(() => Promise.reject<boolean>())],
	['the digest throws', { ...nodeCryptography, hexDigest: throws }],
	['the keyed digest throws', { ...nodeCryptography, keyedDigest: () => throws }],
];

function throws(): never {
	throw bug;
}

test.each(bugs)('O01: %s', async (_, cryptography) => {
	// The digest also names keys: those are imported before the bug begins.
	let broken = false;
	const late: Cryptography = {
		...cryptography,
		digest: (text) => (broken ? cryptography : nodeCryptography).digest(text),
	};
	const faulty = await startGuardedGateway(config, { runtime: { cryptography: late } });
	onTestFinished(() => faulty.stop());
	broken = true;
	for (let n = 0; n < 2; n++) {
		const seen = await faulty.send({ token: provider.issue() });
		expectRefused(seen, '500', 'internal_error');
		expect(seen.response.head + seen.response.body + JSON.stringify(seen.record)).not.toContain('secret');
	}
	// It goes on serving what does not pass the bug.
	expectRefused(await faulty.send(), '401-NC', 'credential_missing');
});

test.each([
	['a truthy value', 1],
	['a text', 'true'],
	['an object', {}],
	['nothing', undefined],
])('O01: a verification that gives %s where true is wanted', async (_, given) => {
	const wrong = [
		[() => given, '500', 'internal_error'],
		[() => Promise.resolve(given), '401-IT', 'signature_invalid'],
	] as const;
	for (const [verify, answer, reason] of wrong) {
		const cryptography = verifyingWith(verify as unknown as PublicKey['verify']);
		const faulty = await startGuardedGateway(config, { runtime: { cryptography } });
		onTestFinished(() => faulty.stop());
		expectRefused(await faulty.send({ token: provider.issue() }), answer, reason);
	}
});

test('O01: without the bug the same token passes', async () => {
	expectForwarded(await rig.send({ token: provider.issue() }));
});

test.each([
	[
		'neither provider nor public, with one provider it is guarded',
		'providers: { idp: &p { issuer: "https://i.example/", audience: a, jwks: { keys: [] } } }',
		'',
		/no usable key/,
	],
	['neither provider nor public, without providers', '', '', /public/],
	['public: false and no provider', '', 'public: false, ', /public/],
	[
		'neither, with two providers',
		'providers: { a: { issuer: "https://a.example/", audience: a }, b: { issuer: "https://b.example/", audience: b } }',
		'',
		/providers/,
	],
	[
		'an empty list of providers',
		'providers: { a: { issuer: "https://a.example/", audience: a } }',
		'providers: [], ',
		/empty/,
	],
	[
		'a provider that is not there',
		'providers: { a: { issuer: "https://a.example/", audience: a } }',
		'providers: [b], ',
		/\bb\b/,
	],
	['no audience anywhere', 'providers: { a: { issuer: "https://a.example/" } }', 'providers: [a], ', /audience/],
	[
		'public and a provider',
		'providers: { a: { issuer: "https://a.example/", audience: a } }',
		'public: true, providers: [a], ',
		/public/,
	],
	['a misspelt guard', 'providers: { a: { issuer: "https://a.example/", audience: a } }', 'provider: a, ', /provider/],
])('O03: a route with %s is a configuration error', async (_, providers, guard, problem) => {
	const text = `${providers}\nroutes:\n  - { name: r, path: /, ${guard}upstream: "http://127.0.0.1:1" }\n`;
	const error: unknown = await startTestGateway(text).then(
		(gateway) => gateway.stop(),
		(cause: unknown) => cause,
	);
	expect(error).toBeInstanceOf(InvalidConfigError);
	expect(String(error)).toMatch(/gateway\.yaml:\d+:\d+/);
	expect(String(error)).toMatch(problem);
});

/** Everything that the client can see, but the clock and what counts requests. */
function visible({ response }: Seen): string {
	return response.head.replaceAll(/^(?:date|x-request-id):.*$/gim, '') + response.body;
}

test('O05: a forged token learns nothing about subject, times, audience or scopes', async () => {
	const forge = (claims: object, options: object = {}) => alter(provider.issue({ ...claims }, options), 2, 5);
	const forged = [
		forge({}),
		forge({ sub: 'nobody-of-this-name' }),
		forge({ exp: 1 }),
		forge({ nbf: 4_000_000_000 }),
		forge({ aud: 'another' }),
		forge({ cnf: { jkt: 'x' } }),
		forge({ sub: undefined }),
		forge({ scope: 'secret:scope', department: 'hidden-department' }),
		forge({}, { header: { typ: 'JWT' } }),
	];
	const answers = new Set<string>();
	for (const token of forged) {
		const seen = await rig.send({ target: '/scoped', token });
		expectRefused(seen, '401-IT', 'signature_invalid');
		answers.add(visible(seen));
	}
	expect(answers.size).toBe(1);
});

test('O05: genuine tokens of different people are refused with the same words', async () => {
	const answers = new Set<string>();
	for (const sub of ['known', 'unknown', 'root']) {
		const seen = await rig.send({ token: provider.issue({ sub, exp: 1_000_000_000 }) });
		expectRefused(seen, '401-IT', 'token_expired');
		answers.add(visible(seen));
	}
	expect(answers.size).toBe(1);
});

test('O05: key and issuer are told apart by nothing but their one sentence', async () => {
	const [header = '', payload = '', signature = ''] = provider.issue({ iss: 'https://elsewhere.example/' }).split('.');
	const unknownIssuer = await rig.send({ token: `${header}.${payload}.${signature}` });
	expectRefused(unknownIssuer, '401-IT', 'issuer_unknown');
	const unknownKey = await rig.send({ token: provider.issue({}, { kid: 'elsewhere' }) });
	expectRefused(unknownKey, '401-IT', 'key_unknown');
	const names = (seen: Seen) => [...seen.response.headers.keys()];
	expect(names(unknownIssuer)).toEqual(names(unknownKey));
});

/** Requests that are refused one by one for another reason, each with what the policy or the token would give away. */
const refusals: readonly (readonly [reason: string, send: () => Promise<Seen>])[] = [
	['token_malformed', () => rig.send({ token: 'a.b.c' })],
	['algorithm_rejected', () => rig.send({ token: provider.issue({}, { header: { alg: 'HS256' } }) })],
	['issuer_unknown', () => rig.send({ token: provider.issue({ iss: 'https://elsewhere.example/' }) })],
	['key_unknown', () => rig.send({ token: provider.issue({}, { kid: 'kid-canary' }) })],
	['signature_invalid', () => rig.send({ token: alter(provider.issue(), 2, 9) })],
	['token_type_rejected', () => rig.send({ token: provider.issue({}, { header: { typ: 'logout+jwt' } }) })],
	['token_expired', () => rig.send({ token: provider.issue({ exp: 1_234_567_890 }) })],
	['token_not_yet_valid', () => rig.send({ token: provider.issue({ nbf: 4_123_456_789 }) })],
	['binding_missing', () => rig.send({ token: provider.issue({ cnf: { jkt: 'thumbprint-canary' } }) })],
	['audience_mismatch', () => rig.send({ token: provider.issue({ aud: 'audience-canary' }) })],
	['client_not_allowed', () => rig.send({ target: '/clients', token: provider.issue() })],
	['claim_missing', () => rig.send({ target: '/claimed', token: provider.issue() })],
	['claim_mismatch', () => rig.send({ target: '/claimed', token: provider.issue({ department: 'claim-canary' }) })],
	['request_malformed', () => rig.sendBytes('GET / HTTP/1.1\r\nHost: a b\r\n\r\n')],
	['upstream_unreachable', () => rig.send({ target: '/gone' })],
];

test.each(refusals)('O06: the answer to %s gives nothing away', async (reason, send) => {
	const { response, record, forwarded } = await send();
	expect(response.status).toBeGreaterThanOrEqual(400);
	expect(forwarded).toHaveLength(0);
	expect(record.reason).toBe(reason);
	const text = response.head + response.body;
	const secrets = [
		provider.issuer,
		provider.audience,
		provider.keys[0]?.kid ?? '',
		'idp',
		'hidden-',
		'canary',
		'elsewhere',
		'127.0.0.1',
		'department',
		'1234567890',
		'4123456789',
	];
	for (const secret of secrets) expect(text.toLowerCase(), secret).not.toContain(secret.toLowerCase());
	expect(text).not.toMatch(/\bat .*\.[jt]s\b|node_modules|Error:|ECONN|undici|node\b/i);
	expect(response.headers.has('server')).toBe(false);
	expect(response.headers.has('x-powered-by')).toBe(false);
});

test('O06: insufficient_scope names the scope that is needed, as RFC 6750 §3.1 has it, and nothing else', async () => {
	const seen = await rig.send({ target: '/scoped', token: provider.issue() });
	expectRefused(seen, '403-IS', 'scope_insufficient');
	expect(seen.response.headers.get('www-authenticate')).toContain('scope="secret:scope"');
	expect(seen.response.head + seen.response.body).not.toContain('hidden-department');
});

/** Runs `countersign start` as a process of its own; ends when it says that it listens, or by itself. */
function runStart(
	env: NodeJS.ProcessEnv,
	nodeOptions: readonly string[],
): Promise<{ readonly code: number | null; readonly errors: string }> {
	const file = writeIn(
		folder,
		'gateway.yaml',
		'listen: 127.0.0.1:0\nroutes:\n  - { path: /, public: true, upstream: "http://127.0.0.1:1" }\n',
	);
	const { NODE_OPTIONS: _, ...inherited } = process.env;
	const args = ['--conditions=countersign-source', ...nodeOptions, 'src/cli/main.ts', 'start', '--config', file];
	const child = spawn(process.execPath, args, { env: { ...inherited, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
	let errors = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		errors += text;
		// Once: a second signal would end it on the spot.
		if (errors.includes('listening on') && !child.killed) child.kill('SIGTERM');
	});
	return new Promise((resolve, reject) => {
		child.on('error', reject).on('close', (code) => resolve({ code, errors }));
	});
}

test('O10: it does not start with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
	const { code, errors } = await runStart({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, []);
	expect(code).toBe(1);
	expect(errors).toContain('refusing to start: NODE_TLS_REJECT_UNAUTHORIZED=0');
	expect(errors).not.toContain('listening on');
});

test('O10: nor with --insecure-http-parser', async () => {
	const { code, errors } = await runStart({}, ['--insecure-http-parser']);
	expect(code).toBe(1);
	expect(errors).toContain('refusing to start: --insecure-http-parser');
	expect(errors).not.toContain('listening on');
});

test('O10: it starts without them, and says so about NODE_EXTRA_CA_CERTS', async () => {
	const authority = writeIn(folder, 'ca.pem', selfSigned().certificate);
	const { code, errors } = await runStart({ NODE_EXTRA_CA_CERTS: authority }, []);
	expect(code).toBe(0);
	expect(errors).toContain('listening on');
	expect(errors).toContain('NODE_EXTRA_CA_CERTS is set');
});

test('O10: every way to say it', () => {
	const judge = (env: Record<string, string>, execArgv: readonly string[] = []) => judgeProcess({ env, execArgv });
	const silent = { refusals: [], warnings: [] };
	expect(judge({})).toEqual(silent);
	expect(
		judge({ NODE_TLS_REJECT_UNAUTHORIZED: '1', NODE_OPTIONS: '--max-http-header-size=9', NODE_EXTRA_CA_CERTS: '' }),
	).toEqual(silent);
	expect(judge({ NODE_OPTIONS: '--no-insecure-http-parser' }, ['--conditions=x'])).toEqual(silent);
	for (const lenient of ['--insecure-http-parser', '--insecure_http_parser', '--insecure-http-parser=true']) {
		expect(judge({}, [lenient]).refusals).toHaveLength(1);
		expect(judge({ NODE_OPTIONS: `--trace-warnings "${lenient}" --no-deprecation` }).refusals).toHaveLength(1);
	}
	const both = judge({ NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_EXTRA_CA_CERTS: '/ca.pem' }, ['--insecure-http-parser']);
	expect(both.refusals).toHaveLength(2);
	expect(both.warnings).toHaveLength(1);
});
