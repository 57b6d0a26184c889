/**
 * One key in the key sets of two issuers: whoever holds it can issue tokens of both, so a breach of one is a breach of
 * the other. As a rule somebody copied a key set, or a jwks_uri, from one provider to the next.
 */
import type { ProviderDefinition } from '#config/definition';
import type { Log, VerificationKey } from '#core/index';

type Issued = Pick<ProviderDefinition, 'name' | 'issuers' | 'issuerTemplate'>;

export interface SharedKeys {
	/** From now on these are the providers; what was known of others is forgotten. */
	follow(providers: readonly Issued[]): void;
	/** Tells what a provider's key set holds now. A pair of providers that is new is logged, once. */
	accepted(provider: string, keys: readonly VerificationKey[]): void;
	/** In words, for the provider's status. */
	warningsOf(provider: string): readonly string[];
}

/**
 * Two providers of the same issuer may share keys, and so may two whose keys name their issuers themselves by a template
 * (Entra's tenants). Shared secrets are not compared.
 */
export function createSharedKeys(log: Log): SharedKeys {
	let providers: ReadonlyMap<string, Issued> = new Map();
	/** Provider → thumbprints. */
	const sets = new Map<string, ReadonlySet<string>>();
	const told = new Set<string>();

	function sharing(name: string): readonly string[] {
		const [own, keys] = [providers.get(name), sets.get(name)];
		if (own === undefined || keys === undefined) return [];
		const others = [...sets].filter(([other, set]) => other !== name && [...keys].some((key) => set.has(key)));
		return others.flatMap(([other]) => {
			const issued = providers.get(other);
			return issued === undefined || sameIssuer(own, issued) ? [] : [other];
		});
	}

	return {
		follow(next) {
			providers = new Map(next.map((provider) => [provider.name, provider]));
			for (const name of sets.keys()) if (!providers.has(name)) sets.delete(name);
		},
		accepted(name, keys) {
			sets.set(name, new Set(keys.flatMap(ownThumbprint)));
			const others = new Set(sharing(name));
			for (const other of sets.keys()) {
				const pair = [name, other].toSorted().join(' ');
				if (!others.has(other)) told.delete(pair);
				else if (!told.has(pair)) {
					told.add(pair);
					log.warn('two issuers share a key', { provider: name, other });
				}
			}
		},
		warningsOf(name) {
			const others = sharing(name);
			if (others.length === 0) return [];
			const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
			return [
				`a key of it is also a key of ${others.slice(0, 3).join(', ')}${more}: whoever holds it can issue for both`,
			];
		},
	};
}

function ownThumbprint({ thumbprint, issuer }: VerificationKey): readonly string[] {
	return thumbprint === undefined || issuer?.includes('{tenantid}') === true ? [] : [thumbprint];
}

function sameIssuer(a: Issued, b: Issued): boolean {
	if (a.issuerTemplate !== undefined && a.issuerTemplate === b.issuerTemplate) return true;
	return a.issuers.some((issuer) => b.issuers.includes(issuer));
}
