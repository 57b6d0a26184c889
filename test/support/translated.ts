/**
 * Policies of API Management twice in one process: as they are, and as `import apim` translates them; assembled like in a
 * gateway, over keys that stand in for those of real issuers. What one of them takes can be held against the other.
 */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'vitest';
import { apimProblems, assemble, decryptionKeyProblems, localKeyProblems } from '#assembly/index';
import { formatDiagnostics } from '#config/diagnostics';
import { loadConfigText } from '#config/load';
import { type RequestView, reasons, type Verdict } from '#core/index';
import { nodeCryptography } from '#runtime/node/cryptography';
import { type Imported, importPolicies } from '../../src/cli/imported-policies.ts';
import { fakeClock, fakeFetcher, fakeLog, fakePoster, fakeTimers } from './fake-runtime.ts';
import { type FakeRequest, requestView } from './request-view.ts';
import { type TestKey, testKey } from './sign-jws.ts';

/** Seconds since the epoch, for tokens: the clock of the assembly stands still. */
export const now = Date.UTC(2026, 0, 1) / 1000;

export const octets = Buffer.from(Array.from({ length: 48 }, (_, i) => 7 + 5 * i));
export const namedValues: Readonly<Record<string, string>> = {
	'signing-key': octets.subarray(0, 32).toString('base64'),
	'long-key': octets.toString('base64'),
	'api-audience': 'api://orders',
	'tenant-id': '6c3d1111-2222-3333-4444-5555aaaabbbb',
	'backend-key': 'aBackendKey0123456789',
	issuer: 'https://named.example.com/',
};
export const tenant = namedValues['tenant-id'] ?? '';

export const issuerKeys = {
	a: testKey('RS256', 'translated-a'),
	b: testKey('RS256', 'translated-b'),
	entra: testKey('RS256', 'translated-entra'),
	inline: testKey('RS256', 'translated-inline'),
	second: testKey('RS256', 'translated-second'),
	curve: testKey('ES256', 'translated-curve'),
} as const satisfies Record<string, TestKey>;

const login = 'https://login.microsoftonline.com';
const well = '/.well-known/openid-configuration';
/** Issuer and keys by metadata URL. */
const metadata: Readonly<Record<string, { readonly issuer: string; readonly key: TestKey }>> = {
	[`https://a.example.com${well}`]: { issuer: 'https://a.example.com/', key: issuerKeys.a },
	[`https://b.example.com/realms/b${well}`]: { issuer: 'https://b.example.com/realms/b', key: issuerKeys.b },
	[`${login}/${tenant}/v2.0${well}`]: { issuer: `${login}/${tenant}/v2.0`, key: issuerKeys.entra },
	[`${login}/${tenant}${well}`]: { issuer: `https://sts.windows.net/${tenant}/`, key: issuerKeys.entra },
	[`${login}/common/v2.0${well}`]: { issuer: `${login}/{tenantid}/v2.0`, key: issuerKeys.entra },
};

/** What an operator who looks into the metadata of the first two would write for `--openid`. */
export const issuers: ReadonlyMap<string, string> = new Map(
	Object.entries(metadata).flatMap(([url, { issuer }]) => (url.includes('example.com') ? [[url, issuer]] : [])),
);

function fetcher(): ReturnType<typeof fakeFetcher> {
	const fake = fakeFetcher();
	for (const [url, { issuer, key }] of Object.entries(metadata)) {
		const jwksUri =
			key === issuerKeys.entra
				? `${new URL(url).origin}/${url.split('/')[3]}/discovery/v2.0/keys`
				: `${new URL(url).origin}/keys`;
		fake.answer(url, { body: { issuer, jwks_uri: jwksUri } });
		const { alg: _, ...jwk } = key.jwk;
		fake.answer(jwksUri, {
			body: { keys: [key === issuerKeys.entra ? { ...jwk, issuer: `${login}/{tenantid}/v2.0` } : jwk] },
		});
	}
	return fake;
}

/** With which tokens may be encrypted; `enc` of the policies. */
export const encryption = generateKeyPairSync('rsa', { modulusLength: 2_048 });

/** Beside the policies: `cert.pem` is named `cert`, and so on. */
export const files: Readonly<Record<string, string>> = {
	'cert.pem': issuerKeys.inline.pem,
	'curve.pem': issuerKeys.curve.pem,
	'enc.pem': encryption.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
	'enc.key': encryption.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
	'check.xml':
		'<fragment><validate-jwt header-name="Authorization" require-scheme="Bearer"><openid-config url="https://a.example.com/.well-known/openid-configuration" /><audiences><audience>api</audience></audiences></validate-jwt></fragment>',
};

/** `policies`: by name. */
export async function importTexts(
	policies: Readonly<Record<string, string>>,
	options: { readonly keepPolicies?: boolean } = {},
): Promise<Imported> {
	const all: Readonly<Record<string, string>> = {
		...files,
		...Object.fromEntries(Object.entries(policies).map(([name, text]) => [`${name}.xml`, text])),
	};
	return importPolicies(
		Object.keys(policies).map((name) => `${name}.xml`),
		{
			namedValues,
			certificates: {
				cert: { certificate: 'cert.pem' },
				curve: { certificate: 'curve.pem' },
				enc: { certificate: 'enc.pem', key: 'enc.key' },
			},
			fragments: [['check', 'check.xml']],
			outside: [],
			issuers,
			keepPolicies: options.keepPolicies ?? false,
			upstream: 'http://127.0.0.1:9',
			folder: '/config',
			readFile: async (path) => {
				const text = all[path];
				if (text === undefined) throw new Error(`there is no file ${path}`);
				return text;
			},
		},
	);
}

