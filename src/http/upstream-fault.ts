/**
 * Which reason an error on the way to an upstream comes to, told by its code and by how far the exchange had come.
 */
import type { FaultReason } from '#core/index';

/** A connection that ended under us, as an idle one does when the upstream closes it at the same moment. */
const broken: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

function errorCode(error: unknown): string {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** `arrived`: whether any byte of the response had come. */
export function faultOf(arrived: boolean): FaultReason {
	return arrived ? 'upstream_invalid_response' : 'upstream_unreachable';
}

export function isBrokenConnection(error: unknown): boolean {
	return broken.has(errorCode(error));
}
