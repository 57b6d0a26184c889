/**
 * `import apim` held against what it translates: for each shape of policy, the native rules and the policy itself decide over
 * the same requests. They answer alike, but for what the import says to be stricter; and no token passes the rules that the
 * policy refuses.
 */
import { createSecretKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyThumbprint, makeProof } from './support/dpop.ts';
import { policyOf } from './support/policy-gateway.ts';
import type { FakeRequest } from './support/request-view.ts';
import { signJws, type TestKey, testKey } from './support/sign-jws.ts';
import { issuerKeys, now, octets, startTwice, type Twice, tenant } from './support/translated.ts';

type Claims = Readonly<Record<string, unknown>>;
type Signer = TestKey | ReturnType<typeof createSecretKey>;

interface Shape {
	readonly policy: string;
	readonly good: Claims;
	readonly key: Signer;
	/** Default: the key's. */
	readonly kid?: string | undefined;
	/** Header, when it is not Authorization; or a parameter. */
	readonly place?: { readonly header: string } | { readonly query: string };
	readonly status?: number;
	readonly skew?: number;
}

const secret = createSecretKey(octets.subarray(0, 32));
const longSecret = createSecretKey(octets);
const { a, b, entra, inline, second, curve } = issuerKeys;
const metadata = {
	a: '<openid-config url="https://a.example.com/.well-known/openid-configuration" />',
	b: '<openid-config url="https://b.example.com/realms/b/.well-known/openid-configuration" />',
	entra:
		'<openid-config url="https://login.microsoftonline.com/{{tenant-id}}/v2.0/.well-known/openid-configuration" />',
	entraV1: `<openid-config url="https://login.microsoftonline.com/${tenant}/.well-known/openid-configuration" />`,
	common: '<openid-config url="https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration" />',
};
const ofA = 'https://a.example.com/';
const ofB = 'https://b.example.com/realms/b';
const v2 = `https://login.microsoftonline.com/${tenant}/v2.0`;
const v1 = `https://sts.windows.net/${tenant}/`;
const list = (name: string, item: string, ...values: readonly string[]) =>
	`<${name}>${values.map((value) => `<${item}>${value}</${item}>`).join('')}</${name}>`;
const audiences = (...values: readonly string[]) => list('audiences', 'audience', ...values);
const issuersOf = (...values: readonly string[]) => list('issuers', 'issuer', ...values);
const keysOf = (...keys: readonly string[]) => `<issuer-signing-keys>${keys.join('')}</issuer-signing-keys>`;
const claim = (attributes: string, ...values: readonly string[]) =>
	`<claim ${attributes}>${values.map((value) => `<value>${value}</value>`).join('')}</claim>`;
const required = (...claims: readonly string[]) => `<required-claims>${claims.join('')}</required-claims>`;
const jwt = (children: string, attributes = 'header-name="Authorization"') =>
	policyOf(`<validate-jwt ${attributes}>${children}</validate-jwt>`, '');
const rsa = (key: TestKey, attributes = '') => `<key n="${key.jwk['n'] as string}" e="AQAB" ${attributes}/>`;

const secretTrust = `${keysOf('<key>{{signing-key}}</key>')}${issuersOf('{{issuer}}')}`;
const named = 'https://named.example.com/';
const good = { iss: ofA, aud: 'api' };
const goodSecret = { iss: named, aud: 'api' };

