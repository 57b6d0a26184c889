/**
 * The backend token of a route that exchanges: the client's own token goes to the server that issued it (or to the one
 * that is named) and comes back as one for the upstream. Target and terms are the configuration's; of the request only
 * parameters of the route's path and host go in, where the configuration has a place for them.
 */
import type { BackendToken, Evidence, Provided, Reason } from '#core/index';
import { compileTemplate, templateNames } from '#formats/template';
import type { Exchanged, Exchanger } from './exchanger.ts';
import type { ExchangeTarget } from './parameters.ts';

export interface ExchangeOptions {
	/** By the provider that vouches for the client's token. */
	readonly exchangers: ReadonlyMap<string, Exchanger>;
	/** Texts with parameters of the route in them. */
	readonly target: ExchangeTarget;
	/** In the order of `evidence.parameters`. */
	readonly parameterNames: readonly string[];
}

/** Throws an Error for a parameter that the route has not got. */
export function createExchangedToken({ exchangers, target, parameterNames }: ExchangeOptions): BackendToken {
	const fill = compileTarget(target, parameterNames);
	return {
		provide(evidence) {
			const { credential, digest, principal } = evidence;
			const exchanger = exchangers.get(principal?.provider ?? '');
			if (credential === undefined || digest === undefined || principal === undefined || exchanger === undefined) {
				throw new Error('nothing that could be exchanged');
			}
			const filled = fill(evidence.parameters);
			const subject = { token: credential.token, digest, principal };
			const outcome = exchanger.exchange(subject, filled.target, filled.key);
			return outcome instanceof Promise ? outcome.then((late) => settle(evidence, late)) : settle(evidence, outcome);
		},
	};
}

interface Filled {
	readonly target: ExchangeTarget;
	/** Tells targets of one route apart; '' where there is only one. */
	readonly key: string;
}

function compileTarget(target: ExchangeTarget, names: readonly string[]): (parameters: readonly string[]) => Filled {
	const compile = (texts: readonly string[]) => texts.map((text) => compileTemplate(text, names));
	const [audience, resource, scope] = [compile(target.audience), compile(target.resource), compile(target.scope)];
	const texts = [...target.audience, ...target.resource, ...target.scope];
	if (texts.every((text) => templateNames(text).length === 0)) return () => ({ target, key: '' });
	return (parameters) => {
		const fill = (templates: readonly ((values: readonly string[]) => string)[]) =>
			templates.map((template) => template(parameters));
		const filled = { audience: fill(audience), resource: fill(resource), scope: fill(scope) };
		return { target: filled, key: JSON.stringify([filled.audience, filled.resource, filled.scope]) };
	};
}

function settle(evidence: Evidence, outcome: Exchanged): Provided | Reason {
	switch (outcome.kind) {
		case 'issued':
			return outcome.provided;
		case 'refused':
			evidence.found = outcome.found;
			return 'exchange_refused';
		case 'unavailable':
			evidence.found = outcome.cause.message;
			evidence.cause = outcome.cause;
			evidence.retryAfter = outcome.retryAfter;
			return 'backend_token_unavailable';
	}
}
