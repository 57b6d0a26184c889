/**
 * What `context` leads to: plain data that the policy's run fills in, read by the members of members/context.ts and by
 * nothing else. A field may be a getter, and is then only asked when the expression reads it. Absent is null.
 */
import type { DictionaryValue } from './collection.ts';
import type { DateTimeValue, GuidValue, TimeSpanValue } from './date-time.ts';
import type { Value } from './value.ts';

export interface ExpressionContext {
	readonly kind: 'IProxyContext';
	readonly request: RequestObject;
	readonly response: ResponseObject | null;
	readonly variables: VariablesObject;
	readonly api: ApiObject | null;
	readonly operation: OperationObject | null;
	readonly product: ProductObject | null;
	readonly subscription: SubscriptionObject | null;
	readonly user: UserObject | null;
	readonly deployment: DeploymentObject;
	readonly lastError: LastErrorObject | null;
	readonly requestId: GuidValue;
	/** When the request came in. */
	readonly timestamp: DateTimeValue;
	/** Time since then. */
	readonly elapsed: TimeSpanValue;
	/** Milliseconds since 1970: `DateTime.UtcNow`. */
	now(): number;
	/** A number from 0, below 1: `Random`, `Guid.NewGuid`. */
	random(): number;
	/** `context.Trace(…)`; the text may hold anything that the expression can read. */
	trace(message: string): void;
}

/** Variables of the policy by exact name. An expression can read them, and `set-variable` writes them. */
export interface VariablesObject {
	readonly kind: 'Variables';
	readonly values: ReadonlyMap<string, Value>;
}

export interface HeadersObject {
	readonly kind: 'Headers';
	/** All field lines, with the names as they came. */
	readonly list: readonly (readonly [name: string, value: string])[];
}

export interface UrlObject {
	readonly kind: 'IUrl';
	readonly scheme: string;
	readonly host: string;
	readonly port: number;
	readonly path: string;
	/** With its `?`; empty without a query. */
	readonly queryString: string;
}

export interface RequestObject {
	readonly kind: 'IRequest';
	readonly method: string;
	/** As it goes to the backend. */
	readonly url: UrlObject;
	/** As the client asked. */
	readonly originalUrl: UrlObject;
	readonly headers: HeadersObject;
	/** Address of the client. */
	readonly ipAddress: string;
	/** Parameters of the operation's URL template, by name. */
	readonly matchedParameters: ReadonlyMap<string, string>;
	readonly certificate: CertificateObject | null;
	/** Null when the request has none. A body that was not collected is a BodyObject without octets. */
	readonly body: BodyObject | null;
}

export interface ResponseObject {
	readonly kind: 'IResponse';
	readonly statusCode: number;
	readonly statusReason: string;
	readonly headers: HeadersObject;
	readonly body: BodyObject | null;
}

export interface BodyObject {
	readonly kind: 'IMessageBody';
	/** Undefined when nobody collected them: reading is then a failure. `facts.readsBody` says beforehand who wants them. */
	readonly octets: Uint8Array | undefined;
	/** Set when it was read without `preserveContent: true`: it is gone, for other expressions and for the backend. */
	isConsumed: boolean;
}

export interface CertificateObject {
	readonly kind: 'X509Certificate2';
	/** SHA-1 of the DER encoding, upper-case hexadecimal. */
	readonly thumbprint: string;
	/** Distinguished names as .NET writes them: `CN=client, O=Example`. */
	readonly subject: string;
	readonly issuer: string;
	/** Upper-case hexadecimal. */
	readonly serialNumber: string;
	readonly notBefore: DateTimeValue;
	readonly notAfter: DateTimeValue;
	/** Whether it chains to an authority that is trusted, and is within its time. */
	readonly isTrusted: boolean;
}

export interface ApiObject {
	readonly kind: 'IApi';
	readonly id: string;
	readonly name: string;
	readonly path: string;
	readonly revision: string;
	readonly version: string;
	readonly isCurrentRevision: boolean;
	readonly protocols: readonly string[];
	readonly serviceUrl: UrlObject | null;
}

