/** `countersign`: the gateway as a library on Node. The parts that run without it are `countersign/core`, `/config` and `/assembly`. */
export type { Diagnostic } from '#config/diagnostics';
export { type Gateway, type GatewayOptions, InvalidConfigError, startGateway } from '#gateway/start-gateway';
export type { BoundAddress } from '#http/engine';
export type { AuditRecord } from '#observe/audit-record';