const shapes: Readonly<Record<string, Shape>> = {
	discovered: { policy: jwt(metadata.a + audiences('other', 'api')), good, key: a },
	discoveredmore: {
		policy: jwt(metadata.a + audiences('api') + issuersOf('https://more.example.com/')),
		good: { iss: 'https://more.example.com/', aud: 'api' },
		key: a,
	},
	anyaudience: { policy: jwt(metadata.a), good: { iss: ofA }, key: a },
	two: { policy: jwt(metadata.a + metadata.b + audiences('api')), good: { iss: ofB, aud: 'api' }, key: b },
	twolisted: {
		policy: jwt(metadata.a + metadata.b + audiences('api') + issuersOf(ofA, ofB)),
		good: { iss: ofB, aud: 'api' },
		key: b,
	},
	secret: {
		policy: jwt(secretTrust + audiences('{{api-audience}}')),
		good: { iss: named, aud: 'api://orders' },
		key: secret,
	},
	longsecret: {
		policy: jwt(keysOf('<key>{{long-key}}</key>') + issuersOf(named) + audiences('api')),
		good: goodSecret,
		key: longSecret,
	},
	rsakeys: {
		policy: jwt(keysOf(rsa(inline, 'id="one"'), rsa(second, 'id="two"')) + issuersOf(ofA, ofB) + audiences('api')),
		good,
		key: second,
		kid: 'two',
	},
	rsakey: { policy: jwt(keysOf(rsa(inline)) + issuersOf(ofA) + audiences('api')), good, key: inline },
	rsakeyid: {
		policy: jwt(keysOf(rsa(inline, 'id="one"')) + issuersOf(ofA) + audiences('api')),
		good,
		key: inline,
		kid: 'one',
	},
	certificate: {
		policy: jwt(keysOf('<key certificate-id="cert" />') + issuersOf(ofA) + audiences('api')),
		good,
		key: inline,
	},
	certificateid: {
		policy: jwt(keysOf('<key id="x" certificate-id="cert" />') + issuersOf(ofA) + audiences('api')),
		good,
		key: inline,
		kid: 'x',
	},
	curve: {
		policy: jwt(keysOf('<key certificate-id="curve" />') + issuersOf(ofA) + audiences('api')),
		good,
		key: curve,
	},
	skew: {
		policy: jwt(metadata.a + audiences('api'), 'header-name="Authorization" clock-skew="120"'),
		good,
		key: a,
		skew: 120,
	},
	forbidden: {
		policy: jwt(metadata.a + audiences('api'), 'header-name="Authorization" failed-validation-httpcode="403"'),
		good,
		key: a,
		status: 403,
	},
	onerror: {
		policy: policyOf(
			`<validate-jwt header-name="Authorization">${metadata.a}${audiences('api')}</validate-jwt>`,
			'<on-error><base /><return-response><set-status code="403" reason="No" /><set-body>no</set-body></return-response></on-error>',
		),
		good,
		key: a,
		status: 403,
	},
	bearer: {
		policy: jwt(metadata.a + audiences('api'), 'header-name="Authorization" require-scheme="Bearer"'),
		good,
		key: a,
	},
	header: {
		policy: jwt(metadata.a + audiences('api'), 'header-name="X-Token"'),
		good,
		key: a,
		place: { header: 'X-Token' },
	},
	query: {
		policy: jwt(metadata.a + audiences('api'), 'query-parameter-name="token"'),
		good,
		key: a,
		place: { query: 'token' },
	},
	claims: {
		policy: jwt(
			metadata.a +
				audiences('api') +
				required(
					claim('name="roles"', 'a', 'b'),
					claim('name="n" match="any"', '7', 'true'),
					claim('name="tid"'),
					claim('name="/x"', 'y'),
				),
		),
		good: { ...good, roles: ['c', 'b', 'a'], n: 7, tid: 't', '/x': 'y', x: 'y' },
		key: a,
	},
	scopes: {
		policy: jwt(
			metadata.a + audiences('api') + required(claim('name="scp" match="all" separator=" "', 'read', 'write')),
		),
		good: { ...good, scp: 'write read' },
		key: a,
	},
	anyscope: {
		policy: jwt(
			metadata.a + audiences('api') + required(claim('name="permissions" match="any" separator=" "', 'read', 'write')),
		),
		good: { ...good, permissions: 'write other', scp: 'read', scope: 'read' },
		key: a,
	},
	fragment: { policy: policyOf('<include-fragment fragment-id="check" />', ''), good, key: a },
	entrav2: { policy: jwt(metadata.entra + audiences('api')), good: { iss: v2, aud: 'api', tid: tenant }, key: entra },
	entrav1: { policy: jwt(metadata.entraV1 + audiences('api')), good: { iss: v1, aud: 'api', tid: tenant }, key: entra },
	anytenant: {
		policy: jwt(metadata.common + audiences('api') + required(claim('name="tid" match="any"', tenant, 'x'))),
		good: { iss: v2, aud: 'api', tid: tenant },
		key: entra,
	},
	aad: {
		policy: policyOf(
			`<validate-azure-ad-token tenant-id="{{tenant-id}}">${list('client-application-ids', 'application-id', 'app-1', 'app-2')}${audiences('api', 'x')}${required(claim('name="roles"', 'r'))}</validate-azure-ad-token>`,
			'',
		),
		good: { iss: v1, aud: 'api', tid: tenant, appid: 'app-2', roles: ['r'] },
		key: entra,
	},
	aadbackends: {
		policy: policyOf(
			`<validate-azure-ad-token tenant-id="${tenant}">${list('backend-application-ids', 'application-id', 'orders', 'more')}${audiences('api', 'more')}</validate-azure-ad-token>`,
			'',
		),
		good: { iss: v2, aud: ['api', 'api://orders'], tid: tenant, azp: 'anybody' },
		key: entra,
	},
	beside: {
		policy: policyOf(
			`<trace source="x"><message>m</message></trace><set-variable name="v" value="w" /><validate-jwt header-name="Authorization" output-token-variable-name="jwt">${metadata.a}${audiences('api')}</validate-jwt><set-header name="Authorization" exists-action="delete" /><set-header name="X-Version"><value>2</value></set-header><set-header name="X-Functions-Key"><value>{{backend-key}}</value></set-header>`,
			'<outbound><base /><set-header name="Server" exists-action="delete" /></outbound>',
		).replace('<outbound><base /></outbound>', ''),
		good,
		key: a,
	},
};

