/**
 * Policies and tokens that nobody thought of: whatever `import apim` translates lets no request pass that the policy refuses,
 * and refuses none that passes there but for the reasons that the import names; a refusal has the status of the policy.
 */
import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { policyOf } from './support/policy-gateway.ts';
import type { FakeRequest } from './support/request-view.ts';
import { signJws, type TestKey } from './support/sign-jws.ts';
import { issuerKeys, now, octets, startTwice, tenant } from './support/translated.ts';

const long = process.env['COUNTERSIGN_LONG'] === '1';

const login = 'https://login.microsoftonline.com';
const well = '/.well-known/openid-configuration';
const ofA = 'https://a.example.com/';
const ofB = 'https://b.example.com/realms/b';
const named = 'https://named.example.com/';
const v2 = `${login}/${tenant}/v2.0`;
const v1 = `https://sts.windows.net/${tenant}/`;
const { a, b, entra, inline, second } = issuerKeys;

const secret = createSecretKey(octets.subarray(0, 32));

const config = (url: string) => `<openid-config url="${url}" />`;
const rsa = (key: TestKey, id: string) =>
	`<key n="${key.jwk['n'] as string}" e="AQAB"${id === '' ? '' : ` id="${id}"`} />`;
const keys = (...all: readonly string[]) => `<issuer-signing-keys>${all.join('')}</issuer-signing-keys>`;

const trusts = {
	a: config(`https://a.example.com${well}`),
	b: config(`https://b.example.com/realms/b${well}`),
	both: config(`https://a.example.com${well}`) + config(`https://b.example.com/realms/b${well}`),
	v2: config(`${login}/${tenant}/v2.0${well}`),
	v1: config(`${login}/{{tenant-id}}${well}`),
	common: config(`${login}/common/v2.0${well}`),
	secret: keys('<key>{{signing-key}}</key>'),
	secretid: keys('<key id="one">{{signing-key}}</key>'),
	one: keys(rsa(inline, '')),
	oneid: keys(rsa(inline, 'one')),
	two: keys(rsa(inline, 'one'), rsa(second, 'two')),
	twofree: keys(rsa(inline, 'one'), rsa(second, '')),
	mixed: config(`https://a.example.com${well}`) + keys(rsa(inline, 'one')),
	none: '',
} as const;

const claimNames = [
	'roles',
	'n',
	'scp',
	'aud',
	'tid',
	'azp',
	'sub',
	'__proto__',
	'constructor',
	'/x',
	'/x~y',
	'a.b',
	'exp',
];
const claimTexts = [
	'a',
	'b',
	'7',
	'true',
	'null',
	'7.0',
	'[1]',
	'read',
	'write',
	'1000',
	'-1',
	'a b',
	'other',
	'9007199254740992',
];
const audienceTexts = ['api', 'other', 'more'];
const issuerTexts = [ofA, ofB, named, v1, v2, 'https://x.example.com/'];

const claimSpec = fc.record({
	name: fc.constantFrom(...claimNames),
	match: fc.constantFrom('all', 'any'),
	separator: fc.option(fc.constantFrom(' ', ' ', ','), { nil: undefined, freq: 3 }),
	values: fc.array(fc.constantFrom(...claimTexts), { maxLength: 3 }),
});

const policySpec = fc.record({
	statement: fc.constantFrom('validate-jwt', 'validate-jwt', 'validate-jwt', 'validate-azure-ad-token'),
	trust: fc.constantFrom(...Object.values(trusts)),
	audiences: fc.array(fc.constantFrom(...audienceTexts), { maxLength: 2 }),
	issuers: fc.array(fc.constantFrom(...issuerTexts), { maxLength: 2 }),
	clients: fc.array(fc.constantFrom('app-1', 'app-2'), { maxLength: 1 }),
	backends: fc.array(fc.constantFrom('more', 'api'), { maxLength: 1 }),
	claims: fc.array(claimSpec, { maxLength: 2 }),
	status: fc.constantFrom(undefined, undefined, '401', '403', '418'),
	skew: fc.constantFrom(undefined, '0', '60', '00:01:00'),
	scheme: fc.constantFrom(undefined, undefined, 'Bearer', 'bearer', 'Token'),
	expiration: fc.constantFrom(undefined, undefined, 'true', 'false'),
	place: fc.constantFrom(
		'header-name="Authorization"',
		'header-name="Authorization"',
		'header-name="X-Token"',
		'query-parameter-name="token"',
	),
});
type PolicySpec = typeof policySpec extends fc.Arbitrary<infer T> ? T : never;

function list(name: string, item: string, values: readonly string[]): string {
	return values.length === 0
		? ''
		: `<${name}>${values.map((value) => `<${item}>${value}</${item}>`).join('')}</${name}>`;
}

function attribute(name: string, value: string | undefined): string {
	return value === undefined ? '' : ` ${name}="${value}"`;
}

