/**
 * `import apim` held against what it translates: for each shape of policy, the native rules and the policy itself decide over
 * the same requests. They answer alike, but for what the import says to be stricter; and no token passes the rules that the
 * policy refuses.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyThumbprint, makeProof } from './support/dpop.ts';
import { encryptJwe, withPart } from './support/encrypt-jwe.ts';
import type { FakeRequest } from './support/request-view.ts';
import { testKey } from './support/sign-jws.ts';
import { encryption, issuerKeys, now, startTwice, type Twice, tenant } from './support/translated.ts';
import { type Claims, request, type Shape, shapes, tokenOf, v1, v2 } from './support/translated-shapes.ts';

const { a, b } = issuerKeys;

let rig: Twice;
beforeAll(async () => {
	rig = await startTwice(Object.fromEntries(Object.entries(shapes).map(([name, { policy }]) => [name, policy])));
});
afterAll(() => rig.stop());

test('every shape is translated', () => {
	expect(rig.imported.report).not.toMatch(/ kept /);
	expect(rig.translated).toEqual(Object.keys(shapes));
});

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
	['an audience of the first list alone', (shape) => request(shape, tokenOf(shape, { claims: { aud: 'api' } }))],
	[
		'an audience of the second list alone',
		(shape) => request(shape, tokenOf(shape, { claims: { aud: 'api://orders' } })),
	],
	['an audience of both lists', (shape) => request(shape, tokenOf(shape, { claims: { aud: 'more' } }))],
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
					claims:
						'scp' in shape.good
							? { scp: undefined, permissions: undefined, scope: 'read write', roles: ['read', 'write'] }
							: {},
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
		else expect([native.status, native.forwarded]).toEqual([policy.status, policy.forwarded]);
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

test.each([
	['a good token', {}, {}, 'allow'],
	['a bad token', { exp: now - 100 }, {}, 401],
	['the id of no key', {}, { header: { kid: 'other' } }, 401],
	['no id', {}, { header: { kid: undefined } }, 'allow'],
	['an algorithm that is too weak', {}, { alg: 'RSA1_5' }, 401],
	['another algorithm', {}, { alg: 'RSA-OAEP' }, 'allow'],
])('encrypted: %s', async (_, claims, options, status) => {
	const shape = shapes['encrypted'];
	if (shape === undefined) throw new Error('no such shape');
	const weak = 'alg' in options && options.alg === 'RSA1_5';
	const jwe = await encryptJwe(tokenOf(shape, { claims }), encryption.publicKey, {
		alg: 'RSA-OAEP-256',
		header: { kid: 'e' },
		...(weak ? {} : options),
	});
	const token = weak
		? withPart(jwe, 0, Buffer.from('{"alg":"RSA1_5","enc":"A256GCM","cty":"JWT"}').toString('base64url'))
		: jwe;
	for (const name of ['encrypted', 'discovered']) {
		const { native, policy } = await rig.decide(name, request(shape, token));
		expect([native.status, policy.status]).toEqual(name === 'encrypted' ? [status, status] : [401, 401]);
	}
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
