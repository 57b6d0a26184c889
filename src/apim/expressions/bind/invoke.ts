/** Calls: the object first, then the arguments from left to right, null refused where the member does not take it. */

import type { Out } from '../members/signature.ts';
import type { Evaluate, Frame } from '../run/frame.ts';
import type { Run } from '../run/run.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { holdsNull, type Type, types } from '../types/type.ts';
import { argumentNull, nullReference } from '../values/exception.ts';
import { FunctionValue } from '../values/plain.ts';
import type { Value } from '../values/value.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound } from './bound.ts';
import type { ResolvedArgument, ResolvedCall } from './resolve-call.ts';
import { writeVariable } from './variable.ts';

type Call = (run: Run, ...values: unknown[]) => Value;

/** `binder` is only needed for members with `out` parameters. */
export function invoke(at: number, target: Bound | undefined, call: ResolvedCall, binder?: Binder): Bound {
	const implementation = call.member.implement(call.bindings) as unknown as Call;
	const self = target === undefined ? undefined : call.member.takesNullReceiver ? target.run : receiverOf(target);
	if (call.args.some(({ out }) => out !== undefined)) {
		if (binder === undefined) throw new SyntaxProblem('out is not possible here', at);
		return bound(at, call.returns, invokeWithOut(binder, self, implementation, call));
	}
	const args = call.args.map(argumentOf);
	return bound(
		at,
		call.returns,
		self === undefined ? staticCall(implementation, args) : memberCall(implementation, self, args),
	);
}

/** A member of null is a NullReferenceException. */
function receiverOf(target: Bound): Evaluate {
	const { run } = target;
	if (!holdsNull(target.type) || target.type.name === 'Nullable') return run;
	return (frame) => {
		const value = run(frame);
		if (value === null) throw nullReference();
		return value;
	};
}

function argumentOf({ parameter, value, type }: ResolvedArgument): Evaluate {
	const run = value?.run ?? (() => null);
	if (!parameter.refusesNull || !holdsNull(type) || (value?.constant !== undefined && value.constant.value !== null)) {
		return run;
	}
	return (frame) => {
		const given = run(frame);
		if (given === null) throw argumentNull(parameter.name);
		return given;
	};
}

function staticCall(call: Call, args: readonly Evaluate[]): Evaluate {
	const [first, second] = args;
	if (first === undefined) return (frame) => call(frame.run);
	if (args.length === 1) return (frame) => call(frame.run, first(frame));
	if (args.length === 2 && second !== undefined) return (frame) => call(frame.run, first(frame), second(frame));
	return (frame) => call(frame.run, ...evaluateAll(args, frame));
}

function memberCall(call: Call, self: Evaluate, args: readonly Evaluate[]): Evaluate {
	const [first, second] = args;
	if (first === undefined) return (frame) => call(frame.run, self(frame));
	if (args.length === 1) return (frame) => call(frame.run, self(frame), first(frame));
	if (args.length === 2 && second !== undefined) {
		return (frame) => call(frame.run, self(frame), first(frame), second(frame));
	}
	return (frame) => call(frame.run, self(frame), ...evaluateAll(args, frame));
}

function evaluateAll(args: readonly Evaluate[], frame: Frame): Value[] {
	const values: Value[] = [];
	for (const arg of args) values.push(arg(frame));
	return values;
}

function invokeWithOut(binder: Binder, self: Evaluate | undefined, implementation: Call, call: ResolvedCall): Evaluate {
	const args = call.args.map((arg) => (arg.out === undefined ? argumentOf(arg) : undefined));
	const writes = call.args.map((arg) => writeOut(binder, arg));
	return (frame) => {
		const values: unknown[] = self === undefined ? [] : [self(frame)];
		const outs: (Out | undefined)[] = [];
		for (const arg of args) {
			const out: Out | undefined = arg === undefined ? { value: null } : undefined;
			outs.push(out);
			values.push(out ?? arg?.(frame) ?? null);
		}
		const result = implementation(frame.run, ...values);
		for (const [index, out] of outs.entries()) if (out !== undefined) writes[index]?.(frame, out.value);
		return result;
	};
}

/** Declares the variable when the argument does, in the scope that the call stands in. */
function writeOut(binder: Binder, arg: ResolvedArgument): ((frame: Frame, value: Value) => void) | undefined {
	const { out } = arg;
	if (out?.out === undefined) return undefined;
	const { variable: name, declared } = out.out;
	if (name === '_' && (declared === undefined || declared.name === 'var')) return undefined;
	const variable =
		declared === undefined ? binder.scope.find(name) : binder.scope.declare(out.value.at, name, arg.type);
	if (variable === undefined || variable.isReadOnly)
		throw new SyntaxProblem(`'${name}' cannot be assigned`, out.value.at);
	return writeVariable(binder.scope, variable);
}

/** A lambda or a local function. */
export function callFunction(at: number, callee: Bound, returns: Type, args: readonly Bound[]): Bound {
	const { run } = callee;
	const runs = args.map((arg) => arg.run);
	return bound(at, returns === types.void ? types.void : returns, (frame) => {
		const called = run(frame);
		const values = evaluateAll(runs, frame);
		if (!(called instanceof FunctionValue)) throw nullReference();
		return called.call(...values);
	});
}
