/** Shapes of policies that are translated, each with a token that it takes. */
import { createSecretKey } from 'node:crypto';
import { policyOf } from './policy-gateway.ts';
import type { FakeRequest } from './request-view.ts';
import { signJws, type TestKey } from './sign-jws.ts';
import { issuerKeys, now, octets, tenant } from './translated.ts';

export type Claims = Readonly<Record<string, unknown>>;
type Signer = TestKey | ReturnType<typeof createSecretKey>;

export interface Shape {
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
export const v2 = `https://login.microsoftonline.com/${tenant}/v2.0`;
export const v1 = `https://sts.windows.net/${tenant}/`;
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

export const shapes: Readonly<Record<string, Shape>> = {
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
	rsacurve: {
		policy: jwt(
			keysOf(rsa(inline, 'id="one"'), '<key id="two" certificate-id="curve" />') + issuersOf(ofA) + audiences('api'),
		),
		good,
		key: curve,
		kid: 'two',
	},
	backend: {
		policy: policyOf(
			`<validate-jwt header-name="Authorization">${metadata.a}${audiences('api')}</validate-jwt><set-backend-service base-url="http://127.0.0.1:9/v2/" />`,
			'',
		),
		good,
		key: a,
	},
	encrypted: {
		policy: jwt(
			`${metadata.a}<decryption-keys><key id="e" certificate-id="enc" /></decryption-keys>${audiences('api')}`,
		),
		good,
		key: a,
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
	aadscopes: {
		policy: policyOf(
			`<validate-azure-ad-token tenant-id="${tenant}">${audiences('api')}${required(claim('name="scp" match="any" separator=" "', 'read', 'write'))}</validate-azure-ad-token>`,
			'',
		),
		good: { iss: v2, aud: 'api', tid: tenant, scp: 'write' },
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

function algorithmOf(key: Signer): string {
	return 'algorithm' in key ? key.algorithm : 'HS256';
}

export interface TokenOptions {
	readonly claims?: Claims;
	readonly header?: Claims;
	readonly key?: Signer;
	/** How it is signed, whatever the header says. */
	readonly algorithm?: TestKey['algorithm'];
}

export function tokenOf(
	shape: Shape,
	{ claims = {}, header = {}, key = shape.key, algorithm }: TokenOptions = {},
): string {
	const kid = shape.kid ?? ('kid' in key ? key.kid : undefined);
	const payload = { sub: 'user', iat: now - 1_000, exp: now + 300, ...shape.good, ...claims };
	return signJws({
		header: JSON.stringify({ alg: algorithm ?? algorithmOf(key), typ: 'JWT', kid, ...header }),
		payload,
		key,
		...('algorithm' in key && algorithm === undefined ? {} : { algorithm: algorithm ?? 'HS256' }),
	});
}

export function request({ place }: Shape, token: string, scheme = 'Bearer '): FakeRequest {
	if (place === undefined) return { headers: [['Authorization', scheme + token]] };
	return 'query' in place ? { target: `/7?${place.query}=${token}` } : { headers: [[place.header, scheme + token]] };
}
