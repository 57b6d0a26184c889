/** The vocabulary: everything imports it, it imports nothing. */
export type { BackendToken, Provided, RenewCredential } from './backend-token.ts';
export { type Check, type CheckName, checkNames, type Effect, type Finding } from './check.ts';
export type { ContentEdit, ContentEditor } from './content-edit.ts';
export {
	type Credential,
	type CredentialLocation,
	Evidence,
	type SharedAccessFormat,
	sharedAccessFormats,
	type UnverifiedJwe,
	type UnverifiedJws,
	type UnverifiedSharedAccess,
} from './evidence.ts';
export type { Challenge, Facts } from './facts.ts';
export { isJsonObject, type JsonObject, type JsonValue, member } from './json.ts';
export { longestMintedLifetime, type MintingAlgorithm, mintingAlgorithms, reservedMintedClaims } from './minting.ts';
export {
	type Algorithm,
	algorithms,
	type Clock,
	type ContentEncryption,
	type Cryptography,
	contentEncryptions,
	type DecryptionKey,
	type DecryptionKeyBinding,
	type DocumentFetcher,
	type FetchedDocument,
	type FinishedSpan,
	type FormPost,
	type FormPoster,
	type IdentityFetcher,
	type KeptKeySet,
	type KeptKeys,
	type KeyManagementAlgorithm,
	keyManagementAlgorithms,
	type Log,
	type LogEvent,
	type Meter,
	type MetricDescription,
	type MetricLabels,
	type MetricPoint,
	type MetricReading,
	type PublicKey,
	type Series,
	type SigningKey,
	type TelemetryAttributes,
	type TelemetryExport,
	type Timers,
	type TlsIdentity,
	type VerificationKey,
	type Voucher,
} from './ports.ts';
export type { CredentialKind, Principal } from './principal.ts';
export {
	type BucketRule,
	type BucketState,
	type Buckets,
	type LimitKey,
	limitKeys,
	mostOwed,
	type SharedBuckets,
} from './rate-limit.ts';
export {
	type DenyReason,
	denyReasons,
	type FaultReason,
	faultReasons,
	isFaultReason,
	type OAuthError,
	type Reason,
	type ReasonEntry,
	reasonNames,
	reasons,
} from './reasons.ts';
export type { CertificateDetails, ClientCertificate, HeaderList, RequestView } from './request-view.ts';
export type { ResponseDecision, ResponseProgram, ResponseView } from './response-program.ts';
export type { KnownToken, ProgramOutcome, ProgramSurroundings, RouteProgram } from './route-program.ts';
export type {
	FoundSession,
	PageOutcome,
	ReadBody,
	RefusedSession,
	SessionPage,
	SessionPages,
	SessionSource,
} from './session.ts';
export {
	type EnterOptions,
	type LedgerChanges,
	type LedgerEntry,
	type LedgerPosition,
	type ListedRecord,
	maximumTtl,
	type PutOptions,
	type RecordPage,
	type Sealing,
	type Store,
	type StoredRecord,
	type StoreType,
	StoreUnavailable,
	storeTypes,
} from './store.ts';
export type { EjectionSettings, HealthCheckSettings, PoolSettings, Upstream, UpstreamTls } from './upstream.ts';
export {
	type Answer,
	type HeaderStrip,
	passingRules,
	type RequestEdits,
	type ResponseEdits,
	type ResponseRules,
	type Verdict,
} from './verdict.ts';
