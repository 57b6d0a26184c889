/** From the tree to functions: every node is given its type, and refused when C# would refuse it. */
import type { MemberTable } from '../members/table.ts';
import type { Frame } from '../run/frame.ts';
import type { Block, Expression, TypeName } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { implicitConversion } from '../types/conversion.ts';
import { defaultValue } from '../types/default-value.ts';
import { resolveType } from '../types/known.ts';
import { type Type, type, types } from '../types/type.ts';
import type { Value } from '../values/value.ts';
import { bindCall, bindIndex, bindMember, bindName } from './bind-access.ts';
import { bindAssign, bindStep } from './bind-assign.ts';
import { bindAs as bindAsOperator, bindCast, bindIs } from './bind-cast.ts';
import { bindConditional, bindLogical, bindSwitch, bindTernary } from './bind-choice.ts';
import { bindLambdaAs } from './bind-lambda.ts';
import { bindInterpolated, bindLiteral } from './bind-literal.ts';
import { bindNew, bindNewArray, bindNewObject } from './bind-new.ts';
import { bindBinary, bindUnary } from './bind-operator.ts';
import { raise } from './bind-try.ts';
import { type Bound, bound, constant } from './bound.ts';
import { FactsCollector } from './facts.ts';
import { Scope } from './scope.ts';
import type { BoundBody, Returns } from './statement.ts';

/** Nodes inside each other: chains count here too, which the parser reads in a loop. */
const maxDepth = 600;
/** Nodes bound in all: a lambda is bound again for each overload that it may be meant for, and so are those inside it. */
const maxNodes = 10_000;

export class Binder {
	readonly table: MemberTable;
	readonly facts = new FactsCollector();
	scope = Scope.outermost();
	/** What `receiver` nodes stand for, innermost last. */
	readonly receivers: Bound[] = [];
	/** Binds a block of a lambda or a function; here so that expressions need not know statements. */
	readonly bindBody: (binder: Binder, body: Block, returns: Type | undefined) => BoundBody;
	/** Of the function that is bound. */
	returns: Returns = { type: undefined, found: [] };
	/** What `break` and `continue` would leave. */
	jumps: { readonly break: boolean; readonly continue: boolean } = { break: false, continue: false };
	/** The exception of the innermost `catch`. */
	caught: ((frame: Frame) => Value) | undefined;
	#depth = 0;
	#nodes = 0;

	constructor(table: MemberTable, bindBody: Binder['bindBody']) {
		this.table = table;
		this.bindBody = bindBody;
	}

	bind(node: Expression): Bound {
		return this.nested(node.at, () => this.#dispatch(node));
	}

	nested<T>(at: number, work: () => T): T {
		if (++this.#nodes > maxNodes) throw new SyntaxProblem('too many parts, or lambdas nest too deep', at, true);
		if (++this.#depth > maxDepth) throw new SyntaxProblem(`nested deeper than ${maxDepth}`, at);
		try {
			return work();
		} finally {
			this.#depth--;
		}
	}

	/** Inside a loop or a switch, or in a function where those around it cannot be left. */
	withJumps<T>(jumps: Partial<Binder['jumps']>, work: () => T): T {
		const outer = this.jumps;
		this.jumps = { ...outer, ...jumps };
		try {
			return work();
		} finally {
			this.jumps = outer;
		}
	}

	/** The operand of a cast, where a lambda may stand too. */
	bindOrLambda(node: Expression, to: Type): Bound {
		return node.kind === 'lambda' ? bindLambdaAs(this, node, to) : this.bind(node);
	}

	/** As a value of `to`. Throws a SyntaxProblem when there is no implicit conversion. */
	bindAs(node: Expression, to: Type): Bound {
		if (node.kind === 'lambda') return bindLambdaAs(this, node, to);
		if (node.kind === 'default' && node.type === undefined) return constant(node.at, to, defaultValue(to));
		return this.convert(this.bind(node), to);
	}

	bindCondition(node: Expression): (frame: Frame) => boolean {
		return this.bindAs(node, types.bool).run as (frame: Frame) => boolean;
	}

	convert(from: Bound, to: Type): Bound {
		const conversion = implicitConversion(from.type, to, from.constant);
		if (conversion === undefined) {
			throw new SyntaxProblem(`cannot convert '${from.type.text}' to '${to.text}'`, from.at);
		}
		const { apply } = conversion;
		const { run } = from;
		if (apply === undefined) return { at: from.at, type: to, run, constant: from.constant };
		if (from.constant !== undefined) return constant(from.at, to, apply(from.constant.value));
		return bound(from.at, to, (frame) => apply(run(frame)));
	}

	resolve(written: TypeName): Type {
		return resolveType(written);
	}

	inScope<T>(scope: Scope, work: () => T): T {
		const outer = this.scope;
		this.scope = scope;
		try {
			return work();
		} finally {
			this.scope = outer;
		}
	}

	#dispatch(node: Expression): Bound {
		switch (node.kind) {
			case 'literal':
				return bindLiteral(node);
			case 'true':
			case 'false':
				return constant(node.at, types.bool, node.kind === 'true');
			case 'null':
				return constant(node.at, types.null, null);
			case 'interpolated':
				return bindInterpolated(this, node);
			case 'name':
				return bindName(this, node);
			case 'type':
				throw new SyntaxProblem(`the type '${node.type.name}' is not a value`, node.at);
			case 'member':
				return bindMember(this, node);
			case 'call':
				return bindCall(this, node);
			case 'index':
				return bindIndex(this, node);
			case 'conditional':
				return bindConditional(this, node);
			case 'receiver':
				return this.receivers.at(-1) ?? constant(node.at, types.null, null);
			case 'unary':
				return bindUnary(this, node);
			case 'binary':
				return bindBinary(this, node);
			case 'logical':
				return bindLogical(this, node);
			case 'ternary':
				return bindTernary(this, node);
			case 'cast':
				return bindCast(this, node);
			case 'as':
				return bindAsOperator(this, node);
			case 'is':
				return bindIs(this, node);
			case 'switch':
				return bindSwitch(this, node);
			case 'lambda':
				throw new SyntaxProblem('a lambda can only be an argument here', node.at);
			case 'new':
				return bindNew(this, node);
			case 'new-object':
				return bindNewObject(this, node);
			case 'new-array':
				return bindNewArray(this, node);
			case 'default':
				return this.#default(node);
			case 'nameof':
				return constant(node.at, types.string, node.name);
			case 'throw':
				return this.#throw(node);
			case 'assign':
				return bindAssign(this, node);
			case 'step':
				return bindStep(this, node);
		}
	}

	#default(node: Extract<Expression, { readonly kind: 'default' }>): Bound {
		if (node.type === undefined) throw new SyntaxProblem("'default' needs a type here", node.at);
		const of = this.resolve(node.type);
		return constant(node.at, of, defaultValue(of));
	}

	#throw(node: Extract<Expression, { readonly kind: 'throw' }>): Bound {
		const { run } = this.bindAs(node.value, type('Exception'));
		return bound(node.at, types.never, (frame) => raise(run(frame)));
	}
}