let rig: Twice;
beforeAll(async () => {
	rig = await startTwice(Object.fromEntries(Object.entries(shapes).map(([name, { policy }]) => [name, policy])));
});
afterAll(() => rig.stop());

test('every shape is translated', () => {
	expect(rig.imported.report).not.toMatch(/ kept /);
	expect(rig.translated).toEqual(Object.keys(shapes));
});

function algorithmOf(key: Signer): string {
	return 'algorithm' in key ? key.algorithm : 'HS256';
}

interface TokenOptions {
	readonly claims?: Claims;
	readonly header?: Claims;
	readonly key?: Signer;
	/** How it is signed, whatever the header says. */
	readonly algorithm?: TestKey['algorithm'];
}

function tokenOf(shape: Shape, { claims = {}, header = {}, key = shape.key, algorithm }: TokenOptions = {}): string {
	const kid = shape.kid ?? ('kid' in key ? key.kid : undefined);
	const payload = { sub: 'user', iat: now - 1_000, exp: now + 300, ...shape.good, ...claims };
	return signJws({
		header: JSON.stringify({ alg: algorithm ?? algorithmOf(key), typ: 'JWT', kid, ...header }),
		payload,
		key,
		...('algorithm' in key && algorithm === undefined ? {} : { algorithm: algorithm ?? 'HS256' }),
	});
}

function request({ place }: Shape, token: string, scheme = 'Bearer '): FakeRequest {
	if (place === undefined) return { headers: [['Authorization', scheme + token]] };
	return 'query' in place ? { target: `/7?${place.query}=${token}` } : { headers: [[place.header, scheme + token]] };
}

