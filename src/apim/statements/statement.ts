/** The statements of a policy as they were read: what to do, and nothing of how. */
import type { Position } from '../policy-text/policy-fault.ts';
import type { ValidateJwt } from './validate-jwt.ts';
import type { Reads, TextValue } from './value.ts';

/** Where a statement stands, for `context.LastError` and for a reader. */
export interface Place {
	readonly file: string;
	readonly position: Position;
	readonly scope: string;
	readonly section: string;
	/** Within its section: `choose[1]/when[2]/validate-jwt[1]`. */
	readonly path: string;
	/** `id` of the statement. */
	readonly id: string | undefined;
}

export type Statement = { readonly place: Place } & (
	| ValidateJwt
	| Choose
	| SetVariable
	| CheckHeader
	| SetHeader
	| SetQueryParameter
	| SetBackendService
	| RewriteUri
	| ReturnResponse
	| SetStatus
	| SetBody
	| Cors
	| FindAndReplace
	| ValidateClientCertificate
	| AuthenticationManagedIdentity
	| AuthenticationCertificate
	| RateLimitByKey
	| IpFilter
	| Trace
	| ForwardRequest
	| Base
	| IncludeFragment
);

export interface Choose {
	readonly kind: 'choose';
	readonly branches: readonly {
		readonly condition: TextValue;
		readonly statements: readonly Statement[];
		readonly position: Position;
	}[];
	readonly otherwise: readonly Statement[] | undefined;
}

export interface SetVariable {
	readonly kind: 'set-variable';
	readonly name: string;
	readonly value: TextValue;
}

export interface CheckHeader {
	readonly kind: 'check-header';
	readonly name: TextValue;
	readonly status: Reads<number>;
	readonly message: TextValue | undefined;
	readonly ignoreCase: Reads<boolean>;
	/** Empty: any value will do. */
	readonly values: readonly TextValue[];
}

export const existsActions = ['override', 'skip', 'append', 'delete'] as const;
export type ExistsAction = (typeof existsActions)[number];

export interface SetHeader {
	readonly kind: 'set-header';
	readonly name: string;
	readonly action: ExistsAction;
	readonly values: readonly TextValue[];
}

export interface SetQueryParameter {
	readonly kind: 'set-query-parameter';
	readonly name: TextValue;
	readonly action: ExistsAction;
	readonly values: readonly TextValue[];
}

export interface SetBackendService {
	readonly kind: 'set-backend-service';
	readonly target: { readonly by: 'id'; readonly id: TextValue } | { readonly by: 'url'; readonly url: TextValue };
}

export interface RewriteUri {
	readonly kind: 'rewrite-uri';
	/** `{name}` stands for a parameter of the path where it is a constant. */
	readonly template: TextValue;
	readonly copyUnmatched: Reads<boolean>;
}

export interface ReturnResponse {
	readonly kind: 'return-response';
	readonly status: SetStatus | undefined;
	readonly headers: readonly SetHeader[];
	readonly body: TextValue | undefined;
}

export interface SetStatus {
	readonly kind: 'set-status';
	readonly code: Reads<number>;
}

export interface SetBody {
	readonly kind: 'set-body';
	readonly body: TextValue;
}

/** In the content of what the client gets. */
export interface FindAndReplace {
	readonly kind: 'find-and-replace';
	readonly from: TextValue;
	readonly to: TextValue;
}

export interface Cors {
	readonly kind: 'cors';
	readonly credentials: Reads<boolean>;
	/** What comes from another origin ends here. */
	readonly terminates: Reads<boolean>;
	/** Constants: `*`, or as browsers write them. */
	readonly origins: readonly TextValue[];
	/** `*` among them: all. */
	readonly methods: readonly string[];
	readonly headers: readonly string[];
	readonly exposed: readonly string[];
	/** Seconds. */
	readonly maxAge: Reads<number>;
}

export interface ValidateClientCertificate {
	readonly kind: 'validate-client-certificate';
	readonly trust: boolean;
	readonly ignoreError: boolean;
	/** Empty: anybody's. */
	readonly identities: readonly CertificateIdentity[];
}

/** All that is named must match. Thumbprints: upper-case hexadecimal. */
export interface CertificateIdentity {
	readonly thumbprint: string | undefined;
	readonly serialNumber: string | undefined;
	readonly commonName: string | undefined;
	readonly subject: string | undefined;
	readonly dnsName: string | undefined;
	readonly issuerSubject: string | undefined;
	readonly issuerThumbprint: string | undefined;
}

export interface AuthenticationManagedIdentity {
	readonly kind: 'authentication-managed-identity';
	readonly resource: string;
	readonly clientId: string | undefined;
	readonly output: string | undefined;
	readonly ignoreError: boolean;
}

/** The certificate that the upstream is shown in the TLS handshake. */
export interface AuthenticationCertificate {
	readonly kind: 'authentication-certificate';
	/** Its `certificate-id`, or its thumbprint in upper-case hexadecimal. */
	readonly certificate: string;
	readonly position: Position;
}

export interface RateLimitByKey {
	readonly kind: 'rate-limit-by-key';
	readonly calls: number;
	/** Seconds. */
	readonly period: number;
	readonly key: TextValue;
	readonly condition: TextValue | undefined;
	readonly retryAfterVariable: string | undefined;
	readonly retryAfterHeader: string;
	readonly remainingVariable: string | undefined;
	readonly remainingHeader: string | undefined;
	readonly totalHeader: string | undefined;
}

export interface IpFilter {
	readonly kind: 'ip-filter';
	readonly action: 'allow' | 'forbid';
	readonly addresses: readonly string[];
	readonly ranges: readonly { readonly from: string; readonly to: string }[];
}

export interface Trace {
	readonly kind: 'trace';
	/** Evaluated like any other value, so that what fails there fails here; goes nowhere. */
	readonly values: readonly TextValue[];
}

export interface ForwardRequest {
	readonly kind: 'forward-request';
}

/** What the scope outside says for the same section. */
export interface Base {
	readonly kind: 'base';
}

export interface IncludeFragment {
	readonly kind: 'include-fragment';
	readonly fragment: string;
	readonly statements: readonly Statement[];
}
