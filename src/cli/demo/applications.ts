/**
 * Who may ask the demo's authorization server for what: its APIs and its applications, as one would register them at a
 * provider. The secrets are public on purpose: this server listens on loopback and guards nothing.
 */
import type { JsonObject } from '#core/index';

export interface DemoApplication {
	readonly id: string;
	readonly secret: string;
	/** Identifier of an API → the scopes that the application may get for it. */
	readonly grants: Readonly<Record<string, readonly string[]>>;
	/** Claims that its tokens carry beside the usual ones. */
	readonly claims: JsonObject;
	/** Seconds. */
	readonly lifetime: number;
}

export const ordersApi = 'https://api.example.com';
export const acmeApi = 'https://acme.api.example.com';
export const globexApi = 'https://globex.api.example.com';
export const recordsApi = 'https://records.example.com';

/** A private claim in Auth0's manner: names of one's own are URLs, so that they meet no registered name. */
export const rolesClaim = 'https://example.com/roles';

const hour = 3600;

export const reader: DemoApplication = {
	id: 'reader-app',
	secret: 'reader-secret-for-the-demo-only',
	grants: { [ordersApi]: ['orders:read'], [acmeApi]: ['orders:read'] },
	claims: {},
	lifetime: hour,
};

export const writer: DemoApplication = {
	id: 'writer-app',
	secret: 'writer-secret-for-the-demo-only',
	grants: { [ordersApi]: ['orders:read', 'orders:write'], [globexApi]: ['orders:read', 'orders:write'] },
	claims: {},
	lifetime: hour,
};

export const clinician: DemoApplication = {
	id: 'clinician-app',
	secret: 'clinician-secret-for-the-demo-only',
	grants: { [recordsApi]: ['records:read'] },
	claims: { purpose_of_use: 'TREATMENT', [rolesClaim]: ['clinician'], training_completed: true },
	lifetime: 300,
};

/** May read records, but its tokens say for another purpose. */
export const billing: DemoApplication = {
	id: 'billing-app',
	secret: 'billing-secret-for-the-demo-only',
	grants: { [recordsApi]: ['records:read'] },
	claims: { purpose_of_use: 'PAYMENT', [rolesClaim]: ['clinician'], training_completed: true },
	lifetime: 300,
};

/** Like the clinician, but nobody recorded that its user was trained. */
export const trainee: DemoApplication = {
	id: 'trainee-app',
	secret: 'trainee-secret-for-the-demo-only',
	grants: { [recordsApi]: ['records:read'] },
	claims: { purpose_of_use: 'TREATMENT', [rolesClaim]: ['clinician'] },
	lifetime: 300,
};

/** Its tokens are good for one second, to see one expire. */
export const shortLived: DemoApplication = {
	id: 'short-lived-app',
	secret: 'short-lived-secret-for-the-demo-only',
	grants: { [ordersApi]: ['orders:read'] },
	claims: {},
	lifetime: 1,
};

/** The API of another team, which takes tokens of the authorization server that are for it alone. */
export const shippingApi = 'https://shipping.example.com';

/** The gateway itself, when it exchanges a client's token for one of an upstream (RFC 8693). */
export const gatewayClient = { id: 'gateway', secret: 'gateway-secret-for-the-demo-only' } as const;

/** Audience → the scopes that the gateway may get for it in exchange. */
export const exchangeGrants: Readonly<Record<string, readonly string[]>> = { [shippingApi]: ['orders:read'] };

export const demoApplications: readonly DemoApplication[] = [reader, writer, clinician, billing, trainee, shortLived];
