/** What somebody asks to be revoked, as JSON. Words every fault; repeats no value, since one might be a token. */
import { type JsonObject, type JsonValue, member } from '#core/index';
import { parseDuration } from '#formats/duration';
import type { RevocationKind } from './revocation.ts';

export interface RevocationRequest {
	readonly kind: RevocationKind;
	/** Empty for `issuer`. */
	readonly value: string;
	/** As asked for: at most one of the two. */
	readonly issuer: string | undefined;
	readonly provider: string | undefined;
	/** Seconds since the epoch. */
	readonly issuedBefore: number | undefined;
	readonly until: number | undefined;
	readonly note: string | undefined;
}

/** Member of the request → kind. Without any of them everything of the issuer is meant. */
const selectors = {
	subject: 'subject',
	client: 'client',
	session: 'session',
	jti: 'jti',
	kid: 'key',
	digest: 'digest',
} as const satisfies Record<string, RevocationKind>;
type Selector = keyof typeof selectors;
const selectorNames = Object.keys(selectors) as readonly Selector[];
const otherNames = ['issuer', 'provider', 'issued_before', 'until', 'note'] as const;

const longestValue = 512;
/** SHA-256 in base64url. */
const digestPattern = /^[A-Za-z0-9_-]{43}$/;
/** Days after which the store would have forgotten it. */
const longestDays = 390;

/** The request, or what is wrong with it. `now` in seconds. */
export function readRevocationRequest(data: JsonObject, now: number): RevocationRequest | string {
	const known: readonly string[] = [...selectorNames, ...otherNames];
	if (Object.keys(data).some((name) => !known.includes(name))) return `expected ${known.join(', ')} and nothing else`;
	const texts = new Map<string, string>();
	for (const name of [...selectorNames, 'issuer', 'provider', 'note']) {
		const value = member(data, name);
		if (value === undefined) continue;
		if (typeof value !== 'string' || value === '' || value.length > longestValue || !value.isWellFormed()) {
			return `${name}: expected text of 1 to ${longestValue} characters`;
		}
		texts.set(name, value);
	}
	const [selector, second] = selectorNames.filter((name) => texts.has(name));
	if (second !== undefined) return `one of ${selectorNames.join(', ')} at a time`;
	const [issuer, provider] = [texts.get('issuer'), texts.get('provider')];
	if (issuer !== undefined && provider !== undefined) return 'either issuer or provider';
	if (selector === undefined && issuer === undefined && provider === undefined) {
		return `what is to be revoked? Give one of ${selectorNames.join(', ')}, or an issuer or provider alone`;
	}
	const value = selector === undefined ? '' : (texts.get(selector) ?? '');
	if (selector === 'digest' && !digestPattern.test(value)) return 'digest: expected SHA-256 in base64url';
	const issuedBefore = readTime(member(data, 'issued_before'), now, -1);
	if (typeof issuedBefore === 'string') return `issued_before: ${issuedBefore}`;
	const until = readTime(member(data, 'until'), now, 1);
	if (typeof until === 'string') return `until: ${until}`;
	if (until !== undefined && until <= now) return 'until: it has passed';
	if (until !== undefined && until > now + longestDays * 86_400) return `until: at most ${longestDays} days from now`;
	const kind = selector === undefined ? 'issuer' : selectors[selector];
	return { kind, value, issuer, provider, issuedBefore, until, note: texts.get('note') };
}

/** Seconds since the epoch, RFC 3339, `now`, or a duration from now in the direction that makes sense. */
function readTime(value: JsonValue | undefined, now: number, direction: 1 | -1): number | undefined | string {
	if (value === undefined) return undefined;
	if (typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 1e11) return value;
	if (typeof value !== 'string') return 'expected a time';
	if (value === 'now') return now;
	const duration = parseDuration(value);
	if (duration !== undefined) return now + (direction * duration) / 1000;
	const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(value) ? Date.parse(value) : NaN;
	return Number.isNaN(time) ? 'expected seconds, 2026-01-31T12:00:00Z, now, or a duration such as 1h' : time / 1000;
}
