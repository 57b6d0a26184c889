/** `validate-jwt`: every attribute and child with its documented default. */
import type { PolicyElement } from '../policy-text/document.ts';
import type { Position } from '../policy-text/policy-fault.ts';
import type { Reading } from './reading.ts';
import type { Reads, TextValue } from './value.ts';

export interface ValidateJwt {
	readonly kind: 'validate-jwt' | 'validate-azure-ad-token';
	readonly token: TokenPlace;
	readonly status: Reads<number>;
	/** Undefined: a message of the failure. */
	readonly message: TextValue | undefined;
	readonly requireExpiration: Reads<boolean>;
	/** Of the Authorization header alone. */
	readonly requireScheme: TextValue | undefined;
	/** Seconds. */
	readonly clockSkew: Reads<number>;
	readonly output: string | undefined;
	/** URLs of OpenID metadata: keys and issuer. */
	readonly configurations: readonly TextValue[];
	readonly signingKeys: readonly KeyText[];
	readonly decryptionKeys: readonly KeyText[];
	/** Any of; empty: not looked at. */
	readonly audiences: readonly TextValue[];
	/** Any of, beside those of the metadata. */
	readonly issuers: readonly TextValue[];
	readonly claims: readonly RequiredClaim[];
	/** `azp` or `appid`, any of; empty: not looked at. Of `validate-azure-ad-token` alone, like the next. */
	readonly clients: readonly TextValue[];
	/** `aud` is one of these, or `api://` and one of these. */
	readonly backends: readonly TextValue[];
	/** Undefined but for `validate-azure-ad-token`. */
	readonly tenant: TextValue | undefined;
}

export type TokenPlace =
	| { readonly in: 'header'; readonly name: TextValue }
	| { readonly in: 'query'; readonly name: TextValue }
	| { readonly in: 'value'; readonly value: TextValue };

export interface KeyText {
	readonly position: Position;
	/** `kid` that it is for; undefined: any. */
	readonly id: string | undefined;
	readonly key:
		| { readonly from: 'base64'; readonly text: string }
		| { readonly from: 'certificate'; readonly id: string }
		/** Modulus and exponent of an RSA key, base64url. */
		| { readonly from: 'rsa'; readonly n: string; readonly e: string };
}

export interface RequiredClaim {
	readonly name: string;
	readonly match: 'all' | 'any';
	readonly separator: string | undefined;
	/** Empty: the claim must be there, whatever it says. */
	readonly values: readonly TextValue[];
	readonly position: Position;
}

const attributes = [
	'header-name',
	'query-parameter-name',
	'token-value',
	'failed-validation-httpcode',
	'failed-validation-error-message',
	'require-expiration-time',
	'require-scheme',
	'require-signed-tokens',
	'clock-skew',
	'output-token-variable-name',
];
const children = ['openid-config', 'issuer-signing-keys', 'decryption-keys', 'audiences', 'issuers', 'required-claims'];

export function readValidateJwt(element: PolicyElement, reading: Reading): ValidateJwt | undefined {
	reading.expect(element, attributes, children);
	const token = readTokenPlace(element, reading, undefined);
	const signed = reading.boolean(element, 'require-signed-tokens', true);
	if (signed.kind === 'expression' || !signed.value) {
		reading.warn(
			'unsigned_refused',
			element.position,
			'unsigned tokens are refused whatever require-signed-tokens says',
		);
	}
	if (token === undefined) return undefined;
	return {
		kind: 'validate-jwt',
		token,
		...readFailure(element, reading),
		requireExpiration: reading.boolean(element, 'require-expiration-time', true),
		requireScheme: reading.attribute(element, 'require-scheme'),
		clockSkew: readClockSkew(element, reading),
		output: readOutput(element, reading),
		configurations: element.children.flatMap((child) => readConfiguration(child, reading)),
		signingKeys: readKeys(element, 'issuer-signing-keys', reading),
		decryptionKeys: readKeys(element, 'decryption-keys', reading),
		audiences: reading.list(element, 'audiences', 'audience'),
		issuers: reading.list(element, 'issuers', 'issuer'),
		claims: readClaims(element, reading),
		clients: [],
		backends: [],
		tenant: undefined,
	};
}

/** One of three attributes; `fallback`: the header where there is none. */
export function readTokenPlace(
	element: PolicyElement,
	reading: Reading,
	fallback: string | undefined,
): TokenPlace | undefined {
	const names = ['header-name', 'query-parameter-name', 'token-value'].filter((name) => element.attributes.has(name));
	const [name, second] = names;
	if (second !== undefined || (name === undefined && fallback === undefined)) {
		return reading.error(
			'token_place',
			element.position,
			`<${element.name}> needs exactly one of header-name, query-parameter-name and token-value; ${
				names.length === 0 ? 'it has none' : `it has ${names.join(' and ')}`
			}`,
		);
	}
	if (name === undefined) {
		return { in: 'header', name: { kind: 'constant', text: fallback ?? '', position: element.position } };
	}
	const value = reading.required(element, name);
	if (value === undefined) return undefined;
	if (name === 'token-value') return { in: 'value', value };
	return { in: name === 'header-name' ? 'header' : 'query', name: value };
}

