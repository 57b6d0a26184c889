/** One route for a JWT, an opaque token and a shared access signature: what differs in the records is provider and kind. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	expectForwarded,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from './support/guarded-gateway.ts';
import { type IntrospectionServer, startIntrospectionServer } from './support/introspection-server.ts';
import { secondaryKey, senderKey, signSas } from './support/sign-sas.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

const api = 'https://api.example.com';

/** What a token says, whichever kind it is. */
interface Said {
	readonly client?: 'device-7' | 'device-8';
	readonly aud?: string;
	/** Seconds. */
	readonly lifetime?: number;
}

/** Each client has its own scope and site, since a signature has what its key has. */
const clients = {
	'device-7': { key: senderKey, sub: 'meter-7', scope: 'telemetry:write', site: 'north' },
	'device-8': { key: secondaryKey, sub: 'meter-8', scope: 'telemetry:read', site: 'south' },
} as const;

let idp: TestProvider;
let legacy: IntrospectionServer;
let rig: GuardedGateway;
let count = 0;

beforeAll(async () => {
	idp = await createTestProvider({ audience: api });
	legacy = await startIntrospectionServer();
	const keys = Object.fromEntries(
		Object.entries(clients).map(([name, { key, sub, scope, site }]) => [
			name,
			{ primary: key, scopes: [scope], claims: { sub, site } },
		]),
	);
	const rules = {
		providers: ['idp', 'legacy', 'devices'],
		audience: api,
		max_lifetime: '1h',
		claims_to_headers: { 'x-user-id': 'sub', 'x-client': 'client_id', 'x-scopes': 'scope' },
	};
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			idp: { issuer: idp.issuer, jwks_uri: idp.jwksUri },
			legacy: { issuer: legacy.issuer, tokens: ['opaque'], client: { id: 'gateway', secret: 'secret of the gateway' } },
			devices: { tokens: ['shared_access'], format: 'service_bus', keys },
		},
		routes: [
			{ name: 'telemetry', path: '/telemetry/**', ...rules, scopes: ['telemetry:write'], upstream },
			{ name: 'north', path: '/north/**', ...rules, claims: { site: 'north' }, upstream },
			{ name: 'seven', path: '/seven/**', ...rules, clients: ['device-7'], upstream },
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([idp.stop(), legacy.stop()]);
});

const kinds = {
	jwt({ client = 'device-7', aud = api, lifetime = 600 }: Said): string {
		const { key: _, ...claims } = clients[client];
		const iat = Math.floor(Date.now() / 1000) - (lifetime < 0 ? 1000 : 0);
		return `Bearer ${idp.issue({ ...claims, client_id: client, aud, iat }, { lifetime })}`;
	},
	opaque({ client = 'device-7', aud = api, lifetime = 600 }: Said): string {
		const { key: _, ...claims } = clients[client];
		const now = Math.floor(Date.now() / 1000);
		const iat = now - (lifetime < 0 ? 1000 : 0);
		legacy.answer(legacy.active({ ...claims, client_id: client, aud, iat, exp: now + lifetime }));
		return `Bearer opaque-${count++}`;
	},
	shared_access({ client = 'device-7', aud = api, lifetime = 600 }: Said): string {
		const se = Math.floor(Date.now() / 1000) + lifetime;
		return `SharedAccessSignature ${signSas({ skn: client, key: clients[client].key, resource: aud, se })}`;
	},
} as const;

const send = (target: string, authorization: string): Promise<Seen> =>
	rig.sendBytes(requestBytes({ target, headers: [['Authorization', authorization]] }));

/** What may differ, and what differs between any two requests, taken out. */
function comparable({ record }: Seen): object {
	const { time, request_id, trace_id, span_id, token_id, duration, upstream_duration, provider, kind, ...rest } =
		record;
	expect([time, request_id, trace_id, span_id, token_id, duration, provider, kind]).not.toContain(undefined);
	const { found, expected, ...alike } = rest;
	return { ...alike, worded: [typeof found, typeof expected], forwarded: typeof upstream_duration };
}

async function ofAllKinds(target: string, said: Said): Promise<readonly Seen[]> {
	const seen: Seen[] = [];
	for (const [kind, make] of Object.entries(kinds)) {
		const one = await send(target, make(said));
		expect(one.record.kind).toBe(kind);
		seen.push(one);
	}
	return seen;
}

test('all three pass, and neither the upstream nor a record can tell them apart but by provider and kind', async () => {
	const seen = await ofAllKinds('/telemetry/7', {});
	expect(seen.map(({ record }) => [record.provider, record.kind])).toEqual([
		['idp', 'jwt'],
		['legacy', 'opaque'],
		['devices', 'shared_access'],
	]);
	const [first, ...others] = seen;
	for (const other of others) expect(comparable(other)).toEqual(first === undefined ? {} : comparable(first));
	for (const one of seen) {
		const request = expectForwarded(one);
		expect(['x-user-id', 'x-client', 'x-scopes'].map((name) => request.values(name))).toEqual([
			['meter-7'],
			['device-7'],
			['telemetry:write'],
		]);
		expect(one.record).toMatchObject({ subject: 'meter-7', client: 'device-7', route: 'telemetry' });
	}
});

test.each([
	['scope_insufficient', '/telemetry/7', { client: 'device-8' }],
	['claim_mismatch', '/north/7', { client: 'device-8' }],
	['client_not_allowed', '/seven/7', { client: 'device-8' }],
	['audience_mismatch', '/telemetry/7', { aud: 'https://other.example.com' }],
	['token_lifetime_exceeded', '/telemetry/7', { lifetime: 7200 }],
	['token_expired', '/telemetry/7', { lifetime: -60 }],
] as const)('%s reads the same for each kind', async (reason, target, said) => {
	const [first, ...others] = await ofAllKinds(target, said);
	expect(first?.record.reason).toBe(reason);
	for (const other of others) expect(comparable(other)).toEqual(first === undefined ? {} : comparable(first));
});