/** What the two of them make of it must be the same. */
const cases: readonly (readonly [name: string, make: (shape: Shape) => FakeRequest])[] = [
	['a good token', (shape) => request(shape, tokenOf(shape))],
	['the same again', (shape) => request(shape, tokenOf(shape))],
	['no token', () => ({})],
	['expired', (shape) => request(shape, tokenOf(shape, { claims: { exp: now - 200 } }))],
	['expired now', (shape) => request(shape, tokenOf(shape, { claims: { exp: now } }))],
	['expired a moment ago', (shape) => request(shape, tokenOf(shape, { claims: { exp: now - 3 } }))],
	['expired within a skew of 120 s', (shape) => request(shape, tokenOf(shape, { claims: { exp: now - 119 } }))],
	['expired at the end of that', (shape) => request(shape, tokenOf(shape, { claims: { exp: now - 120 } }))],
	['not yet valid', (shape) => request(shape, tokenOf(shape, { claims: { nbf: now + 200 } }))],
	['not yet valid by a moment', (shape) => request(shape, tokenOf(shape, { claims: { nbf: now + 3 } }))],
	['without exp', (shape) => request(shape, tokenOf(shape, { claims: { exp: undefined } }))],
	['exp that is a text', (shape) => request(shape, tokenOf(shape, { claims: { exp: String(now + 300) } }))],
	['another audience', (shape) => request(shape, tokenOf(shape, { claims: { aud: 'elsewhere' } }))],
	['no audience', (shape) => request(shape, tokenOf(shape, { claims: { aud: undefined } }))],
	['an empty audience', (shape) => request(shape, tokenOf(shape, { claims: { aud: '' } }))],
	[
		'one audience among others',
		(shape) => request(shape, tokenOf(shape, { claims: { aud: ['x', 'api', 'api://orders'] } })),
	],
	['an audience of each list alone', (shape) => request(shape, tokenOf(shape, { claims: { aud: 'more' } }))],
	['another issuer', (shape) => request(shape, tokenOf(shape, { claims: { iss: 'https://evil.example.com/' } }))],
	[
		'an issuer without its slash',
		(shape) => request(shape, tokenOf(shape, { claims: { iss: 'https://a.example.com' } })),
	],
	['no issuer', (shape) => request(shape, tokenOf(shape, { claims: { iss: undefined } }))],
	[
		'the issuer of another tenant',
		(shape) => request(shape, tokenOf(shape, { claims: { iss: v2.replace('6c3d', 'e4f0') } })),
	],
	[
		'a tenant and its issuer, another one',
		(shape) =>
			request(
				shape,
				tokenOf(shape, { claims: { iss: v2.replace('6c3d', 'e4f0'), tid: tenant.replace('6c3d', 'e4f0') } }),
			),
	],
	[
		'the other version of the tenant',
		(shape) => request(shape, tokenOf(shape, { claims: { iss: shape.good['iss'] === v1 ? v2 : v1 } })),
	],
	['the key of nobody', (shape) => request(shape, tokenOf(shape, { key: testKey('RS256', 'translated-nobody') }))],
	['the key of another issuer', (shape) => request(shape, tokenOf(shape, { key: shape.key === a ? b : a }))],
	['a kid of nobody', (shape) => request(shape, tokenOf(shape, { header: { kid: 'nobody' } }))],
	['no kid', (shape) => request(shape, tokenOf(shape, { header: { kid: undefined } }))],
	['unsigned', (shape) => request(shape, tokenOf(shape, { header: { alg: 'none' } }).replace(/[^.]*$/, ''))],
	[
		'an algorithm that the signature is not of',
		(shape) => request(shape, tokenOf(shape, { header: { alg: 'RS512' } })),
	],
	[
		'an algorithm that no policy takes',
		(shape) =>
			request(
				shape,
				tokenOf(
					shape,
					'algorithm' in shape.key && shape.key.algorithm === 'RS256'
						? { algorithm: 'RS384' }
						: { header: { alg: 'HS1' } },
				),
			),
	],
	[
		'another algorithm that a policy takes',
		(shape) =>
			request(
				shape,
				tokenOf(
					shape,
					'algorithm' in shape.key
						? { algorithm: shape.key.algorithm === 'RS256' ? 'PS256' : 'ES256' }
						: { algorithm: 'HS384' },
				),
			),
	],
	[
		'HS512 with a secret for HS256',
		(shape) => request(shape, tokenOf(shape, 'algorithm' in shape.key ? {} : { algorithm: 'HS512' })),
	],
	['a signature that was altered', (shape) => request(shape, `${tokenOf(shape).slice(0, -6)}AAAAAA`)],
	['what is no token', (shape) => request(shape, 'x.y.z')],
	['a token with something behind it', (shape) => request(shape, `${tokenOf(shape)}=`)],
	['a token with a comma', (shape) => request(shape, `${tokenOf(shape)},`)],
	['an empty token', (shape) => request(shape, '')],
	['an empty token without a scheme', (shape) => request(shape, '', '')],
	[
		'a token with a blank in it',
		(shape) =>
			request(shape, tokenOf(shape).replace('.', shape.place !== undefined && 'query' in shape.place ? '%20' : ' ')),
	],
	[
		'the scheme in small letters',
		(shape) => request(shape, tokenOf(shape), shape.place === undefined ? 'bearer ' : ''),
	],
	['no scheme', (shape) => request(shape, tokenOf(shape), '')],
	[
		'the scheme DPoP, without a proof',
		(shape) => request(shape, tokenOf(shape), shape.place === undefined ? 'DPoP ' : ''),
	],
	['another scheme', (shape) => request(shape, tokenOf(shape), shape.place === undefined ? 'Token ' : '')],
	[
		'a scheme of signatures',
		(shape) => request(shape, tokenOf(shape), shape.place === undefined ? 'SharedAccessSignature ' : ''),
	],
	[
		'a token that is bound to a key, without proof',
		(shape) => request(shape, tokenOf(shape, { claims: { cnf: { jkt: keyThumbprint() } } })),
	],
	[
		'the token twice',
		(shape) => {
			const once = request(shape, tokenOf(shape));
			return once.target === undefined
				? { headers: [...(once.headers ?? []), ...(once.headers ?? [])] }
				: { target: `${once.target}&${once.target.split('?')[1] ?? ''}` };
		},
	],
	[
		'the token and another one',
		(shape) => {
			const once = request(shape, tokenOf(shape));
			const other = request(shape, 'x.y.z');
			return once.target === undefined
				? { headers: [...(other.headers ?? []), ...(once.headers ?? [])] }
				: { target: `${once.target}&${other.target?.split('?')[1] ?? ''}` };
		},
	],
	['a claim that is missing', (shape) => request(shape, tokenOf(shape, { claims: without(shape.good) }))],
	['claims that are null', (shape) => request(shape, tokenOf(shape, { claims: others(shape.good, null) }))],
	['claims that are empty lists', (shape) => request(shape, tokenOf(shape, { claims: others(shape.good, []) }))],
	['claims of another value', (shape) => request(shape, tokenOf(shape, { claims: others(shape.good, 'other') }))],
	['claims in lists', (shape) => request(shape, tokenOf(shape, { claims: listed(shape.good) }))],
	['a number as its text', (shape) => request(shape, tokenOf(shape, { claims: 'n' in shape.good ? { n: '7' } : {} }))],
	[
		'another of the values',
		(shape) => request(shape, tokenOf(shape, { claims: 'n' in shape.good ? { n: true } : {} })),
	],
	[
		'a value of a list of lists',
		(shape) => request(shape, tokenOf(shape, { claims: 'n' in shape.good ? { n: [[7]] } : {} })),
	],
	[
		'a nested claim in place of one with a slash',
		(shape) => request(shape, tokenOf(shape, { claims: '/x' in shape.good ? { '/x': undefined } : {} })),
	],
	[
		'one scope alone',
		(shape) => request(shape, tokenOf(shape, { claims: 'scp' in shape.good ? { scp: 'read', permissions: 'x' } : {} })),
	],
	[
		'scopes as a list',
		(shape) =>
			request(
				shape,
				tokenOf(shape, { claims: 'scp' in shape.good ? { scp: ['read', 'write'], permissions: ['read'] } : {} }),
			),
	],
	[
		'scopes of another claim',
		(shape) =>
			request(
				shape,
				tokenOf(shape, {
					claims: 'scp' in shape.good ? { scp: undefined, permissions: undefined, scope: 'read write' } : {},
				}),
			),
	],
	['another client', (shape) => request(shape, tokenOf(shape, { claims: { appid: 'app-3', azp: 'app-3' } }))],
	['two clients in one token', (shape) => request(shape, tokenOf(shape, { claims: { appid: 'app-1', azp: 'app-3' } }))],
];

