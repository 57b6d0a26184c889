/** Where `validate-jwt` takes its token from. */
import type { Credential } from '#core/index';
import { queryValues } from '#formats/query';
import type { TokenPlace } from '../statements/validate-jwt.ts';
import type { TextValue } from '../statements/value.ts';
import type { PolicyRun } from './policy-run.ts';

export type FoundToken = Credential | { readonly missing: string; readonly repeated: boolean };

/**
 * Fields and parameters as the policy has left them. `Authorization` may hold a scheme before the token, and must hold `scheme` where one is required; in other fields a scheme may stand, and is not required (as documented).
 */
export function findToken(place: TokenPlace, scheme: TextValue | undefined, run: PolicyRun): FoundToken {
	switch (place.in) {
		case 'value': {
			const token = run.text(place.value).trim();
			if (token === '') return absent('no token');
			return { scheme: 'bearer', token, location: { in: 'header', name: 'token-value' } };
		}
		case 'query': {
			const name = run.text(place.name);
			const [token, second] = queryValues(run.query ?? run.evidence.query, name);
			if (second !== undefined) return { missing: 'the parameter is there twice', repeated: true };
			if (token === undefined || token === '') return absent('no such parameter');
			return { scheme: 'bearer', token, location: { in: 'query', name } };
		}
		case 'header': {
			const name = run.text(place.name).toLowerCase();
			const [value, second] = run.headers.values(name);
			if (second !== undefined) return { missing: 'the field is there twice', repeated: true };
			if (value === undefined || value.trim() === '') return absent('no such field');
			const wanted = name === 'authorization' && scheme !== undefined ? run.text(scheme) : undefined;
			return readField(name, value, wanted);
		}
	}
}

function readField(name: string, value: string, wanted: string | undefined): FoundToken {
	const match = /^(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]+)?(\S+)$/.exec(value.trim());
	const [, scheme, token] = match ?? [];
	if (token === undefined) return absent('no scheme and token');
	if (wanted !== undefined && scheme?.toLowerCase() !== wanted.toLowerCase()) return absent('another scheme, or none');
	return { scheme: scheme?.toLowerCase() ?? 'bearer', token, location: { in: 'header', name } };
}

function absent(missing: string): FoundToken {
	return { missing, repeated: false };
}
