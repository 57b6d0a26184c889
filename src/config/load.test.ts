import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJsonObject } from '#core/index';
import { mintingKeyName } from '../assembly/minting.ts';
import { nodeCryptography } from '../runtime/node/cryptography.ts';
import type { Definition, RouteDefinition } from './definition.ts';
import { formatDiagnostics } from './diagnostics.ts';
import { type LoadEnvironment, loadConfig, loadConfigText } from './load.ts';
import { configSchema } from './schema.ts';
import { providerSchema } from './schema-provider.ts';
import { routeSchema, ruleSchema } from './schema-route.ts';
import { upstreamSchema } from './schema-upstream.ts';

const pem = (kind: string) => `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----\n`;

const files: Readonly<Record<string, string>> = {
	'/config/not.json': 'not json',
	'/config/no-keys.json': '{"key": []}',
	'/config/private.json': '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "RSA", "d": "AQAB"}]}',
	'/config/private.pem': pem('RSA PRIVATE KEY'),
	'/config/two.pem': pem('PUBLIC KEY') + pem('PUBLIC KEY'),
	'/config/weak.pem': pem('PUBLIC KEY'),
	'/config/certificate.pem': pem('CERTIFICATE'),
	'/config/key.pem': pem('PRIVATE KEY'),
	'/config/keys.json': '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}',
	'/config/secret': 'tVh1zJmKp3xQ9rLw7nYc5sBd2fGu8eAo\n',
};

const environment: LoadEnvironment & { readonly folder: string } = {
	folder: '/config',
	env: { SHORT: 'canary-hunter2', KEY: 'tVh1zJmKp3xQ9rLw7nYc5sBd2fGu8eAo', PORT: '8080' },
	readFile: async (path) => {
		const text = files[path];
		if (text !== undefined) return text;
		throw Object.assign(new Error(`ENOENT ${path}`), { code: 'ENOENT' });
	},
	checkMintingKey: (key) => mintingKeyName(key, nodeCryptography),
	checkKeys: (keys) => (keys.from === 'pem' ? ['the key is weak: RSA with 1024 bits'] : []),
};

const folder = join(import.meta.dirname, 'fixtures');
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

async function define(text: string): Promise<Definition> {
	const { definition, diagnostics } = await loadConfigText(text, environment);
	if (definition === undefined) throw new Error(formatDiagnostics('text', diagnostics, { colour: false }));
	return definition;
}

async function defineRoute(
	text: string,
	providers = 'idp: { issuer: https://idp.example.com/, audience: api }',
): Promise<RouteDefinition> {
	const { routes } = await define(`listen: 127.0.0.1:0\nproviders: { ${providers} }\nroutes:\n  - { ${text} }`);
	const [route] = routes;
	if (route === undefined) throw new Error('no route');
	return route;
}

test('there are fixtures', () => {
	expect(fixtures.length).toBeGreaterThan(30);
});

test.each(fixtures)('%s: the diagnostics are as recorded', async (name) => {
	const { definition, diagnostics } = await loadConfigText(readFileSync(join(folder, name), 'utf8'), environment);
	expect(diagnostics.length).toBeGreaterThan(0);
	const faulty = diagnostics.some(({ severity }) => severity === 'error');
	expect(faulty).toBe(!/^(warned|hinted)-/.test(name));
	expect(definition === undefined).toBe(faulty);
	const text = formatDiagnostics(name, diagnostics, { colour: false });
	expect(text).not.toContain('hunter2');
	await expect(text).toMatchFileSnapshot(join(folder, name.replace('.yaml', '.txt')));
});

test('eight faults are eight diagnostics, each at its own line', async () => {
	const { diagnostics } = await loadConfigText(readFileSync(join(folder, 'eight-faults.yaml'), 'utf8'), environment);
	expect(diagnostics.map(({ line, path }) => `${line} ${path}`)).toEqual([
		'3 listn',
		'5 providers.idp.issuer',
		'6 providers.partner.secret',
		'10 routes[0].providers[1]',
		'11 routes[0].audience',
		'14 routes[1].path',
		'16 routes[1].upstream',
		'21 routes[2].public',
	]);
	expect(diagnostics.every(({ severity, column }) => severity === 'error' && column >= 1)).toBe(true);
});

test('JSON is read like YAML, with tabs', async () => {
	const text = JSON.stringify(
		{ listen: '127.0.0.1:0', routes: [{ path: '/h', public: true, upstream: 'http://127.0.0.1:1' }] },
		null,
		'\t',
	);
	expect((await define(text)).routes).toHaveLength(1);
});

