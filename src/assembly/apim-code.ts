/**
 * What runs policies of Azure API Management, their expressions above all, is a fifth of the gateway's code. It is loaded
 * for a definition that has such a policy, and for no other.
 */
import type { Definition } from '#config/definition';
import type { CheckPolicy } from '#config/reading';
import type { Cryptography } from '#core/index';
import type { ApimParts, apimProblems, linkApim, readApimPolicies } from './apim.ts';
import type { Runtime } from './assemble.ts';

export interface ApimCode {
	readonly apimProblems: typeof apimProblems;
	readonly readApimPolicies: typeof readApimPolicies;
	readonly linkApim: typeof linkApim;
}

/** The runtime with what the definition's policies need, for `assemble`; as it is where there are none. */
export async function withApimCode(definition: Definition, runtime: Runtime): Promise<Runtime> {
	if (routeWithPolicy(definition) === undefined) return runtime;
	return { apimCode: await loadApimCode(), ...runtime };
}

/** The check of policies for `loadConfig`, which loads it for a file that has one. */
export function policyCheck(cryptography: Cryptography): { readonly load: () => Promise<CheckPolicy> } {
	return {
		async load() {
			const { apimProblems: problemsOf } = await loadApimCode();
			return (policy, apim, context) => problemsOf(policy, apim, cryptography, context);
		},
	};
}

function loadApimCode(): Promise<ApimCode> {
	return import('./apim.ts');
}

/** Undefined for a definition without policies. Throws an Error where nothing was given that could run them. */
export function codeFor(definition: Definition, { apimCode }: Runtime): ApimCode | undefined {
	const route = routeWithPolicy(definition);
	if (route === undefined) return undefined;
	if (apimCode !== undefined) return apimCode;
	throw new Error(`route ${route.name}: it has a policy of Azure API Management, and the runtime has no apimCode`);
}

function routeWithPolicy({ routes }: Definition): Definition['routes'][number] | undefined {
	return routes.find(({ apimPolicy }) => apimPolicy !== undefined);
}

/** Of a definition without policies. */
export const withoutPolicies: ApimParts = {
	programs: new Map(),
	upstreams: [],
	buckets: new Map(),
	tokens: new Map(),
	fresh: [],
	named: { stop() {} },
};
