/** What the upstream of a route gets in place of the client's token. */
import type { ValueMapping } from '#formats/value-mapping';
import type { ClientDefinition, EndpointDefinition } from './definition-provider.ts';
import type { Template } from './definition-route.ts';

/** What the upstream gets in place of the client's token. */
export type BackendTokenDefinition =
	| { readonly type: 'none' }
	| { readonly type: 'insecure_passthrough' }
	| MintDefinition
	| ExchangeDefinition
	| ClientCredentialsDefinition
	| ManagedIdentityDefinition
	| StaticCredentialDefinition;

/** A token that the gateway signs itself. */
export interface MintDefinition {
	readonly type: 'mint';
	/** One at least. */
	readonly audience: readonly Template[];
	readonly lifetime: number;
	/** `typ` of the header. */
	readonly typ: string;
	readonly claims: readonly { readonly name: string; readonly mapping: ValueMapping }[];
	/** Whom it says to act for the subject (RFC 8693 §4.1), before those who did; undefined: nobody more. */
	readonly actor: string | undefined;
	/** Field in which the upstream gets the token. */
	readonly header: string;
}

/** The client's token goes to a server, and another one comes back for it (RFC 8693, Entra's on-behalf-of). */
export interface ExchangeDefinition {
	readonly type: 'exchange';
	/** For each provider of the route: where its tokens are exchanged. */
	readonly servers: readonly { readonly provider: string; readonly server: TokenServerDefinition }[];
	readonly grant: 'token_exchange' | 'on_behalf_of';
	/** Templates. */
	readonly target: TokenTargetDefinition;
	/** URNs of RFC 8693 §3; undefined: the server decides. */
	readonly subjectType: string;
	readonly requestedType: string | undefined;
	/** Target of our own token, which is shown as the actor's; undefined: none is shown. */
	readonly actor: TokenTargetDefinition | undefined;
	/** Field in which the upstream gets the token. */
	readonly header: string;
	/** Milliseconds of one call. */
	readonly timeout: number;
}

/** The gateway's own token for the upstream (RFC 6749 §4.4). */
export interface ClientCredentialsDefinition {
	readonly type: 'client_credentials';
	readonly server: TokenServerDefinition;
	readonly target: TokenTargetDefinition;
	readonly header: string;
	/** Milliseconds of one call. */
	readonly timeout: number;
}

/** The same from the endpoint that a cloud puts beside a machine. */
export interface ManagedIdentityDefinition {
	readonly type: 'managed_identity';
	readonly source: 'imds' | 'app_service';
	readonly url: string;
	/** `X-IDENTITY-HEADER`; of `app_service` alone. */
	readonly secret: string | undefined;
	readonly resource: string;
	readonly clientId: string | undefined;
	readonly header: string;
	/** Milliseconds of one call. */
	readonly timeout: number;
}

/** One field for all requests. */
export interface StaticCredentialDefinition {
	readonly type: 'api_key' | 'basic';
	readonly header: string;
	/** Value of the field, as it goes on the wire. */
	readonly value: string;
}

export interface TokenTargetDefinition {
	readonly audience: readonly string[];
	readonly resource: readonly string[];
	readonly scope: readonly string[];
}

/** A token endpoint, and who we are there. */
export interface TokenServerDefinition {
	/** The provider's, or the host of the URL. */
	readonly name: string;
	readonly endpoint: EndpointDefinition;
	readonly client: ClientDefinition;
}