test('a provider of shared access signatures', async () => {
	const { providers, routes } = await define(`
listen: 127.0.0.1:0
providers:
  devices:
    tokens: [shared_access]
    format: service_bus
    audience: sb://bus.example.net/
    max_lifetime: 1h
    keys:
      sender: { primary: '\${env:KEY}', secondary: Zx3Vn8Qb5Tr1Lk7Wd4Yp0Hs6Gc2Jm9Fe, scopes: [send], claims: { sub: me, roles: [a, b] } }
      old: { primary: Qx3Vn8Qb5Tr1Lk7Wd4Yp0Hs6Gc2Jm9Fe, disabled: true }
    unnamed_key: sender
routes: [{ path: /**, scopes: [send], upstream: http://127.0.0.1:9001 }]
`);
	expect(providers[0]).toMatchObject({
		tokens: ['shared_access'],
		keys: { from: 'none' },
		sharedAccess: {
			format: 'service_bus',
			unnamedKey: 'sender',
			storedKeys: false,
			keys: [
				{
					name: 'sender',
					secondary: 'Zx3Vn8Qb5Tr1Lk7Wd4Yp0Hs6Gc2Jm9Fe',
					disabled: false,
					scopes: ['send'],
					claims: { sub: 'me', roles: ['a', 'b'] },
				},
				{ name: 'old', secondary: undefined, disabled: true, scopes: [], claims: {} },
			],
		},
	});
	expect(routes[0]?.rules[0]).toMatchObject({ audience: ['sb://bus.example.net/'], maxLifetime: 3600 });
	expect(providers[0]?.generation).not.toContain('Zx3V');
});

test('defaults of a small file', async () => {
	const definition = await define(
		'listen: 127.0.0.1:8080\nproviders: { idp: { issuer: https://idp.example.com/t, audience: api } }\nroutes: [{ path: /**, upstream: http://127.0.0.1:9001 }]',
	);
	expect(definition).toMatchObject({
		listen: [{ host: '127.0.0.1', port: 8080, tls: undefined }],
		limits: { headers: 32_768, headerCount: 100, token: 16_384 },
		timeouts: { tlsHandshake: 5_000, requestHead: 10_000, drain: 30_000 },
		tokenCacheBytes: 192 * 1024 * 1024,
		audit: { onOverflow: 'drop' },
	});
	expect(definition.providers[0]).toMatchObject({
		algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
		typ: ['at+jwt', 'jwt', ''],
		clockSkew: 5,
		tokenFrom: [{ in: 'header', name: 'authorization' }],
		keys: {
			from: 'discovery',
			checkIssuer: true,
			urls: [
				'https://idp.example.com/t/.well-known/openid-configuration',
				'https://idp.example.com/.well-known/oauth-authorization-server/t',
			],
		},
	});
	expect(definition.routes[0]).toMatchObject({
		name: '/**',
		methods: [],
		backendToken: { type: 'none' },
		encodedSlash: false,
	});
	expect(definition.routes[0]?.rules).toMatchObject([{ provider: 'idp', audience: ['api'], binding: 'if_bound' }]);
});

test('a provider’s entry replaces audience and scopes, merges claims, and the strictest lifetime counts', async () => {
	const route = await defineRoute(
		'upstream: http://127.0.0.1:9001, path: "/{tenant}", audience: r, scopes: [a], clients: [c], claims: { x: 1, y: 2 }, max_lifetime: 10m, max_age: 1m, acr_values: [gold],' +
			' providers: { idp: { audience: "p-{tenant}", scopes: { any_of: [b] }, claims: { y: 3, z: { all_of: [4] } }, max_lifetime: 20m }, other: }',
		'idp: { issuer: https://idp.example.com/, audience: api, max_lifetime: 1h, max_age: 30s }, other: { issuer: https://o.example.com/, audience: o, max_lifetime: 5m }',
	);
	expect(route.rules).toMatchObject([
		{
			provider: 'idp',
			audience: ['p-{tenant}'],
			scopes: { allOf: [], anyOf: ['b'] },
			clients: ['c'],
			claims: [
				{ claim: 'x', test: { kind: 'equals', value: 1 } },
				{ claim: 'y', test: { kind: 'equals', value: 3 } },
				{ claim: 'z', test: { kind: 'all_of', values: [4] } },
			],
			maxLifetime: 600,
			maxAge: 30,
			authentication: { acrValues: ['gold'] },
		},
		{ provider: 'other', audience: ['r'], scopes: { allOf: ['a'] }, maxLifetime: 300, maxAge: 60 },
	]);
});

