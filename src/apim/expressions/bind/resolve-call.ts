/** Which of the members with one name a call means, and its arguments in the order of the parameters (ECMA-334 §12.6.4). */
import type { Parameter } from '../members/signature.ts';
import type { Member } from '../members/table.ts';
import type { Argument } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { implicitConversion } from '../types/conversion.ts';
import { asNamed, substitute } from '../types/supertypes.ts';
import { arrayOf, type Type, types } from '../types/type.ts';
import { ListValue } from '../values/collection.ts';
import type { Value } from '../values/value.ts';
import { bindLambda, bindLambdaAs, type LambdaNode } from './bind-lambda.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound, constant } from './bound.ts';
import { type Bindings, infer, isOpen } from './infer.ts';

/** An argument as far as it is known without the parameter: a lambda and an `out` wait for theirs. */
export type BoundArgument =
	| { readonly kind: 'value'; readonly name: string | undefined; readonly value: Bound }
	| { readonly kind: 'lambda'; readonly name: string | undefined; readonly node: LambdaNode }
	| {
			readonly kind: 'out';
			readonly name: string | undefined;
			readonly argument: Argument;
			readonly type: Type | undefined;
	  };

export interface ResolvedCall {
	readonly member: Member;
	readonly bindings: Bindings;
	readonly returns: Type;
	readonly args: readonly ResolvedArgument[];
}

export interface ResolvedArgument {
	readonly parameter: Parameter;
	/** Undefined for `out`. */
	readonly value: Bound | undefined;
	readonly out: Argument | undefined;
	readonly type: Type;
}

interface Match {
	readonly parameter: Parameter;
	/** More than one, or none, for `params`. */
	readonly args: readonly BoundArgument[];
	readonly isExpanded: boolean;
}

interface Candidate extends ResolvedCall {
	readonly distance: number;
}

/**
 * The best of `members` for `args`. Throws a SyntaxProblem when none fits, with what kept the last one from it.
 * `receiver` is undefined for static members.
 */
export function resolveCall(
	binder: Binder,
	at: number,
	what: string,
	members: readonly Member[],
	receiver: Type | undefined,
	typeArgs: readonly Type[],
	args: readonly BoundArgument[],
): ResolvedCall {
	let best: Candidate | undefined;
	let problem: SyntaxProblem | undefined;
	for (const member of members) {
		try {
			const candidate = applicable(binder, member, receiver, typeArgs, args);
			if (candidate !== undefined && candidate.distance < (best?.distance ?? Number.POSITIVE_INFINITY))
				best = candidate;
		} catch (error) {
			if (!(error instanceof SyntaxProblem) || error.isFinal) throw error;
			problem = error;
		}
	}
	if (best !== undefined) return best;
	if (problem !== undefined) throw problem;
	const given = args.map((arg) => (arg.kind === 'value' ? arg.value.type.text : arg.kind)).join(', ');
	throw new SyntaxProblem(`${what} cannot be called with (${given})`, at);
}

function applicable(
	binder: Binder,
	member: Member,
	receiver: Type | undefined,
	typeArgs: readonly Type[],
	args: readonly BoundArgument[],
): Candidate | undefined {
	const matches = matchParameters(member.parameters, args);
	if (matches === undefined || (typeArgs.length > 0 && typeArgs.length !== member.typeParameters.length))
		return undefined;
	const bindings: Bindings = new Map(typeArgs.map((arg, index) => [member.typeParameters[index] ?? arg, arg]));
	if (receiver !== undefined && !bindReceiver(member.receiver, receiver, bindings)) return undefined;
	const fixed = new Set(bindings.keys());
	const learn = (to: Type, from: Type): void => {
		if (!fixed.has(to)) infer(to, from, bindings);
	};
	for (const match of matches) {
		for (const arg of match.args) {
			if (arg.kind === 'value') learn(elementOf(match), arg.value.type);
			if (arg.kind === 'out' && arg.type !== undefined) learn(match.parameter.type, arg.type);
		}
	}
	for (const match of matches) {
		for (const arg of match.args)
			if (arg.kind === 'lambda') learnFromLambda(binder, match.parameter.type, arg.node, bindings);
	}
	if (member.typeParameters.some((parameter) => !bindings.has(parameter))) return undefined;
	return convertAll(binder, member, matches, bindings);
}

function elementOf(match: Match): Type {
	return match.isExpanded ? (match.parameter.type.args[0] ?? types.object) : match.parameter.type;
}

/** Whether `receiver` is what the member belongs to; binds the parameters of its type. */
function bindReceiver(declared: Type, receiver: Type, bindings: Bindings): boolean {
	if (declared === types.object) return true;
	const same = asNamed(receiver, declared.name);
	if (same === undefined) return false;
	infer(declared, same, bindings);
	const wanted = substitute(declared, bindings);
	return (
		wanted === same ||
		(implicitConversion(same, wanted)?.apply === undefined && implicitConversion(same, wanted) !== undefined)
	);
}

