/** Everything that the checks work with: Keycloak with its realms, the gateway in front of an upstream, and the report. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { testKey } from '../support/sign-jws.ts';
import { type GatewayCommand, startGatewayCommand } from './gateway-command.ts';
import { freePort, type Keycloak, startKeycloak } from './keycloak-server.ts';
import { audience, backendAudience, type Population, populate } from './population.ts';
import { createRealm, type Realm, secretOf } from './realm.ts';
import type { Report } from './report.ts';

export interface Rig {
	readonly report: Report;
	readonly keycloak: Keycloak;
	readonly realm: Realm;
	/** Another issuer on the same server, which no route knows. */
	readonly foreign: Realm;
	readonly population: Population;
	readonly gateway: GatewayCommand;
	/** To Keycloak and the gateway over TLS, with the certificate of the client `name`. */
	over(name: 'gateway' | 'application' | 'somebody'): Agent;
	stop(): Promise<void>;
}

/** How long an introspection counts in this run. Milliseconds. */
export const introspectionCache = 2_000;

export async function startRig(folder: string, report: Report): Promise<Rig> {
	const scratch = await mkdtemp(join(tmpdir(), 'countersign-interop-'));
	const stops: (() => Promise<void>)[] = [() => rm(scratch, { recursive: true, force: true })];
	const stop = async (): Promise<void> => {
		for (const each of stops.splice(0).toReversed()) await each();
	};
	try {
		return await start(folder, report, scratch, stops, stop);
	} catch (problem) {
		await stop();
		throw problem;
	}
}

async function start(
	folder: string,
	report: Report,
	scratch: string,
	stops: (() => Promise<void>)[],
	stop: () => Promise<void>,
): Promise<Rig> {
	const server = selfSigned();
	const identities = { gateway: named('gateway'), application: named('application'), somebody: named('somebody') };
	const files = {
		certificate: join(scratch, 'server.pem'),
		key: join(scratch, 'server.key'),
		trusted: join(scratch, 'clients.pem'),
	};
	const clientAuthorities = Object.values(identities).map(({ certificate }) => certificate);
	await writeFile(files.certificate, server.certificate);
	await writeFile(files.key, server.key, { mode: 0o600 });
	await writeFile(files.trusted, clientAuthorities.join(''));

	const keycloak = await startKeycloak(folder, files);
	stops.push(keycloak.stop);
	const realm = await createRealm(keycloak, 'interop', {
		accessTokenLifespan: 300,
		roles: { realm: [{ name: 'clinician' }] },
	});
	const foreign = await createRealm(keycloak, 'foreign', {
		clients: [{ clientId: 'app', secret: secretOf('app'), serviceAccountsEnabled: true }],
	});
	const key = testKey('ES256', 'gateway');
	const population = await populate(realm, key.jwk);

	const admin = await freePort();
	const gateway = await startGatewayCommand(
		(upstream) => configuration({ keycloak, realm, admin, upstream }),
		{
			'client.jwk': JSON.stringify({ ...key.privateKey.export({ format: 'jwk' }), kid: key.kid }),
			'client.pem': identities.gateway.certificate,
			'client.key': identities.gateway.key,
			'server.pem': server.certificate,
			'server.key': server.key,
			'clients.pem': clientAuthorities.join(''),
		},
		files.certificate,
	);
	stops.push(gateway.stop);
	return {
		report,
		keycloak,
		realm,
		foreign,
		population,
		gateway,
		over(name) {
			const { certificate, key } = identities[name];
			const agent = new Agent({ connect: { ca: server.certificate, cert: certificate, key } });
			stops.push(() => agent.close());
			return agent;
		},
		stop,
	};
}

function named(commonName: string): SelfSigned {
	return selfSigned({ commonName });
}

interface Addresses {
	readonly keycloak: Keycloak;
	readonly realm: Realm;
	/** Port of the admin listener, to which one route leads. */
	readonly admin: number;
	readonly upstream: string;
}

/** Route `/NAME/**` is guarded by provider NAME, where nothing else is said. */
function configuration({ keycloak, realm, admin, upstream }: Addresses): Readonly<Record<string, unknown>> {
	const { issuer } = realm;
	const cache = `${introspectionCache}ms`;
	const opaque = (client: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) => ({
		issuer,
		tokens: ['opaque'],
		audience,
		client,
		introspection: { cache },
		...more,
	});
	const byName = (id: string) => ({ id, secret: secretOf(id) });
	const providers = {
		preset: { preset: 'keycloak', base_url: keycloak.url, realm: realm.name, audience },
		plain: { issuer, audience, client_claims: ['azp'] },
		strict: { issuer, audience, max_lifetime: '1m' },
		certificate: { issuer, audience },
		backend: { issuer, audience: backendAudience },
		exchanging: { issuer, audience, client: byName('exchanger') },
		'exchanging-impostor': { issuer, audience, client: { id: 'exchanger', secret: 'another secret' } },
		basic: opaque(byName('gateway-basic')),
		post: opaque({ ...byName('gateway-post'), auth_method: 'client_secret_post' }),
		secret_jwt: opaque({ ...byName('gateway-secret-jwt'), auth_method: 'client_secret_jwt' }),
		key_jwt: opaque({ id: 'gateway-key', auth_method: 'private_key_jwt', private_key_file: 'client.jwk' }),
		tls: opaque(
			{ id: 'gateway-tls', auth_method: 'tls_client_auth', certificate_file: 'client.pem', key_file: 'client.key' },
			{ introspection_endpoint: realm.endpoint('token/introspect', true) },
		),
		signed: opaque(byName('gateway-signed'), { introspection: { signed: true } }),
		impostor: opaque({ id: 'gateway-basic', secret: 'another secret' }),
		both: { issuer, audience, introspect_jwts: true, client: byName('gateway-basic'), introspection: { cache } },
	};
	const rules = { scopes: ['orders:read'], max_lifetime: '10m', upstream };
	return {
		listen: [
			'127.0.0.1:0',
			{
				address: '127.0.0.1:0',
				tls: {
					certificate: 'server.pem',
					key: 'server.key',
					client_ca: 'clients.pem',
					client_certificate: 'request',
				},
			},
		],
		admin: { listen: `127.0.0.1:${admin}` },
		store: { type: 'memory' },
		state_directory: false,
		revocation: { logout: { preset: { audience: 'app' } } },
		providers,
		routes: [
			...Object.keys(providers).map((name) => ({
				path: `/${name}/**`,
				providers: [name],
				...rules,
				...(name === 'certificate' ? { binding: 'mtls' } : {}),
				...(name.startsWith('exchanging')
					? { backend_token: { type: 'exchange', audience: backendAudience, scope: 'orders:read' } }
					: {}),
			})),
			{
				path: '/preset/records/**',
				providers: ['preset'],
				...rules,
				clients: ['app'],
				claims: { '/realm_access/roles': { any_of: ['clinician', 'nurse'] } },
				claims_to_headers: { 'x-user': 'sub', 'x-client': 'azp', 'x-roles': '/realm_access/roles' },
			},
			{ path: '/preset/foreign/**', providers: ['preset'], ...rules, audience: 'https://other.example.com' },
			{ path: '/logout/preset', methods: ['POST'], public: true, upstream: `http://127.0.0.1:${admin}` },
		],
	};
}