test('GET brings HEAD, hosts are lower-case, responses and cors of the file reach the routes', async () => {
	const { routes } = await define(
		[
			'listen: 127.0.0.1:0',
			'responses: { audience_mismatch: 403, token_expired: 403 }',
			'cors: { origins: https://app.example.com }',
			'routes:',
			'  - { path: /a, host: "{Tenant}.API.example.com", methods: GET, public: true, upstream: http://127.0.0.1:1, responses: { token_expired: 401 } }',
		].join('\n'),
	);
	expect(routes[0]).toMatchObject({
		host: '{Tenant}.api.example.com',
		methods: ['GET', 'HEAD'],
		responses: { audience_mismatch: 403, token_expired: 401 },
		cors: { origins: ['https://app.example.com'], maxAge: 600, credentials: false },
	});
});

test('what ends when a token expires is said for all routes, or for one', async () => {
	const one = (name: string, own: string) =>
		`  - { path: /${name}, providers: idp, audience: a, upstream: http://127.0.0.1:1${own} }`;
	const { routes } = await define(
		[
			'listen: 127.0.0.1:0',
			'end_at_expiry: all',
			'providers: { idp: { issuer: https://idp.example.com/ } }',
			'routes:',
			one('a', ''),
			one('b', ', end_at_expiry: tunnels'),
		].join('\n'),
	);
	expect(routes.map(({ endAtExpiry }) => endAtExpiry)).toEqual(['all', 'tunnels']);
	expect((await defineRoute('path: /a, upstream: http://127.0.0.1:1')).endAtExpiry).toBe('tunnels');
});

test('an upstream’s path goes in front, its default port goes away', async () => {
	const route = await defineRoute(
		'path: /v1/**, upstream: { url: "https://orders.example.com:443/base/", strip_prefix: /v1, timeout: 2s }',
	);
	expect(route.upstream).toEqual({
		endpoints: ['https://orders.example.com'],
		stripPrefix: '/v1',
		addPrefix: '/base',
		timeout: 2000,
		bodyTimeout: 300_000,
		connectTimeout: 5000,
		preserveHost: false,
		pool: {
			maxConnections: 1024,
			maxIdle: 256,
			idleTimeout: 4000,
			maxRequests: Number.POSITIVE_INFINITY,
			maxWaiting: 1024,
			waitTimeout: 5000,
			resolveAfter: 5000,
		},
		ejection: { failures: 3, statuses: [], time: 5000, maxTime: 60_000 },
		healthCheck: undefined,
		tls: undefined,
	});
});

test('insecure_any_audience leaves the audience out', async () => {
	const route = await defineRoute('upstream: http://127.0.0.1:9001, path: /a, insecure_any_audience: true');
	expect(route.rules[0]?.audience).toBeUndefined();
});

test('TLS files are absolute, and watched like every file named', async () => {
	const text = [
		'listen: { address: "[::1]:8443", tls: { certificate: certificate.pem, key: ./key.pem } }',
		'providers: { a: { issuer: a, secret: "${file:secret}", audience: x }, b: { issuer: b, jwks_file: keys.json, audience: x } }',
		'routes: [{ path: /a, providers: [a, b], upstream: http://127.0.0.1:1 }]',
	].join('\n');
	const { definition, files: watched } = await loadConfigText(text, environment);
	expect(definition?.listen).toEqual([
		{
			host: '::1',
			port: 8443,
			tls: {
				certificate: '/config/certificate.pem',
				key: '/config/key.pem',
				clientCa: undefined,
				clientCertificate: 'none',
			},
		},
	]);
	expect(watched.toSorted()).toEqual([
		'/config/certificate.pem',
		'/config/key.pem',
		'/config/keys.json',
		'/config/secret',
	]);
	expect(definition?.providers[0]).toMatchObject({
		keys: { from: 'secret', secret: environment.env['KEY'] },
		algorithms: ['HS256'],
	});
});

test('a generation changes with any rule or key of its provider, with no other, and holds no secret', async () => {
	const load = async (skew: string, secret: string) => {
		const text = `listen: 127.0.0.1:0\nproviders: { a: { issuer: a, secret: "${secret}", clock_skew: ${skew}, audience: x }, b: { issuer: https://b.example.com/, audience: x } }\nroutes: []`;
		return (await define(text)).providers.map(({ generation }) => generation);
	};
	const secret = '${env:KEY}';
	const [a, b] = await load('5s', secret);
	expect(await load('5s', secret)).toEqual([a, b]);
	expect((await load('6s', secret))[0]).not.toBe(a);
	expect((await load('6s', secret))[1]).toBe(b);
	expect((await load('5s', `${secret}x`))[0]).not.toBe(a);
	expect(a).not.toContain(environment.env['KEY']);
});

