/**
 * Is this shared access signature genuine? Form, provider, key, signature, in that order. What it is good for (time,
 * resource, scopes) is judged elsewhere, like that of any principal.
 */
import type { Check, CredentialLocation, Evidence, Reason, SharedAccessFormat, VerificationKey } from '#core/index';
import { sharedAccessTraits } from '#formats/shared-access/format';
import { parseResource } from '#formats/shared-access/resource';
import { readSharedAccess } from '#formats/shared-access/shared-access';
import type { KeyPair, KeyPairs } from '#keys/pairs/key-pairs';
import { sharedAccessPrincipal } from './shared-access-principal.ts';

/** One set of shared keys as the authenticator sees it. */
export interface SharedAccessProvider {
	readonly name: string;
	readonly format: SharedAccessFormat;
	readonly pairs: KeyPairs;
	/** Key of signatures that name none; undefined: they are refused. */
	readonly unnamedKey: string | undefined;
	/** Places from which its signatures are taken. */
	readonly tokenFrom: readonly CredentialLocation[];
}

/** The checks of this authenticator, in their order, for the providers of one route. */
export function createSharedAccessAuthenticator(providers: readonly SharedAccessProvider[]): readonly Check[] {
	const byName = new Map(providers.map((provider) => [provider.name, provider]));
	const providerOf = (evidence: Evidence) => byName.get(evidence.provider ?? '');
	return [formCheck(providers), providerCheck(providers), keyCheck(providerOf), signatureCheck(providerOf)];
}

function formCheck(providers: readonly SharedAccessProvider[]): Check {
	const formats = [...new Set(providers.map(({ format }) => format))];
	return {
		name: 'form',
		needs: 'credential',
		judge(evidence) {
			const { scheme = '', token = '' } = evidence.credential ?? {};
			const parsed = readSharedAccess(scheme, token);
			const fault = typeof parsed === 'string' ? parsed : resourceFault(parsed.resource);
			if (typeof parsed === 'string' || fault !== undefined) {
				evidence.found = fault;
				return 'token_malformed';
			}
			if (!parsed.formats.some((format) => formats.includes(format))) {
				evidence.found = `a signature in the layout of ${parsed.formats.join(' and ')}`;
				return 'token_malformed';
			}
			evidence.sharedAccess = parsed;
			return null;
		},
		expected: () => `a shared access signature (${formats.join(', ')}): each field once, and no other`,
		found: (evidence) =>
			evidence.sharedAccess === undefined
				? (evidence.found ?? 'no shared access signature')
				: 'a well-formed shared access signature',
	};
}

function resourceFault(resource: string | undefined): string | undefined {
	if (resource === undefined || parseResource(resource) !== undefined) return undefined;
	return 'sr is no resource, or one that can be read in two ways';
}

/** The key's name says whose signature it is, where that is a question at all; two owners of one name are none. */
function providerCheck(providers: readonly SharedAccessProvider[]): Check {
	function owner(evidence: Evidence): SharedAccessProvider | Reason {
		const { credential, sharedAccess } = evidence;
		if (credential === undefined || sharedAccess === undefined) return 'issuer_unknown';
		const fitting = providers.filter(
			({ format, tokenFrom }) => sharedAccess.formats.includes(format) && tokenFrom.includes(credential.location),
		);
		const [first, second] = fitting;
		if (first === undefined) return 'issuer_unknown';
		if (second === undefined) return first;
		const [only, ...more] = fitting.filter((provider) => findPair(provider, evidence) !== undefined);
		return only === undefined || more.length > 0 ? 'key_unknown' : only;
	}

	return {
		name: 'provider',
		needs: 'token',
		judge(evidence) {
			const provider = owner(evidence);
			if (typeof provider === 'string') return provider;
			const { sharedAccess } = evidence;
			if (sharedAccess === undefined) return 'issuer_unknown';
			evidence.provider = provider.name;
			const pair = findPair(provider, evidence) ?? { scopes: [], claims: {} };
			evidence.claimed = sharedAccessPrincipal(provider.name, keyNameOf(provider, evidence) ?? '', sharedAccess, pair);
			return null;
		},
		expected: () => `a key of ${providers.map(({ name }) => name).join(' or ')}`,
		found: (evidence) => describeKeyName(evidence.sharedAccess?.keyName),
	};
}

function keyCheck(providerOf: (evidence: Evidence) => SharedAccessProvider | undefined): Check {
	return {
		name: 'key',
		needs: 'provider',
		judge(evidence) {
			const provider = providerOf(evidence);
			const pair = provider === undefined ? undefined : findPair(provider, evidence);
			if (pair === undefined || pair.disabled) return 'key_unknown';
			evidence.candidates = [pair.primary, pair.secondary].filter((key) => key !== undefined);
			return evidence.candidates.length === 0 ? 'key_unknown' : null;
		},
		expected(evidence) {
			const provider = providerOf(evidence);
			const names = provider?.pairs.names().filter((name) => provider.pairs.find(name)?.disabled === false) ?? [];
			return `a key in force: ${names.length === 0 ? 'there is none' : names.slice(0, 8).join(', ')}`;
		},
		found(evidence) {
			const provider = providerOf(evidence);
			const disabled = provider !== undefined && findPair(provider, evidence)?.disabled === true;
			return `${describeKeyName(evidence.sharedAccess?.keyName)}${disabled ? ', which is disabled' : ''}`;
		},
	};
}

function signatureCheck(providerOf: (evidence: Evidence) => SharedAccessProvider | undefined): Check {
	function settle(evidence: Evidence, keys: readonly VerificationKey[], results: readonly boolean[]): Reason | null {
		const key = keys.find((_, index) => results[index] === true);
		if (key === undefined) return 'signature_invalid';
		evidence.voucher = key;
		evidence.principal = evidence.claimed;
		return null;
	}

	return {
		name: 'signature',
		needs: 'key',
		judge(evidence) {
			const { sharedAccess, candidates } = evidence;
			const provider = providerOf(evidence);
			if (sharedAccess === undefined || provider === undefined) return 'signature_invalid';
			const { algorithm } = sharedAccessTraits[provider.format];
			// Every key is tried, whichever verifies, so that the time taken does not tell the primary from the secondary.
			const results: (boolean | Promise<boolean>)[] = [];
			for (const key of candidates) {
				results.push(key.public.verify(algorithm, sharedAccess.signingInput, sharedAccess.signature));
			}
			if (results.every((result) => typeof result === 'boolean')) return settle(evidence, candidates, results);
			return Promise.all(results.map(async (result) => result)).then((all) => settle(evidence, candidates, all));
		},
		expected: () => 'a signature that the primary or the secondary key verifies',
		found: (evidence) => (evidence.voucher === undefined ? 'neither does' : 'one of them does'),
	};
}

function keyNameOf(provider: SharedAccessProvider, { sharedAccess }: Evidence): string | undefined {
	return sharedAccess?.keyName ?? provider.unnamedKey;
}

function findPair(provider: SharedAccessProvider, evidence: Evidence): KeyPair | undefined {
	const name = keyNameOf(provider, evidence);
	return name === undefined ? undefined : provider.pairs.find(name);
}

function describeKeyName(name: string | undefined): string {
	return name === undefined ? 'no key name' : `key name: ${name}`;
}
