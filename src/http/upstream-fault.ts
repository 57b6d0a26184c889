/**
 * Which reason an error on the way to an upstream comes to, told by its code and by how far the exchange had come.
 */
import type { FaultReason } from '#core/index';

/** Errors of undici about the response's form. */
const badForm: ReadonlySet<string> = new Set([
	'UND_ERR_HEADERS_OVERFLOW',
	'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
	'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);

/** Errors about the request that we made: nobody else's fault. */
const ours: ReadonlySet<string> = new Set([
	'UND_ERR_INVALID_ARG',
	'UND_ERR_NOT_SUPPORTED',
	'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
	'ERR_INVALID_CHAR',
	'ERR_INVALID_HTTP_TOKEN',
	'ERR_UNESCAPED_CHARACTERS',
]);

/** A connection that ended under us, as an idle one does when the upstream closes it at the same moment. */
const broken: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export function errorCode(error: unknown): string {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** `arrived`: whether any byte of the response had come. */
export function faultOf(error: unknown, arrived: boolean): FaultReason {
	const code = errorCode(error);
	if (ours.has(code)) return 'internal_error';
	if (arrived || badForm.has(code) || code.startsWith('HPE_')) return 'upstream_invalid_response';
	return 'upstream_unreachable';
}

export function isBrokenConnection(error: unknown): boolean {
	return broken.has(errorCode(error));
}