export function readFailure(element: PolicyElement, reading: Reading): Pick<ValidateJwt, 'status' | 'message'> {
	return {
		status: reading.number(element, 'failed-validation-httpcode', 401, { least: 200, most: 599 }),
		message: reading.attribute(element, 'failed-validation-error-message', { braces: true }),
	};
}

export function readOutput(element: PolicyElement, reading: Reading): string | undefined {
	return element.attributes.has('output-token-variable-name')
		? reading.requiredConstant(element, 'output-token-variable-name')
		: undefined;
}

/** Seconds, or a time span of .NET: `hh:mm:ss`. */
function readClockSkew(element: PolicyElement, reading: Reading): Reads<number> {
	const value = reading.attribute(element, 'clock-skew');
	if (value === undefined) return { kind: 'constant', value: 0 };
	if (value.kind === 'expression') return value;
	const span = /^([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])$/.exec(value.text);
	const seconds =
		span === null
			? /^[0-9]{1,6}$/.test(value.text)
				? Number(value.text)
				: Number.NaN
			: Number(span[1]) * 3600 + Number(span[2]) * 60 + Number(span[3]);
	if (!(seconds <= 86_400)) {
		reading.error('value_invalid', value.position, 'clock-skew: expected seconds, or hh:mm:ss, of a day at most');
	} else if (seconds > 600) {
		reading.warn('clock_skew_long', value.position, `a token is good for ${seconds} seconds after it has expired`);
	}
	return { kind: 'constant', value: seconds };
}

function readConfiguration(element: PolicyElement, reading: Reading): readonly TextValue[] {
	if (element.name !== 'openid-config') return [];
	reading.expect(element, ['url', 'validate-connectivity']);
	const url = reading.required(element, 'url');
	return url === undefined ? [] : [url];
}

export function readKeys(element: PolicyElement, list: string, reading: Reading): readonly KeyText[] {
	const holder = reading.only(element, list);
	if (holder === undefined) return [];
	reading.expect(holder, [], ['key']);
	if (holder.children.length === 0) reading.error('list_empty', holder.position, `<${list}> without any <key>`);
	return holder.children.flatMap((key) => (key.name === 'key' ? (readKey(key, reading) ?? []) : []));
}

function readKey(element: PolicyElement, reading: Reading): KeyText | undefined {
	reading.expectText(element, ['certificate-id', 'n', 'e']);
	const constant = (name: string) =>
		element.attributes.has(name) ? reading.requiredConstant(element, name) : undefined;
	const [id, certificate, n, e] = ['id', 'certificate-id', 'n', 'e'].map(constant);
	const forms = [element.text, element.attributes.get('certificate-id'), element.attributes.get('n')];
	const { position } = element;
	if (
		forms.filter((form) => form !== undefined).length !== 1 ||
		element.attributes.has('n') !== element.attributes.has('e')
	) {
		return reading.error('key_form', position, 'a key is one of: a Base64 text, certificate-id, n together with e');
	}
	if (certificate !== undefined) return { position, id, key: { from: 'certificate', id: certificate } };
	if (n !== undefined && e !== undefined) return { position, id, key: { from: 'rsa', n, e } };
	if (element.text === undefined) return undefined;
	const text = reading.value(element.text);
	if (text === undefined) return undefined;
	if (text.kind === 'expression') {
		return reading.error('expression_not_allowed', text.position, 'a key cannot be an expression');
	}
	return { position, id, key: { from: 'base64', text: text.text } };
}

export function readClaims(element: PolicyElement, reading: Reading): readonly RequiredClaim[] {
	const holder = reading.only(element, 'required-claims');
	if (holder === undefined) return [];
	reading.expect(holder, [], ['claim']);
	if (holder.children.length === 0) {
		reading.error('list_empty', holder.position, '<required-claims> without any <claim>');
	}
	return holder.children.flatMap((claim) => (claim.name === 'claim' ? (readClaim(claim, reading) ?? []) : []));
}

function readClaim(element: PolicyElement, reading: Reading): RequiredClaim | undefined {
	reading.expect(element, ['name', 'match', 'separator'], ['value']);
	const name = reading.requiredConstant(element, 'name');
	const match = reading.word(element, 'match', ['all', 'any'] as const, 'all');
	// A separator is what stands there, blanks included.
	const separator = element.attributes.get('separator')?.value;
	const values = element.children.flatMap((child) => {
		if (child.name !== 'value') return [];
		reading.expectText(child, []);
		return reading.text(child) ?? [];
	});
	if (separator?.kind === 'expression') {
		return reading.error('expression_not_allowed', separator.position, 'separator cannot be an expression');
	}
	if (separator?.text === '') return reading.error('value_empty', separator.position, 'separator is empty');
	if (name === undefined) return undefined;
	return { name, match, separator: separator?.text, values, position: element.position };
}