function others(claims: Claims, value: unknown): Claims {
	return Object.fromEntries(
		Object.keys(claims)
			.filter((name) => !['iss', 'aud', 'tid'].includes(name))
			.map((name) => [name, value]),
	);
}

function without(claims: Claims): Claims {
	const [name] = Object.keys(claims).filter((each) => !['iss', 'aud'].includes(each));
	return name === undefined ? {} : { [name]: undefined };
}

function listed(claims: Claims): Claims {
	return Object.fromEntries(
		Object.entries(claims).map(([name, value]) => [
			name,
			['iss', 'tid', 'appid'].includes(name) ? value : [value].flat(),
		]),
	);
}

/** What the import says of these shapes alone. */
const stricter: ReadonlySet<string> = new Set([
	'twolisted: the key of another issuer',
	'scopes: claims in lists',
	'anyscope: claims in lists',
]);

describe.each(Object.entries(shapes))('%s', (name, shape) => {
	test.each(cases)('%s', async (caseName, make) => {
		const { native, policy } = await rig.decide(name, make(shape));
		if (stricter.has(`${name}: ${caseName}`)) expect([native.status, policy.status]).toEqual([401, 'allow']);
		else expect(native.status).toBe(policy.status);
	});

	test('the good token passes, and what is refused has the status of the policy', async () => {
		expect((await rig.decide(name, request(shape, tokenOf(shape)))).native.status).toBe('allow');
		const { native } = await rig.decide(name, request(shape, tokenOf(shape, { claims: { exp: now - 200 } })));
		expect(native.status).toBe(shape.status ?? 401);
		const within = await rig.decide(name, request(shape, tokenOf(shape, { claims: { exp: now - 60 } })));
		expect(within.native.status).toBe(shape.skew === undefined ? (shape.status ?? 401) : 'allow');
	});

	test.each([
		['iat that lies ahead', { claims: { iat: now + 200, nbf: now - 200 } }],
		['a claim of ID tokens', { claims: { at_hash: 'x' } }],
		['a nonce', { claims: { nonce: 'x' } }],
		['another typ', { header: { typ: 'dpop+jwt' } }],
	])('stricter, as the import says: %s', async (_, options) => {
		const { native, policy } = await rig.decide(name, request(shape, tokenOf(shape, options)));
		expect([native.status, policy.status]).toEqual([shape.status ?? 401, 'allow']);
	});
});

