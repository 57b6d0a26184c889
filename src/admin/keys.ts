/**
 * `/keys`: key pairs of shared access signatures that live in the store. These pages show a key once, when it is made;
 * whoever loses it makes another.
 */
import { isJsonObject, type JsonObject, member } from '#core/index';
import { isIdentifier } from '#formats/shared-access/identifier';
import { CannotSeal, type Half, type StoredPair } from '#keys/pairs/stored-pairs';
import type { ChangeAction } from '#observe/change-record';
import type { AdminSubject } from './admin.ts';
import { changing } from './changing.ts';
import { type Page, type PageRequest, problem, type Reply, readJsonBody } from './exchange.ts';

type Subject = Pick<AdminSubject, 'assembly' | 'log' | 'recordChange'>;

export function keyPages(subject: Subject): readonly Page[] {
	const pairs = () => subject.assembly().state.pairs;
	return [
		{
			path: '/keys',
			summary: 'key pairs in the store: names, what they are allowed, since when; never a key',
			method: 'GET',
			answer: async () => ({ status: 200, body: { keys: pairs().list().map(describe) } }),
		},
		changePage(subject, '/keys', 'JSON {provider, name, scopes, claims}: makes a pair, and shows both keys once', {
			action: 'key_create',
			members: ['scopes', 'claims'],
			async make({ provider, name }, data) {
				const scopes = readScopes(member(data, 'scopes'));
				const claims = readClaims(member(data, 'claims'));
				if (typeof scopes === 'string') return problem(400, scopes);
				if (typeof claims === 'string') return problem(400, claims);
				if (isConfigured(subject, provider, name)) return problem(409, 'the configuration has a key of this name');
				const pair = await pairs().create({ provider, name, scopes, claims });
				if (pair === undefined) return problem(409, 'there is a key pair of this name');
				const { primary, secondary } = pair;
				return { status: 201, body: { ...describe(pair), primary: primary.text, secondary: secondary.text } };
			},
		}),
		changePage(subject, '/keys/regenerate', 'JSON {provider, name, half}: a new primary or secondary key, shown once', {
			action: 'key_regenerate',
			members: ['half'],
			async make({ provider, name }, data) {
				const half = member(data, 'half');
				if (!isHalf(half)) return problem(400, 'half: expected primary or secondary');
				const pair = await pairs().regenerate(provider, name, half);
				return pair === undefined
					? unknown()
					: { status: 200, body: { ...describe(pair), half, key: pair[half].text } };
			},
		}),
		...[true, false].map((disabled) =>
			changePage(
				subject,
				disabled ? '/keys/disable' : '/keys/enable',
				`JSON {provider, name}: both keys ${disabled ? 'out of' : 'in'} force`,
				{
					action: disabled ? 'key_disable' : 'key_enable',
					members: [],
					async make({ provider, name }) {
						const pair = await pairs().disable(provider, name, disabled);
						return pair === undefined ? unknown() : { status: 200, body: describe(pair) };
					},
				},
			),
		),
		changePage(subject, '/keys/remove', 'JSON {provider, name}: the pair is gone', {
			action: 'key_remove',
			members: [],
			async make({ provider, name }) {
				return (await pairs().remove(provider, name))
					? { status: 200, body: { provider, name, removed: true } }
					: unknown();
			},
		}),
	];
}

interface Named {
	readonly provider: string;
	readonly name: string;
}

interface PairChange {
	readonly action: ChangeAction;
	/** Of the body, beside provider and name. */
	readonly members: readonly string[];
	make(named: Named, data: JsonObject): Promise<Reply>;
}

function changePage(subject: Subject, path: string, summary: string, { action, members, make }: PairChange): Page {
	async function answer(request: PageRequest): Promise<Reply> {
		const body = await readJsonBody(request);
		if ('refused' in body) return body.refused;
		const known = ['provider', 'name', ...members];
		if (Object.keys(body.data).some((name) => !known.includes(name))) {
			return problem(400, `expected ${known.join(', ')} and nothing else`);
		}
		const named = readNamed(subject, body.data);
		if (typeof named === 'string') return problem(400, named);
		if (subject.assembly().state.sealing === undefined) return cannotSeal();
		return changing(subject, { action, by: request.by, to: { ...named } }, async () => {
			try {
				return await make(named, body.data);
			} catch (cause) {
				if (cause instanceof CannotSeal) return cannotSeal();
				throw cause;
			}
		});
	}
	return { path, summary, method: 'POST', changes: true, ofKeys: true, answer };
}

function cannotSeal(): Reply {
	return problem(409, 'this store holds no secrets without store.encryption_keys; openssl rand -base64 32 makes one');
}

function unknown(): Reply {
	return problem(404, 'there is no key pair of this name in the store');
}

/** With one provider of stored keys its name may be left out. */
function readNamed({ assembly }: Subject, data: JsonObject): Named | string {
	const providers = assembly().definition.providers.filter(({ sharedAccess }) => sharedAccess?.storedKeys === true);
	const asked = member(data, 'provider');
	const [only, another] = providers;
	if (asked === undefined && (only === undefined || another !== undefined)) return 'provider: expected its name';
	const provider = asked === undefined ? only : providers.find(({ name }) => name === asked);
	if (provider === undefined) return 'provider: there is none of this name with stored_keys';
	const name = member(data, 'name');
	// Every format can write such a name, and no log or path reads it in another way.
	if (typeof name !== 'string' || name.length > 256 || !isIdentifier(name)) {
		return 'name: expected 1 to 256 letters, digits, ".", "_", "~" and "-"';
	}
	return { provider: provider.name, name };
}

function isConfigured({ assembly }: Subject, provider: string, name: string): boolean {
	const found = assembly().definition.providers.find((candidate) => candidate.name === provider);
	return found?.sharedAccess?.keys.some((key) => key.name === name) === true;
}

function readScopes(value: unknown): readonly string[] | string {
	if (value === undefined) return [];
	const wrong = 'scopes: expected a list of at most 100 scopes';
	if (!Array.isArray(value) || value.length > 100) return wrong;
	// RFC 6749 §3.3.
	const scopes = value.filter((scope: unknown) => typeof scope === 'string' && /^[!#-[\]-~]{1,256}$/.test(scope));
	return scopes.length === value.length ? (scopes as readonly string[]) : wrong;
}

/** Said by the signature itself, or about things that it has not got. */
const takenClaims = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'scope', 'cnf'];

function readClaims(value: unknown): JsonObject | string {
	if (value === undefined) return {};
	if (!isJsonObject(value)) return 'claims: expected an object';
	if (takenClaims.some((name) => Object.hasOwn(value, name))) return `claims: none of ${takenClaims.join(', ')}`;
	if (Object.hasOwn(value, 'sub') && typeof value['sub'] !== 'string') return 'claims: sub is text';
	return value;
}

function isHalf(value: unknown): value is Half {
	return value === 'primary' || value === 'secondary';
}

function describe({
	provider,
	name,
	disabled,
	scopes,
	claims,
	primary,
	secondary,
}: StoredPair): Record<string, unknown> {
	return {
		provider,
		name,
		disabled,
		scopes,
		claims: Object.keys(claims),
		primary_made_at: new Date(primary.madeAt * 1000).toISOString(),
		secondary_made_at: new Date(secondary.madeAt * 1000).toISOString(),
	};
}