function textOf(spec: PolicySpec): string {
	const claims = spec.claims.map(
		({ name, match, separator, values }) =>
			`<claim name="${name}" match="${match}"${attribute('separator', separator)}>${values.map((value) => `<value>${value}</value>`).join('')}</claim>`,
	);
	const required = claims.length === 0 ? '' : `<required-claims>${claims.join('')}</required-claims>`;
	const common = `${spec.place}${attribute('failed-validation-httpcode', spec.status)}`;
	const audiences = list('audiences', 'audience', spec.audiences);
	if (spec.statement === 'validate-azure-ad-token') {
		const ids = `${list('client-application-ids', 'application-id', spec.clients)}${list('backend-application-ids', 'application-id', spec.backends)}`;
		return policyOf(
			`<validate-azure-ad-token tenant-id="${tenant}" ${common}>${ids}${audiences}${required}</validate-azure-ad-token>`,
			'',
		);
	}
	const attributes = `${common}${attribute('clock-skew', spec.skew)}${attribute('require-scheme', spec.scheme)}${attribute('require-expiration-time', spec.expiration)}`;
	return policyOf(
		`<validate-jwt ${attributes}>${spec.trust}${audiences}${list('issuers', 'issuer', spec.issuers)}${required}</validate-jwt>`,
		'',
	);
}

const claimValue = fc.oneof(
	fc.constantFrom<unknown>(
		...claimTexts,
		'a,b',
		'read write',
		'write  read',
		7,
		true,
		1000,
		-1,
		7.5,
		9007199254740992,
		null,
		{},
		{ a: 1 },
	),
	fc.array(fc.constantFrom<unknown>('a', 'b', 'read', 'read write', 7, true, null, [7], ['a'], 'more', 'api'), {
		maxLength: 3,
	}),
);

/** Most of a token is as the policy wants it: what is refused for two causes tells less. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
	return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

/** Laid over a token that has what its policy asks for. */
const tokenSpec = fc.record({
	issuer: seldom(fc.constantFrom(...issuerTexts)),
	key: seldom(fc.constantFrom('a', 'b', 'entra', 'inline', 'second', 'secret')),
	kid: seldom(fc.constantFrom('one', 'two', 'nobody', '')),
	algorithm: seldom(fc.constantFrom('PS256', 'RS512', 'RS384', 'HS384')),
	audience: seldom(
		fc.oneof(
			fc.constantFrom(...audienceTexts, 'api://more', ''),
			fc.array(fc.constantFrom(...audienceTexts, 'api://more'), { maxLength: 3 }),
		),
	),
	/** Of the claims that the policy asks for. */
	claims: fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: claimValue }), {
		minLength: 2,
		maxLength: 2,
	}),
	expires: fc.oneof(
		{ weight: 9, arbitrary: fc.constant(300) },
		{ weight: 1, arbitrary: fc.constantFrom(0, -30, -60, -61, undefined) },
	),
	notBefore: seldom(fc.constantFrom(-5, 30, 60, 61)),
	client: seldom(fc.constantFrom('app-1', 'app-2', '')),
	more: seldom(
		fc.constantFrom<Readonly<Record<string, unknown>>>(
			{ iat: now + 30 },
			{ nonce: 'x' },
			{ typ: 'ID' },
			{ cnf: { jkt: 'x' } },
		),
	),
	scheme: fc.oneof(
		{ weight: 9, arbitrary: fc.constant('Bearer ') },
		{ weight: 1, arbitrary: fc.constantFrom('bearer  ', '', 'Token ', 'DPoP ') },
	),
	besides: seldom(fc.constantFrom('access_token=x', 'twice')),
});
type TokenSpec = typeof tokenSpec extends fc.Arbitrary<infer T> ? T : never;

/** Whose token the policy means, as far as one can guess. */
function meant({ statement, trust, issuers }: PolicySpec): {
	readonly iss: string;
	readonly key: TestKey | 'secret';
	readonly kid: string;
} {
	if (statement === 'validate-azure-ad-token') return { iss: v2, key: entra, kid: entra.kid };
	const [listed = named] = issuers;
	switch (trust) {
		case trusts.a:
		case trusts.both:
		case trusts.mixed:
			return { iss: ofA, key: a, kid: a.kid };
		case trusts.b:
			return { iss: ofB, key: b, kid: b.kid };
		case trusts.v1:
			return { iss: v1, key: entra, kid: entra.kid };
		case trusts.v2:
		case trusts.common:
			return { iss: v2, key: entra, kid: entra.kid };
		case trusts.secret:
		case trusts.secretid:
			return { iss: listed, key: 'secret', kid: 'one' };
		default:
			return { iss: listed, key: inline, kid: 'one' };
	}
}

/** A value with which the claim is as the policy wants it. */
function wanted({ values, separator, match }: PolicySpec['claims'][number]): unknown {
	const [first = 'a', ...rest] = values;
	if (match === 'any' || rest.length === 0) return first;
	return separator === undefined ? values : values.join(separator);
}

interface Sent {
	readonly request: FakeRequest;
	/** The import says of such a request that it may be refused though the policy takes it. */
	readonly mayBeStricter: boolean;
}

