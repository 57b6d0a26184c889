/** `claims_to_headers`: which header fields the gateway may write for the upstream. */
import type { ConfigPath, Report } from './diagnostics.ts';
import { checkClaimName } from './reading.ts';

/** Fields that frame the message, authenticate, or that the gateway writes itself (RFC 9110 §7.6.1, RFC 9112, RFC 7239). */
const refused: ReadonlySet<string> = new Set([
	'accept-encoding',
	'authorization',
	'connection',
	'content-encoding',
	'content-length',
	'content-type',
	'cookie',
	'date',
	'dpop',
	'expect',
	'forwarded',
	'host',
	'http2-settings',
	'keep-alive',
	'proxy-authenticate',
	'proxy-authorization',
	'proxy-connection',
	'set-cookie',
	'te',
	'traceparent',
	'tracestate',
	'trailer',
	'transfer-encoding',
	'upgrade',
	'via',
	'x-request-id',
]);

export interface ClaimHeader {
	readonly header: string;
	readonly claim: string;
}

export function readClaimsToHeaders(
	value: Readonly<Record<string, string>>,
	path: ConfigPath,
	report: Report,
): readonly ClaimHeader[] {
	const seen = new Set<string>();
	return Object.entries(value).map(([header, claim]) => {
		const at = [...path, header];
		// Many servers hand several spellings to the application as one variable (CGI, RFC 3875 §4.1.18).
		const name = header.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
		if (refused.has(name) || name.startsWith('x-forwarded-') || name.startsWith('sec-websocket-')) {
			report.error(at, `the header ${header} cannot be made from a claim`, {
				at: 'key',
				fix: 'Use a name of your own, such as x-user-id.',
			});
		}
		if (seen.has(name)) report.error(at, `the header ${header} is there twice`, { at: 'key' });
		seen.add(name);
		checkClaimName(claim, at, report);
		return { header, claim };
	});
}
