/** A realm of its own on that Keycloak, made and changed through the admin REST API, and its endpoints asked as clients ask them. */
import { type Dispatcher, request } from 'undici';
import type { Keycloak } from './keycloak-server.ts';

type Json = Readonly<Record<string, unknown>>;

export interface TokenAnswer {
	readonly access_token: string;
	readonly refresh_token: string | undefined;
	readonly id_token: string | undefined;
}

export interface AskOptions {
	readonly headers?: Readonly<Record<string, string>>;
	/** Over TLS, with the trust and the certificate of this dispatcher. */
	readonly over?: Dispatcher;
}

export interface Realm {
	readonly name: string;
	readonly issuer: string;
	/** The token, introspection, … endpoint. `tls`: by way of the listener that asks for certificates. */
	endpoint(name: 'token' | 'token/introspect' | 'revoke' | 'logout', tls?: boolean): string;
	/** Client of that name with its secret, which is the name and ` secret`; further members as RFC 6749 names them. */
	token(client: string, form?: Readonly<Record<string, string>>, options?: AskOptions): Promise<TokenAnswer>;
	/** The answer whatever it is. */
	ask(
		endpoint: Parameters<Realm['endpoint']>[0],
		client: string,
		form: Readonly<Record<string, string>>,
		options?: AskOptions,
	): Promise<{ readonly status: number; readonly contentType: string; readonly body: Json }>;
	add(what: 'clients' | 'client-scopes' | 'users' | 'components', body: Json): Promise<string>;
	/** Lays `attributes` over those of the client. */
	changeClient(id: string, attributes: Readonly<Record<string, string>>): Promise<void>;
	/** Adds a client scope to what that client always gets. */
	addScope(client: string, scope: string): Promise<void>;
	giveRole(user: string, role: string): Promise<void>;
	/** `rsa-generated` and the like, with the highest priority so far: the next token is signed with it. */
	addKey(kind: string, config: Readonly<Record<string, string>>): Promise<string>;
	/** Signs nothing from now on, and stays published. */
	retireKey(component: string): Promise<void>;
	remove(component: string): Promise<void>;
	/** Component that holds the key with this `kid`. */
	keyComponent(kid: string): Promise<string>;
}

export const secretOf = (client: string): string => `${client} secret, %:+& and more than 32 bytes of it`;

/** `representation`: what the realm is made of besides clients, scopes and users. */
export async function createRealm(server: Keycloak, name: string, representation: Json): Promise<Realm> {
	const admin = administration(server);
	await admin('POST', '', { realm: name, enabled: true, ...representation });
	const issuer = `${server.url}/realms/${name}`;
	let priority = 100;

	const endpoint: Realm['endpoint'] = (path, tls = false) =>
		`${tls ? `${server.tlsUrl}/realms/${name}` : issuer}/protocol/openid-connect/${path}`;
	const ask: Realm['ask'] = async (path, client, form, { headers = {}, over } = {}) => {
		const url = endpoint(path, over !== undefined);
		const credentials = 'client_assertion' in form ? {} : { client_id: client, client_secret: secretOf(client) };
		const response = await request(url, {
			method: 'POST',
			headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
			body: new URLSearchParams({ ...credentials, ...form }).toString(),
			...(over === undefined ? {} : { dispatcher: over }),
		});
		const text = await response.body.text();
		return {
			status: response.statusCode,
			contentType: String(response.headers['content-type'] ?? ''),
			body: text.startsWith('{') ? (JSON.parse(text) as Json) : {},
		};
	};
	const component = async (id: string): Promise<Json & { readonly config: Json }> =>
		(await admin('GET', `/${name}/components/${id}`)) as Json & { readonly config: Json };

	const clientOf = async (id: string): Promise<Json> => {
		const [client] = (await admin('GET', `/${name}/clients?clientId=${id}`)) as readonly Json[];
		if (client === undefined) throw new Error(`there is no client ${id}`);
		return client;
	};

	return {
		name,
		issuer,
		endpoint,
		ask,
		async token(client, form = {}, options = {}) {
			const { status, body } = await ask('token', client, { grant_type: 'client_credentials', ...form }, options);
			const text = (member: string) => (typeof body[member] === 'string' ? body[member] : undefined);
			const token = text('access_token');
			if (token === undefined) {
				throw new Error(`Keycloak gave ${client} no token: ${status} ${text('error_description') ?? text('error')}`);
			}
			return { access_token: token, refresh_token: text('refresh_token'), id_token: text('id_token') };
		},
		async add(what, body) {
			return admin('POST', `/${name}/${what}`, body) as Promise<string>;
		},
		async changeClient(id, attributes) {
			const client = await clientOf(id);
			const changed = { ...client, attributes: { ...(client['attributes'] as Json), ...attributes } };
			await admin('PUT', `/${name}/clients/${String(client['id'])}`, changed);
		},
		async addScope(client, scope) {
			const scopes = (await admin('GET', `/${name}/client-scopes`)) as readonly Json[];
			const found = scopes.find((candidate) => candidate['name'] === scope);
			const { id } = await clientOf(client);
			await admin('PUT', `/${name}/clients/${String(id)}/default-client-scopes/${String(found?.['id'])}`);
		},
		async giveRole(user, role) {
			const found = await admin('GET', `/${name}/roles/${role}`);
			await admin('POST', `/${name}/users/${user}/role-mappings/realm`, [found]);
		},
		async addKey(kind, config) {
			priority += 1;
			return admin('POST', `/${name}/components`, {
				name: `${kind} ${priority}`,
				providerId: kind,
				providerType: keyProviders,
				config: { ...listed(config), priority: [String(priority)], enabled: ['true'], active: ['true'] },
			}) as Promise<string>;
		},
		async retireKey(id) {
			const found = await component(id);
			await admin('PUT', `/${name}/components/${id}`, { ...found, config: { ...found.config, active: ['false'] } });
		},
		async remove(id) {
			await admin('DELETE', `/${name}/components/${id}`);
		},
		async keyComponent(kid) {
			const { keys } = (await admin('GET', `/${name}/keys`)) as { readonly keys: readonly Json[] };
			const found = keys.find((key) => key['kid'] === kid)?.['providerId'];
			if (typeof found !== 'string') throw new Error(`Keycloak has no key ${kid}`);
			return found;
		},
	};
}

const keyProviders = 'org.keycloak.keys.KeyProvider';

function listed(config: Readonly<Record<string, string>>): Readonly<Record<string, readonly string[]>> {
	return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, [value]]));
}

/** Gives the JSON of the answer, or the id of what was made. A token for each call: it lives for a minute only. */
function administration(server: Keycloak): (method: string, path: string, body?: unknown) => Promise<unknown> {
	const { name, password } = server.administrator;
	const signIn = async (): Promise<string> => {
		const form = { grant_type: 'password', client_id: 'admin-cli', username: name, password };
		const url = `${server.url}/realms/master/protocol/openid-connect/token`;
		const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
		const { access_token: token } = (await response.json()) as { readonly access_token?: string };
		if (token === undefined) throw new Error(`Keycloak does not know its administrator: ${response.status}`);
		return token;
	};
	return async (method, path, body) => {
		const response = await fetch(`${server.url}/admin/realms${path}`, {
			method,
			headers: { authorization: `Bearer ${await signIn()}`, 'content-type': 'application/json' },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		const text = await response.text();
		if (!response.ok) throw new Error(`${method} ${path} at Keycloak: ${response.status} ${text}`);
		return text === '' ? (response.headers.get('location')?.split('/').at(-1) ?? '') : JSON.parse(text);
	};
}