export interface OperationObject {
	readonly kind: 'IOperation';
	readonly id: string;
	readonly method: string;
	readonly name: string;
	readonly urlTemplate: string;
}

export interface ProductObject {
	readonly kind: 'IProduct';
	readonly id: string;
	readonly name: string;
	readonly isApprovalRequired: boolean;
	readonly isSubscriptionRequired: boolean;
	readonly groups: readonly GroupObject[];
	readonly apis: readonly ApiObject[];
}

export interface SubscriptionObject {
	readonly kind: 'ISubscription';
	readonly id: string;
	readonly name: string;
	readonly key: string;
	readonly primaryKey: string;
	readonly secondaryKey: string;
	readonly createdDate: DateTimeValue;
	readonly startDate: DateTimeValue | null;
	readonly endDate: DateTimeValue | null;
}

export interface UserObject {
	readonly kind: 'IUser';
	readonly id: string;
	readonly email: string;
	readonly firstName: string;
	readonly lastName: string;
	readonly note: string;
	readonly registrationDate: DateTimeValue;
	readonly groups: readonly GroupObject[];
	readonly identities: readonly UserIdentityObject[];
}

export interface GroupObject {
	readonly kind: 'IGroup';
	readonly id: string;
	readonly name: string;
}

export interface UserIdentityObject {
	readonly kind: 'IUserIdentity';
	readonly id: string;
	readonly provider: string;
}

export interface DeploymentObject {
	readonly kind: 'IDeployment';
	readonly gatewayId: string;
	readonly region: string;
	readonly serviceId: string;
	readonly serviceName: string;
	readonly certificates: ReadonlyMap<string, CertificateObject>;
}

export interface LastErrorObject {
	readonly kind: 'ILastError';
	readonly source: string;
	readonly reason: string;
	readonly message: string;
	readonly scope: string;
	readonly section: string;
	readonly path: string;
	readonly policyId: string;
}

/** A token that was taken apart; whether it was verified is not said here. */
export interface JwtObject {
	readonly kind: 'Jwt';
	readonly algorithm: string;
	readonly type: string;
	readonly id: string | null;
	readonly issuer: string | null;
	readonly subject: string | null;
	readonly audiences: readonly string[];
	readonly expirationTime: DateTimeValue | null;
	readonly notBefore: DateTimeValue | null;
	readonly issuedAt: DateTimeValue | null;
	/** Every claim, its values as texts: `string` to `string[]`. */
	readonly claims: DictionaryValue;
	/** The token itself: what `ToString()` answers. */
	readonly text: string;
}

export interface BasicObject {
	readonly kind: 'BasicAuthCredentials';
	readonly userId: string;
	readonly password: string;
}

/** `new Uri(…)`, taken apart by the platform's parser. */
export interface UriObject {
	readonly kind: 'Uri';
	readonly original: string;
	/** Undefined for a relative one. */
	readonly absolute: URL | undefined;
}

/** `new Regex(…)` and what it finds. */
export interface RegexObject {
	readonly kind: 'Regex';
	readonly pattern: string;
	readonly options: number;
}

export interface MatchGroup {
	readonly kind: 'Group' | 'Match';
	readonly isSuccess: boolean;
	readonly value: string;
	readonly index: number;
	readonly name: string;
	readonly groups: readonly MatchGroup[];
}

export interface GroupCollection {
	readonly kind: 'GroupCollection' | 'MatchCollection';
	readonly items: readonly MatchGroup[];
}

export type ContextObject =
	| ExpressionContext
	| VariablesObject
	| HeadersObject
	| UrlObject
	| RequestObject
	| ResponseObject
	| BodyObject
	| CertificateObject
	| ApiObject
	| OperationObject
	| ProductObject
	| SubscriptionObject
	| UserObject
	| GroupObject
	| UserIdentityObject
	| DeploymentObject
	| LastErrorObject
	| JwtObject
	| BasicObject
	| UriObject
	| RegexObject
	| MatchGroup
	| GroupCollection;
