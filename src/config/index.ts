/** `countersign/config`: read, check and explain a configuration file; nothing is fetched and nothing is started. */
export type {
	AuditDefinition,
	ClaimRule,
	CorsDefinition,
	Definition,
	KeysDefinition,
	LimitsDefinition,
	ListenerDefinition,
	ProviderDefinition,
	ProviderRules,
	RouteDefinition,
	TimeoutsDefinition,
	UpstreamDefinition,
} from './definition.ts';
export { type ConfigPath, type Diagnostic, formatDiagnostics, formatPath, type Severity } from './diagnostics.ts';
export { type LoadEnvironment, type Loaded, loadConfig, loadConfigText } from './load.ts';