/** `allow`, or status and reason. */
export interface Outcome {
	readonly status: number | 'allow';
	readonly reason: string | undefined;
	/** What would reach the upstream of a request that is allowed, below the route. */
	readonly forwarded: string | undefined;
}

export interface Twice {
	readonly imported: Imported;
	/** Names of the policies that were translated. */
	readonly translated: readonly string[];
	/** The same request to both; it goes below the route. */
	decide(name: string, request: FakeRequest): Promise<{ readonly native: Outcome; readonly policy: Outcome }>;
	stop(): void;
}

interface Written {
	readonly apim?: unknown;
	readonly providers?: unknown;
	readonly routes: readonly { readonly name: string; readonly path: string }[];
}

export async function startTwice(policies: Readonly<Record<string, string>>): Promise<Twice> {
	const [imported, kept] = await Promise.all([importTexts(policies), importTexts(policies, { keepPolicies: true })]);
	expect(imported.refused, imported.report).toEqual([]);
	const [native, asTheyAre] = [imported.config as Written, kept.config as Written];
	const translated = imported.files.flatMap(({ file, outcome }) =>
		outcome === 'translated' ? [file.replace(/\.xml$/, '')] : [],
	);
	const routes = native.routes.filter(({ name }) => translated.includes(name));
	const config = {
		listen: '127.0.0.1:0',
		public_url: 'https://api.example.com',
		apim: asTheyAre.apim,
		providers: native.providers ?? {},
		routes: [
			...routes.map((route) => ({ ...route, name: `native-${route.name}`, path: `/native-${route.name}/**` })),
			...asTheyAre.routes,
		],
	};
	const assembly = await assembleText(JSON.stringify(config), policies);
	const ask = async (target: string, request: FakeRequest) =>
		outcomeOf(await assembly.decide(view(target, request)), assembly.definition.responses);
	return {
		imported,
		translated,
		async decide(name, request) {
			const [first, second] = [await ask(`/native-${name}`, request), await ask(`/${name}`, request)];
			return { native: first, policy: second };
		},
		stop: () => assembly.stop(),
	};
}

function view(path: string, request: FakeRequest): RequestView {
	return requestView({ ...request, scheme: 'https', target: `${path}${request.target ?? '/7'}` });
}

async function assembleText(
	text: string,
	policies: Readonly<Record<string, string>>,
): Promise<ReturnType<typeof assemble>> {
	const env = Object.fromEntries(
		Object.entries(namedValues).map(([name, value]) => [name.toUpperCase().replaceAll('-', '_'), value]),
	);
	const loaded = await loadConfigText(text, {
		folder: '/config',
		env,
		readFile: async (path) => {
			const name = path.replace('/config/', '');
			const found = files[name] ?? policies[name.replace(/\.xml$/, '')];
			if (found === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
			return found;
		},
		checkKeys: (keys) => localKeyProblems(keys, nodeCryptography),
		checkDecryptionKey: (key) => decryptionKeyProblems(key, nodeCryptography),
		checkPolicy: (policy, apim, context) => apimProblems(policy, apim, nodeCryptography, context),
	});
	const errors = loaded.diagnostics.filter(({ severity }) => severity === 'error');
	if (loaded.definition === undefined) throw new Error(formatDiagnostics('text', errors, { colour: false }));
	const clock = fakeClock();
	const assembly = assemble(loaded.definition, {
		clock,
		timers: fakeTimers(clock),
		cryptography: nodeCryptography,
		fetcher: fetcher(),
		poster: fakePoster(),
		log: fakeLog(),
	});
	await assembly.start();
	return assembly;
}

function outcomeOf(verdict: Verdict, moved: Readonly<Record<string, number>>): Outcome {
	switch (verdict.kind) {
		case 'allow':
			return { status: 'allow', reason: undefined, forwarded: forwardedBy(verdict) };
		case 'answer':
			return { status: verdict.status, reason: 'answer', forwarded: undefined };
		case 'fault':
			return { status: reasons[verdict.reason].status, reason: verdict.reason, forwarded: undefined };
		case 'deny': {
			const { reason, override } = verdict;
			const status = override?.status ?? moved[reason] ?? reasons[reason].status;
			return { status, reason, forwarded: undefined };
		}
	}
}

function forwardedBy({
	upstream: { upstream, path, query, set, strip },
}: Verdict & { readonly kind: 'allow' }): string {
	const fields = set.map(([name, value]) => `${name.toLowerCase()}: ${value}`).toSorted();
	const credential = ['authorization', 'x-token'].filter((name) => strip.names.has(name));
	return JSON.stringify([upstream.endpoints, path.replace('/native-', '/'), query, fields, credential]);
}
