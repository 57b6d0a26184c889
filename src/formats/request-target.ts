/**
 * The request target (RFC 9112 §3.2), brought to the one path that decision and upstream both see (RFC 3986 §6.2.2).
 * A path that servers are known to read in different ways is not cleaned up but refused: cleaning up is a guess.
 */

export interface RequestTarget {
	/** Normalised; begins with `/`. A slash at the end, and case, are significant. */
	readonly path: string;
	/** As sent, with its `?`; empty when there is none. */
	readonly query: string;
	/** Of an absolute-form target: host and port as sent, not yet a valid host; undefined for origin-form. */
	readonly authority: string | undefined;
	readonly scheme: 'http' | 'https' | undefined;
}

export interface RequestTargetOptions {
	/** True: `%2F` is data within a segment here, and stays encoded. */
	readonly encodedSlash: boolean;
}

/** Segments of plain characters that begin with neither `.` nor `;`: such a path is its own normal form. */
const plainPath = /^(?:\/|(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)+\/?)$/;
const absoluteForm = /^(https?):\/\/([^/?#@\\]+)((?:[/?][^]*)?)$/i;
const unreserved = /^[A-Za-z0-9._~-]$/;
/** Printable, but not allowed to stand in a path as they are (RFC 3986 §3.3). */
const unencoded = /["<>[\]^`{|}]/g;

/**
 * Reads an origin-form or absolute-form (http, https) target.
 *
 * Normalised: percent-encoded unreserved characters are decoded, the hex digits of others upper-cased, printable characters
 * that a URI must encode are encoded; an absolute-form target without a path has `/`. Reserved characters stay as sent:
 * `:` and `%3A` are two paths (RFC 3986 §2.2).
 *
 * `malformed`: `*` and authority-form, userinfo, a fragment, white space, controls, non-ASCII, a bad percent-encoding.
 *
 * `ambiguous`: `\`, and percent-encoded, once or several times over: `\`, control characters, octets that are not UTF-8
 * (overlong forms among them), and `/` (once encoded it is let through with `encodedSlash`); an empty segment other than
 * the last; and a segment that is `.`, `..` or empty, in any such spelling, with `;` parameters or without.
 *
 * Not checked: the authority (see `parseHost`), the query beyond its characters, the length. Linear time.
 */
export function parseRequestTarget(
	target: string,
	options: RequestTargetOptions,
): RequestTarget | 'malformed' | 'ambiguous' {
	if (target.charCodeAt(0) === 0x2f) return readPathAndQuery(target, undefined, undefined, options);
	const match = absoluteForm.exec(target);
	if (match === null) return 'malformed';
	const scheme = match[1]?.toLowerCase() === 'http' ? 'http' : 'https';
	const rest = match[3] ?? '';
	return readPathAndQuery(rest.startsWith('/') ? rest : `/${rest}`, match[2], scheme, options);
}

function readPathAndQuery(
	text: string,
	authority: string | undefined,
	scheme: 'http' | 'https' | undefined,
	options: RequestTargetOptions,
): RequestTarget | 'malformed' | 'ambiguous' {
	if (authority !== undefined && /[^\x21-\x7e]/.test(authority)) return 'malformed';
	const mark = text.indexOf('?');
	const query = mark < 0 ? '' : text.slice(mark);
	if (query !== '' && /[^\x21-\x7e]|#/.test(query)) return 'malformed';
	const path = mark < 0 ? text : text.slice(0, mark);
	if (plainPath.test(path)) return { path, query, authority, scheme };
	if (/[^\x21-\x7e]|#|%(?![0-9A-Fa-f]{2})/.test(path)) return 'malformed';
	if (isAmbiguous(path, options.encodedSlash)) return 'ambiguous';
	return { path: normalisePath(path), query, authority, scheme };
}

/** Percent-encoding in its one spelling (RFC 3986 §6.2.2.1, §6.2.2.2). `path` has no bad one. */
export function normalisePath(path: string): string {
	return path
		.replaceAll(/%([0-9A-Fa-f]{2})/g, (encoding, hex: string) => {
			const character = String.fromCharCode(Number.parseInt(hex, 16));
			return unreserved.test(character) ? character : encoding.toUpperCase();
		})
		.replaceAll(unencoded, encodeURIComponent);
}

/** `path` has no bad percent-encoding. */
function isAmbiguous(path: string, encodedSlash: boolean): boolean {
	if (!encodedSlash && /%2f/i.test(path)) return true;
	if (path.split('/').slice(1, -1).includes('')) return true;
	if (!isUtf8(path)) return true;
	const once = decodeOnce(path);
	const whole = once.includes('%') ? decodeWholly(once) : once;
	// All but `\` and controls.
	if (/[^\x20-\x5b\x5d-\x7e\x80-\xff]/.test(whole)) return true;
	// A slash that was encoded more than once is data to one server and a separator to the next, whatever the option says.
	const segments = whole.split('/');
	if (segments.length !== once.split('/').length) return true;
	return segments.some(isDotOrBareParameters);
}

function isUtf8(path: string): boolean {
	try {
		decodeURIComponent(path);
		return true;
	} catch {
		return false;
	}
}

/** Each encoded octet as one character. */
function decodeOnce(path: string): string {
	return path.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * Decodes until nothing is left to decode. A decoded octet may complete an encoding that began before it, so the output is
 * a stack: every step takes three characters off and puts one back, which keeps the whole linear.
 */
function decodeWholly(text: string): string {
	const stack: number[] = [];
	for (let i = 0; i < text.length; i++) {
		stack.push(text.charCodeAt(i));
		for (let octet = encodedOctet(stack); octet !== undefined; octet = encodedOctet(stack)) {
			stack.length -= 3;
			stack.push(octet);
		}
	}
	let decoded = '';
	for (const code of stack) decoded += String.fromCharCode(code);
	return decoded;
}

/** The octet that the last three characters encode; undefined when they encode none. */
function encodedOctet(codes: readonly number[]): number | undefined {
	const end = codes.length;
	if (end < 3 || codes[end - 3] !== 0x25) return undefined;
	const high = hexDigit(codes[end - 2] ?? 0);
	const low = hexDigit(codes[end - 1] ?? 0);
	return high < 0 || low < 0 ? undefined : high * 16 + low;
}

function hexDigit(code: number): number {
	if (code >= 0x30 && code <= 0x39) return code - 0x30;
	const lower = code | 0x20;
	return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Some servers cut parameters off before they resolve dots; then `..;x` is `..`, and `;x` is the empty segment of `//`. */
function isDotOrBareParameters(segment: string): boolean {
	const end = segment.search(/[;?#]/);
	const name = (end < 0 ? segment : segment.slice(0, end)).trim();
	return name === '.' || name === '..' || (name === '' && segment !== '');
}
