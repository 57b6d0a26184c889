/** Policies of Azure API Management, and what they refer to. */
import type { Algorithm } from '#core/index';
import type { ManagedIdentityDefinition } from './definition-backend-token.ts';
import type { UpstreamDefinition } from './definition-route.ts';

/** Scopes of Azure API Management, from the outermost to the innermost. */
export type ApimScope = 'global' | 'product' | 'api' | 'operation';

/** Policy files of one route, from the outermost scope to the innermost; `file` as written. */
export type ApimPolicyDefinition = readonly {
	readonly scope: ApimScope;
	readonly file: string;
	readonly text: string;
}[];

/** Undefined: as it follows from the route. */
export interface ApimContextDefinition {
	readonly api: {
		readonly id: string | undefined;
		readonly name: string | undefined;
		readonly path: string | undefined;
		readonly version: string | undefined;
		readonly revision: string | undefined;
		/** Without query and fragment. */
		readonly serviceUrl: string | undefined;
	};
	readonly operation: {
		readonly id: string | undefined;
		readonly name: string | undefined;
		readonly urlTemplate: string | undefined;
	};
	/** Undefined: none. */
	readonly product: { readonly id: string; readonly name: string } | undefined;
}

/** What policies of Azure API Management refer to. */
export interface ApimDefinition {
	readonly namedValues: Readonly<Record<string, string>>;
	readonly placeholders: Readonly<Record<string, string>>;
	readonly fragments: readonly { readonly name: string; readonly file: string; readonly text: string }[];
	/** PEM texts. */
	readonly certificates: readonly {
		readonly id: string;
		readonly certificate: string;
		readonly key: string | undefined;
	}[];
	readonly backends: readonly { readonly id: string; readonly upstream: UpstreamDefinition }[];
	/** `host` or `host:port`, lower-case. */
	readonly allowedOpenidHosts: readonly string[];
	readonly algorithms: readonly Algorithm[];
	/** Statements that ask for revocation of certificates to be looked up do without. Absent: they are refused. */
	readonly uncheckedRevocation?: boolean;
	/** `resource` and `clientId` are those of a statement; undefined after a fault that was reported. */
	readonly managedIdentity: ManagedIdentityDefinition | undefined;
}