/** Arguments by parameter; undefined when there are too many, too few, or a name that none has. */
function matchParameters(
	parameters: readonly Parameter[],
	args: readonly BoundArgument[],
): readonly Match[] | undefined {
	const positional = args.filter(({ name }) => name === undefined);
	const named = args.filter(({ name }) => name !== undefined);
	if (named.some(({ name }) => !parameters.some((parameter) => parameter.name === name))) return undefined;
	const matches: Match[] = [];
	for (const [index, parameter] of parameters.entries()) {
		if (parameter.mode === 'params') {
			const rest = positional.slice(index);
			matches.push({ parameter, args: rest, isExpanded: !isWholeArray(parameter, rest) });
			continue;
		}
		const arg = named.find(({ name }) => name === parameter.name) ?? positional[index];
		if (arg === undefined && parameter.fallback === undefined) return undefined;
		if (arg !== undefined && (arg.kind === 'out') !== (parameter.mode === 'out')) return undefined;
		matches.push({ parameter, args: arg === undefined ? [] : [arg], isExpanded: false });
	}
	const hasRest = parameters.at(-1)?.mode === 'params';
	return positional.length > parameters.length && !hasRest ? undefined : matches;
}

function isWholeArray(parameter: Parameter, rest: readonly BoundArgument[]): boolean {
	const [only] = rest;
	if (rest.length !== 1 || only?.kind !== 'value') return false;
	if (parameter.type.args[0]?.isParameter === true) return only.value.type.name === 'array';
	return only.value.type !== types.null && implicitConversion(only.value.type, parameter.type) !== undefined;
}

function learnFromLambda(binder: Binder, to: Type, node: LambdaNode, bindings: Bindings): void {
	const answer = to.args.at(-1);
	if (to.name !== 'Func' || answer === undefined) return;
	const parameters = to.args.slice(0, -1);
	if (node.parameters.length !== parameters.length || !isOpen(answer, bindings)) return;
	if (parameters.some((parameter) => isOpen(parameter, bindings))) return;
	const lambda = bindLambda(
		binder,
		node,
		parameters.map((parameter) => substitute(parameter, bindings)),
		undefined,
	);
	infer(answer, lambda.returns, bindings);
}

function convertAll(
	binder: Binder,
	member: Member,
	matches: readonly Match[],
	bindings: Bindings,
): Candidate | undefined {
	let distance = 0;
	const args: ResolvedArgument[] = [];
	for (const match of matches) {
		const { parameter } = match;
		const type = substitute(parameter.type, bindings);
		const [first] = match.args;
		if (parameter.mode === 'out') {
			if (first?.kind !== 'out' || (first.type !== undefined && first.type !== type)) return undefined;
			args.push({ parameter, value: undefined, out: first.argument, type });
			continue;
		}
		if (match.isExpanded) {
			const element = type.args[0] ?? types.object;
			const values: Bound[] = [];
			for (const arg of match.args) {
				const converted = convertOne(binder, arg, element);
				if (converted === undefined) return undefined;
				distance += converted.distance;
				values.push(converted.value);
			}
			distance += 50;
			args.push({ parameter, value: boundArray(values, element), out: undefined, type });
			continue;
		}
		if (first === undefined) {
			distance += 1;
			args.push({ parameter, value: constant(0, type, parameter.fallback ?? null), out: undefined, type });
			continue;
		}
		const converted = convertOne(binder, first, type);
		if (converted === undefined) return undefined;
		distance += converted.distance;
		args.push({ parameter, value: converted.value, out: undefined, type });
	}
	return { member, bindings, returns: substitute(member.returns, bindings), args, distance };
}

function convertOne(
	binder: Binder,
	arg: BoundArgument,
	to: Type,
): { readonly value: Bound; readonly distance: number } | undefined {
	if (arg.kind === 'out') return undefined;
	if (arg.kind === 'lambda') {
		if (to.name !== 'Func' || to.args.length - 1 !== arg.node.parameters.length) return undefined;
		return { value: bindLambdaAs(binder, arg.node, to), distance: 0 };
	}
	const conversion = implicitConversion(arg.value.type, to, arg.value.constant);
	return conversion === undefined ? undefined : { value: binder.convert(arg.value, to), distance: conversion.distance };
}

function boundArray(values: readonly Bound[], element: Type): Bound {
	const runs = values.map(({ run }) => run);
	return bound(values[0]?.at ?? 0, arrayOf(element), (frame) => {
		const items: Value[] = [];
		for (const run of runs) items.push(run(frame));
		return new ListValue('array', element, items);
	});
}
