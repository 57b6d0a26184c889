/**
 * A browser session in place of a token: its cookie is exchanged for its access token, which takes the same way from
 * there as one that the client sent itself. Before that, a request that another site may have sent is refused, since a
 * browser adds the cookie by itself.
 */
import type { Check, Evidence, Reason, SessionSource } from '#core/index';

/** `request_forged`, `session_ended`, `login_unavailable`, `store_unavailable`. A credential from elsewhere passes. */
export function createSessionCheck(sources: readonly SessionSource[]): Check {
	function sourceOf({ credential }: Evidence): SessionSource | undefined {
		if (credential === undefined) return undefined;
		const { in: where, name } = credential.location;
		return sources.find(({ location }) => location.in === where && location.name === name);
	}

	async function exchange(source: SessionSource, evidence: Evidence): Promise<Reason | null> {
		const found = await source.find(evidence.request);
		if ('refused' in found) {
			evidence.found = found.found;
			evidence.cause = found.cause;
			evidence.retryAfter = found.retryAfter;
			return found.refused;
		}
		const { credential } = evidence;
		if (credential === undefined) throw new Error('a session without a cookie');
		evidence.credential = { scheme: 'bearer', token: found.token, location: credential.location };
		evidence.session = found.id;
		evidence.sessionEndedBy = found.endedBy;
		if (found.cookies.length > 0) evidence.setCookies = found.cookies;
		return null;
	}

	return {
		name: 'session',
		needs: 'credential',
		judge(evidence) {
			const source = sourceOf(evidence);
			if (source === undefined) return null;
			const forgery = source.forgery(evidence.request);
			if (forgery !== null) {
				evidence.found = forgery;
				return 'request_forged';
			}
			return exchange(source, evidence);
		},
		expected: () => `a session of ${sources.map(({ name }) => name).join(' or ')}, asked for by its own site`,
		found: (evidence) => evidence.found ?? (sourceOf(evidence) === undefined ? 'no session' : 'a session'),
	};
}