function send(policy: PolicySpec, token: TokenSpec): Sent {
	const { iss, key: ownKey, kid: ownKid } = meant(policy);
	const key = token.key === undefined ? ownKey : token.key === 'secret' ? token.key : issuerKeys[token.key];
	const kid = token.kid ?? (token.key === undefined ? ownKid : key === 'secret' ? 'one' : key.kid);
	const asked = policy.claims.map((claim, i): readonly [string, unknown] => [
		claim.name,
		token.claims[i] ?? wanted(claim),
	]);
	const claims = new Map<string, unknown>([
		['sub', 'user'],
		['iss', token.issuer ?? iss],
		['aud', token.audience ?? [policy.audiences[0] ?? 'api', ...policy.backends]],
		['tid', tenant],
		['iat', now - 1_000],
		['exp', token.expires === undefined ? undefined : now + token.expires],
		['nbf', token.notBefore === undefined ? undefined : now + token.notBefore],
		['azp', token.client ?? policy.clients[0]],
		...asked.filter(([name]) => name !== 'exp' && name !== 'aud'),
		...Object.entries(token.more ?? {}),
	]);
	const algorithm = token.algorithm ?? (key === 'secret' ? 'HS256' : 'RS256');
	const isShared = algorithm.startsWith('HS');
	const jws = signJws({
		header: JSON.stringify({ alg: algorithm, typ: 'JWT', ...(kid === '' ? {} : { kid }) }),
		// A claim of any name, `__proto__` included.
		payload: `{${[...claims].flatMap(([name, value]) => (value === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`])).join(',')}}`,
		key: isShared || key === 'secret' ? secret : key,
		algorithm: isShared || key !== 'secret' ? algorithm : 'HS256',
	});
	const blanks = asked.some(([, value]) =>
		[value].flat().some((item) => typeof item !== 'string' || item.includes(' ')),
	);
	const hasSeparator = policy.claims.some(({ separator }) => separator !== undefined);
	const hasNumbers = policy.claims.some(({ values }) => values.length > 1);
	return {
		request: requestOf(policy, token, jws),
		mayBeStricter:
			token.more !== undefined ||
			token.besides === 'access_token=x' ||
			(policy.place.includes('X-Token') && !/^(bearer +)?$/i.test(token.scheme)) ||
			// Lists whose elements are split there, and numbers among values that are all required.
			(blanks && (hasSeparator || hasNumbers)) ||
			// The keys of one openid-config for the issuer of another.
			policy.trust === trusts.both,
	};
}

function requestOf({ place }: PolicySpec, { scheme, besides }: TokenSpec, jws: string): FakeRequest {
	if (place.startsWith('query'))
		return {
			target: `/7?token=${jws}${besides === 'twice' ? '&token=x' : besides === undefined ? '' : `&${besides}`}`,
		};
	const field = [place.includes('X-Token') ? 'X-Token' : 'Authorization', scheme + jws] as const;
	return {
		headers: besides === 'twice' ? [field, field] : [field],
		...(besides === 'access_token=x' ? { target: '/7?access_token=x' } : {}),
	};
}

test('no translation is more permissive, and none is stricter than it says', { timeout: 20 * 60_000 }, async () => {
	const seen = { translated: 0, kept: 0, both: 0, neither: 0, stricter: 0 };
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(policySpec, fc.array(tokenSpec, { minLength: 8, maxLength: 8 })), {
				minLength: 8,
				maxLength: 8,
			}),
			async (all) => {
				const policies = Object.fromEntries(all.map(([policy], i) => [`p${i}`, textOf(policy)]));
				const rig = await startTwice(policies);
				try {
					for (const [i, [policy, tokens]] of all.entries()) {
						const name = `p${i}`;
						if (!rig.translated.includes(name)) {
							seen.kept++;
							continue;
						}
						seen.translated++;
						for (const token of tokens) {
							const { request, mayBeStricter } = send(policy, token);
							const outcome = await rig.decide(name, request);
							const told = () => JSON.stringify([outcome, textOf(policy), token], null, 1);
							const [native, own] = [outcome.native.status, outcome.policy.status];
							if (native === own) seen[native === 'allow' ? 'both' : 'neither']++;
							else {
								expect(own, told()).toBe('allow');
								expect(mayBeStricter, told()).toBe(true);
								expect(native, told()).toBe(policy.status === '403' ? 403 : 401);
								seen.stricter++;
							}
						}
					}
				} finally {
					rig.stop();
				}
			},
		),
		{
			numRuns: long ? 2_000 : 60,
			// The counterexample is eight policies: the error says which one it is about.
			reporter({ failed, seed, counterexamplePath: path, errorInstance: cause }) {
				if (failed) throw new Error(JSON.stringify({ seed, path }), { cause });
			},
		},
	);
	// It has looked at something.
	expect(Math.min(seen.translated, seen.kept, seen.both, seen.neither), JSON.stringify(seen)).toBeGreaterThan(20);
	expect(seen.stricter, JSON.stringify(seen)).toBeLessThan(seen.both);
});