test('a token that is bound to a DPoP key passes with its proof where the policy lets it', async () => {
	const seen: unknown[] = [];
	for (const name of ['discovered', 'bearer', 'fragment', 'aad'] as const) {
		const shape = shapes[name];
		if (shape === undefined) throw new Error(name);
		const token = tokenOf(shape, { claims: { cnf: { jkt: keyThumbprint() } } });
		for (const route of [`/native-${name}/7`, `/${name}/7`]) {
			const proof = makeProof({ token, url: `https://api.example.com${route}`, now });
			const headers = [
				['Authorization', `DPoP ${token}`],
				['DPoP', proof],
			] as const;
			const { native, policy } = await rig.decide(name, { headers });
			seen.push([name, route.startsWith('/native') ? native.status : policy.status]);
		}
	}
	expect(seen).toEqual([
		['discovered', 'allow'],
		['discovered', 'allow'],
		...['bearer', 'fragment', 'aad'].flatMap((name) => [
			[name, 401],
			[name, 401],
		]),
	]);
});

test('a parameter access_token beside the header, and another scheme in a header of its own: stricter, as the import says', async () => {
	const shape = shapes['discovered'];
	const inHeader = shapes['header'];
	if (shape === undefined || inHeader === undefined) throw new Error('no such shape');
	const beside = await rig.decide('discovered', { ...request(shape, tokenOf(shape)), target: '/7?access_token=x' });
	expect([beside.native.status, beside.policy.status]).toEqual([401, 'allow']);
	const schemed = await rig.decide('header', request(inHeader, tokenOf(inHeader), 'Token '));
	expect([schemed.native.status, schemed.policy.status]).toEqual([401, 'allow']);
	const listedIssuer = shapes['twolisted'];
	if (listedIssuer === undefined) throw new Error('no such shape');
	const crossed = await rig.decide('twolisted', request(listedIssuer, tokenOf(listedIssuer, { key: a })));
	expect([crossed.native.status, crossed.policy.status]).toEqual([401, 'allow']);
});
