/** Lambdas: their parameters get the types that the call has worked out, and each call of one gets a frame of its own. */
import { Frame } from '../run/frame.ts';
import type { Expression } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { type Type, type, types } from '../types/type.ts';
import { FunctionValue } from '../values/plain.ts';
import type { Value } from '../values/value.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound } from './bound.ts';

export type LambdaNode = Extract<Expression, { readonly kind: 'lambda' }>;

export interface BoundLambda {
	readonly value: Bound;
	readonly returns: Type;
}

/** `returns` is undefined when the body decides it. */
export function bindLambda(
	binder: Binder,
	node: LambdaNode,
	parameters: readonly Type[],
	returns: Type | undefined,
): BoundLambda {
	const scope = binder.scope.frame();
	return binder.inScope(scope, () => {
		const slots = node.parameters.map((parameter, index) => {
			const given = parameters[index] ?? types.object;
			const declared = parameter.type === undefined ? given : binder.resolve(parameter.type);
			if (declared !== given) throw new SyntaxProblem(`the parameter is a '${given.text}'`, parameter.at);
			// `_` may stand more than once, and is never read.
			const isUnused = parameter.name === '_' && scope.find('_') !== undefined;
			return isUnused ? undefined : scope.declare(parameter.at, parameter.name, given).slot;
		});
		const { body } = node;
		if (body.kind === 'block') {
			const block = binder.bindBody(binder, body, returns);
			return {
				value: closure(node.at, slots, block.run, type('Func', ...parameters, block.returns)),
				returns: block.returns,
			};
		}
		const value = returns === undefined || returns === types.void ? binder.bind(body) : binder.bindAs(body, returns);
		const answer = returns ?? value.type;
		return { value: closure(node.at, slots, value.run, type('Func', ...parameters, answer)), returns: answer };
	});
}

/** As a `Func` whose types are known. */
export function bindLambdaAs(binder: Binder, node: LambdaNode, to: Type): Bound {
	if (to.name !== 'Func') throw new SyntaxProblem(`a lambda is no '${to.text}'`, node.at);
	const parameters = to.args.slice(0, -1);
	if (parameters.length !== node.parameters.length) {
		throw new SyntaxProblem(`the function takes ${parameters.length} parameters`, node.at);
	}
	return { ...bindLambda(binder, node, parameters, to.args.at(-1)).value, type: to };
}

/** `slots` are those of the parameters; what `body` leaves in its frame is gone after the call. */
export function closure(
	at: number,
	slots: readonly (number | undefined)[],
	body: (frame: Frame) => Value,
	of: Type,
): Bound {
	const [only] = slots;
	if (slots.length === 1 && only === 0) {
		return bound(at, of, (outer) => {
			const { run } = outer;
			return new FunctionValue((argument: Value) => {
				run.enter();
				const frame = new Frame(run, outer);
				frame.slots[0] = argument;
				const result = body(frame);
				run.leave();
				return result;
			});
		});
	}
	return bound(at, of, (outer) => {
		const { run } = outer;
		return new FunctionValue((...args) => {
			run.enter();
			const frame = new Frame(run, outer);
			for (const [index, slot] of slots.entries()) if (slot !== undefined) frame.slots[slot] = args[index] ?? null;
			const result = body(frame);
			run.leave();
			return result;
		});
	});
}
