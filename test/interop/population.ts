/** Who lives in the realm: scopes, clients of every kind that the checks want, and two users. */
import { type Realm, secretOf } from './realm.ts';

export const audience = 'https://api.example.com';
export const backendAudience = 'backend';

/** Client ids under which the gateway introspects, and how Keycloak knows each. */
const gatewayClients = {
	'gateway-basic': { clientAuthenticatorType: 'client-secret' },
	'gateway-post': { clientAuthenticatorType: 'client-secret' },
	'gateway-secret-jwt': { clientAuthenticatorType: 'client-secret-jwt' },
	'gateway-key': { clientAuthenticatorType: 'client-jwt' },
	'gateway-tls': { clientAuthenticatorType: 'client-x509', attributes: { 'x509.subjectdn': 'CN=gateway' } },
	'gateway-signed': { attributes: { 'client.introspection.response.allow.jwt.claim.enabled': 'true' } },
} as const;

/** Client id → its attributes. All of them may ask for tokens in their own name and with a password. */
const applications = {
	app: { 'backchannel.logout.session.required': 'true' },
	stranger: {},
	brief: { 'access.token.lifespan': '3' },
	light: { 'client.use.lightweight.access.token.enabled': 'true' },
	ps256: { 'access.token.signed.response.alg': 'PS256' },
	es256: { 'access.token.signed.response.alg': 'ES256' },
	es512: { 'access.token.signed.response.alg': 'ES512' },
	eddsa: { 'access.token.signed.response.alg': 'EdDSA' },
	hs256: { 'access.token.signed.response.alg': 'HS256' },
	dpop: { 'dpop.bound.access.tokens': 'true' },
	mtls: { 'tls.client.certificate.bound.access.tokens': 'true' },
	exchanger: { 'standard.token.exchange.enabled': 'true' },
} as const;
export type Application = keyof typeof applications;

export interface Population {
	/** `sub` of the users. */
	readonly alice: string;
	readonly bob: string;
}

/** `gatewayKey`: public JWK of the key with which the gateway signs its assertions. */
export async function populate(realm: Realm, gatewayKey: Readonly<Record<string, unknown>>): Promise<Population> {
	await realm.add('client-scopes', scope('api', false, { 'included.custom.audience': audience }));
	await realm.add('client-scopes', scope('orders:read', true));
	await realm.add('client-scopes', scope('for-exchanger', false, { 'included.client.audience': 'exchanger' }));
	for (const [id, attributes] of Object.entries(applications)) {
		await realm.add('clients', {
			clientId: id,
			secret: secretOf(id),
			serviceAccountsEnabled: true,
			directAccessGrantsEnabled: true,
			standardFlowEnabled: false,
			attributes,
			defaultClientScopes: ['basic', 'roles', 'api', 'for-exchanger'],
			optionalClientScopes: ['orders:read'],
		});
	}
	// Whom an exchanged token is for: Keycloak lets `audience` choose among what the requester's scopes add.
	await realm.add('clients', { clientId: backendAudience, secret: secretOf(backendAudience) });
	await realm.add('client-scopes', scope('for-backend', false, { 'included.client.audience': backendAudience }));
	await realm.addScope('exchanger', 'for-backend');

	const keys = { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys: [gatewayKey] }) };
	for (const [id, settings] of Object.entries(gatewayClients)) {
		await realm.add('clients', {
			clientId: id,
			secret: secretOf(id),
			standardFlowEnabled: false,
			...settings,
			attributes: { ...('attributes' in settings ? settings.attributes : {}), ...(id === 'gateway-key' ? keys : {}) },
		});
	}
	await realm.addKey('rsa-generated', { algorithm: 'PS256' });
	await realm.addKey('ecdsa-generated', { ecdsaEllipticCurveKey: 'P-256' });
	await realm.addKey('ecdsa-generated', { ecdsaEllipticCurveKey: 'P-521' });
	await realm.addKey('eddsa-generated', { eddsaEllipticCurveKey: 'Ed25519' });
	await realm.addKey('hmac-generated', { algorithm: 'HS256' });

	const [alice, bob] = [await realm.add('users', user('alice')), await realm.add('users', user('bob'))];
	await realm.giveRole(alice, 'clinician');
	return { alice, bob };
}

/** Form of a token for that user (RFC 6749 §4.3: no browser is needed), with the scope of the routes. */
export function asUser(name: 'alice' | 'bob', form: Readonly<Record<string, string>> = {}): Record<string, string> {
	return { grant_type: 'password', username: name, password: passwordOf(name), scope: 'orders:read', ...form };
}

const passwordOf = (name: string): string => `password of ${name}`;

function user(name: string): Readonly<Record<string, unknown>> {
	const credentials = [{ type: 'password', value: passwordOf(name), temporary: false }];
	// Without a name and an address, Keycloak wants the user to complete the profile first.
	const profile = { email: `${name}@example.com`, emailVerified: true, firstName: name, lastName: 'Example' };
	return { username: name, enabled: true, credentials, ...profile };
}

function scope(name: string, spoken: boolean, forAudience?: Readonly<Record<string, string>>): Record<string, unknown> {
	const mapper = {
		name: 'audience',
		protocol: 'openid-connect',
		protocolMapper: 'oidc-audience-mapper',
		config: { 'access.token.claim': 'true', 'introspection.token.claim': 'true', ...forAudience },
	};
	return {
		name,
		protocol: 'openid-connect',
		attributes: { 'include.in.token.scope': String(spoken) },
		protocolMappers: forAudience === undefined ? [] : [mapper],
	};
}