test('a file that cannot be read is a diagnostic', async () => {
	const { definition, diagnostics, files: watched } = await loadConfig('/config/none.yaml', environment);
	expect(definition).toBeUndefined();
	expect(diagnostics).toMatchObject([
		{ severity: 'error', message: 'the configuration file cannot be read: there is no such file' },
	]);
	expect(watched).toEqual(['/config/none.yaml']);
});

const keys = [
	...[configSchema, providerSchema, routeSchema, ruleSchema, upstreamSchema].flatMap((schema) =>
		Object.keys(schema.shape),
	),
	'__proto__',
	'constructor',
	'any_of',
	'header',
	'tls',
	'idp',
];
const leaves = fc.oneof(
	fc.string({ unit: 'grapheme' }),
	fc.constantFrom(
		'/a/{b}',
		'${env:SHORT}',
		'${file:secret}',
		'https://idp.example.com/',
		'auth0',
		'127.0.0.1:1',
		'5m',
		'1MiB',
		'idp',
	),
	fc.boolean(),
	fc.integer(),
	fc.double(),
	fc.constant(null),
);
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
	value: fc.oneof(
		{ depthSize: 'small', withCrossShrink: true },
		leaves,
		fc.array(tie('value'), { maxLength: 4 }),
		fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6 }),
	),
}));
const fileLike = fc.record(
	{
		listen: fc.oneof(fc.constant('127.0.0.1:0'), anything),
		providers: fc.oneof(fc.dictionary(fc.constantFrom('idp', 'b'), anything), anything),
		routes: fc.oneof(fc.array(anything, { maxLength: 4 }), anything),
		limits: anything,
	},
	{ requiredKeys: ['listen', 'routes'] },
);

async function neverBoth(text: string): Promise<void> {
	const { definition, diagnostics } = await loadConfigText(text, environment);
	expect(definition === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
	for (const { line, column } of diagnostics) expect(line >= 1 && column >= 1).toBe(true);
}

test('whatever the file says: no exception, and never a definition together with an error', async () => {
	await fc.assert(
		fc.asyncProperty(fc.oneof(fileLike, anything), (value) => neverBoth(JSON.stringify(value) ?? '')),
		{ numRuns: 200 },
	);
});

test('whatever the file is: no exception, and never a definition together with an error', async () => {
	const pieces = fc.constantFrom(
		'listen: ',
		'routes:',
		'\n',
		'  ',
		'- ',
		'{',
		'}',
		'[',
		']',
		': ',
		'&a ',
		'*a',
		'!!set ',
		'"',
		"'",
		'\t',
		'---\n',
		'%YAML 1.1\n',
		'? ',
		'|',
		'>',
		'<<',
		'${env:',
		'#',
		'\r',
		'\u0000',
		'💥',
	);
	const texts = fc.oneof(
		fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }).map((parts) => parts.join('')),
		fc.string({ unit: 'binary' }),
	);
	await fc.assert(fc.asyncProperty(texts, neverBoth), { numRuns: 200 });
});

test('a good file stays good when any one value is replaced, or is refused', async () => {
	const good = {
		listen: '127.0.0.1:0',
		providers: { idp: { issuer: 'https://idp.example.com/', audience: 'api', max_lifetime: '1h', claims: { a: 1 } } },
		routes: [
			{
				path: '/a/{b}',
				scopes: ['x:{b}'],
				claims: { c: { any_of: ['d'] } },
				upstream: { url: 'http://127.0.0.1:1', timeout: '1s' },
			},
		],
	};
	expect((await define(JSON.stringify(good))).routes).toHaveLength(1);
	const replaceAt = (value: unknown, index: { left: number }, by: unknown): unknown => {
		if (index.left-- === 0) return by;
		if (Array.isArray(value)) return value.map((item: unknown) => replaceAt(item, index, by));
		if (!isJsonObject(value)) return value;
		return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaceAt(item, index, by)]));
	};
	await fc.assert(
		fc.asyncProperty(fc.nat(20), anything, (left, by) =>
			neverBoth(JSON.stringify(replaceAt(good, { left }, by)) ?? ''),
		),
		{ numRuns: 200 },
	);
});
