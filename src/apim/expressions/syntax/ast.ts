/** What the parser makes of the tokens. `at` is the offset that a problem with the node is reported at. */
import type { LiteralValue } from './token.ts';

/** A type as written: `List<string>` is `List` of one argument, `string[]` is `[]` of one, `int?` is `?` of one. */
export interface TypeName {
	readonly at: number;
	readonly name: string;
	readonly args: readonly TypeName[];
}

export interface Argument {
	readonly name: string | undefined;
	/** `out var x`, `out T x` and `out x` declare or name a variable; everything else is a value. */
	readonly out: { readonly declared: TypeName | undefined; readonly variable: string } | undefined;
	readonly value: Expression;
}

export interface LambdaParameter {
	readonly at: number;
	readonly type: TypeName | undefined;
	readonly name: string;
}

/** One element of `{ … }` behind `new`: `value`, `{ a, b }`, `[key] = value` or `Name = value`. */
export interface Initializer {
	readonly at: number;
	readonly name: string | undefined;
	readonly index: Expression | undefined;
	readonly values: readonly Expression[];
}

export type BinaryOperator =
	| '+'
	| '-'
	| '*'
	| '/'
	| '%'
	| '<<'
	| '>>'
	| '<'
	| '>'
	| '<='
	| '>='
	| '=='
	| '!='
	| '&'
	| '|'
	| '^';

export type Pattern =
	| { readonly kind: 'type'; readonly at: number; readonly type: TypeName; readonly variable: string | undefined }
	| { readonly kind: 'var'; readonly at: number; readonly variable: string | undefined }
	| { readonly kind: 'constant'; readonly at: number; readonly value: Expression }
	| { readonly kind: 'relation'; readonly at: number; readonly operator: BinaryOperator; readonly value: Expression }
	| { readonly kind: 'not'; readonly at: number; readonly pattern: Pattern }
	| { readonly kind: 'and' | 'or'; readonly at: number; readonly left: Pattern; readonly right: Pattern };

export type Expression = { readonly at: number } & (
	| { readonly kind: 'literal'; readonly literal: LiteralValue }
	| { readonly kind: 'true' | 'false' | 'null' }
	| { readonly kind: 'interpolated'; readonly parts: readonly (string | InterpolatedHole)[] }
	| { readonly kind: 'name'; readonly name: string; readonly typeArgs: readonly TypeName[] }
	/** `string.Join`, `int.MaxValue`: a keyword of a type, where only members may follow. */
	| { readonly kind: 'type'; readonly type: TypeName }
	| {
			readonly kind: 'member';
			readonly target: Expression;
			readonly name: string;
			readonly typeArgs: readonly TypeName[];
	  }
	| { readonly kind: 'call'; readonly target: Expression; readonly args: readonly Argument[] }
	| { readonly kind: 'index'; readonly target: Expression; readonly args: readonly Argument[] }
	/** `target?.rest`: `rest` is a chain that begins with a `receiver` node. */
	| { readonly kind: 'conditional'; readonly target: Expression; readonly rest: Expression }
	| { readonly kind: 'receiver' }
	| { readonly kind: 'unary'; readonly operator: '!' | '-' | '+' | '~'; readonly operand: Expression }
	| {
			readonly kind: 'binary';
			readonly operator: BinaryOperator;
			readonly left: Expression;
			readonly right: Expression;
	  }
	| {
			readonly kind: 'logical';
			readonly operator: '&&' | '||' | '??';
			readonly left: Expression;
			readonly right: Expression;
	  }
	| { readonly kind: 'ternary'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
	| { readonly kind: 'cast'; readonly type: TypeName; readonly operand: Expression }
	| { readonly kind: 'as'; readonly type: TypeName; readonly operand: Expression }
	| { readonly kind: 'is'; readonly operand: Expression; readonly pattern: Pattern }
	| { readonly kind: 'switch'; readonly subject: Expression; readonly arms: readonly SwitchArm[] }
	| { readonly kind: 'lambda'; readonly parameters: readonly LambdaParameter[]; readonly body: Expression | Block }
	| {
			readonly kind: 'new';
			readonly type: TypeName;
			readonly args: readonly Argument[];
			readonly initializers: readonly Initializer[] | undefined;
	  }
	| { readonly kind: 'new-object'; readonly members: readonly { readonly name: string; readonly value: Expression }[] }
	| {
			readonly kind: 'new-array';
			readonly element: TypeName | undefined;
			readonly size: Expression | undefined;
			readonly values: readonly Expression[] | undefined;
	  }
	| { readonly kind: 'default'; readonly type: TypeName | undefined }
	| { readonly kind: 'nameof'; readonly name: string }
	| { readonly kind: 'throw'; readonly value: Expression }
	| {
			readonly kind: 'assign';
			readonly operator: BinaryOperator | '??' | undefined;
			readonly target: Expression;
			readonly value: Expression;
	  }
	| { readonly kind: 'step'; readonly by: 1 | -1; readonly isPrefix: boolean; readonly target: Expression }
);

export interface InterpolatedHole {
	readonly value: Expression;
	readonly alignment: Expression | undefined;
	readonly format: string | undefined;
}

export interface SwitchArm {
	readonly at: number;
	readonly pattern: Pattern;
	readonly guard: Expression | undefined;
	readonly value: Expression;
}

export interface Block {
	readonly kind: 'block';
	readonly at: number;
	readonly statements: readonly Statement[];
}

export interface Declaration {
	readonly kind: 'declare';
	readonly at: number;
	/** Undefined for `var`. */
	readonly type: TypeName | undefined;
	readonly variables: readonly { readonly at: number; readonly name: string; readonly value: Expression | undefined }[];
}

export interface SwitchSection {
	readonly at: number;
	/** A label without a pattern is `default`. */
	readonly labels: readonly {
		readonly at: number;
		readonly pattern: Pattern | undefined;
		readonly guard: Expression | undefined;
	}[];
	readonly body: Block;
}

export interface CatchClause {
	readonly at: number;
	readonly type: TypeName | undefined;
	readonly variable: string | undefined;
	readonly guard: Expression | undefined;
	readonly body: Block;
}

export interface LocalFunction {
	readonly kind: 'function';
	readonly at: number;
	readonly type: TypeName;
	readonly name: string;
	readonly parameters: readonly LambdaParameter[];
	readonly body: Expression | Block;
}

export type Statement =
	| Block
	| Declaration
	| LocalFunction
	| { readonly kind: 'expression'; readonly at: number; readonly value: Expression }
	| {
			readonly kind: 'if';
			readonly at: number;
			readonly test: Expression;
			readonly yes: Statement;
			readonly no: Statement | undefined;
	  }
	| {
			readonly kind: 'while';
			readonly at: number;
			readonly test: Expression;
			readonly body: Statement;
			readonly isDo: boolean;
	  }
	| {
			readonly kind: 'for';
			readonly at: number;
			readonly first: readonly Statement[];
			readonly test: Expression | undefined;
			readonly each: readonly Expression[];
			readonly body: Statement;
	  }
	| {
			readonly kind: 'foreach';
			readonly at: number;
			readonly type: TypeName | undefined;
			readonly name: string;
			readonly source: Expression;
			readonly body: Statement;
	  }
	| {
			readonly kind: 'switch';
			readonly at: number;
			readonly subject: Expression;
			readonly sections: readonly SwitchSection[];
	  }
	| {
			readonly kind: 'try';
			readonly at: number;
			readonly body: Block;
			readonly catches: readonly CatchClause[];
			readonly last: Block | undefined;
	  }
	| { readonly kind: 'return'; readonly at: number; readonly value: Expression | undefined }
	| { readonly kind: 'throw'; readonly at: number; readonly value: Expression | undefined }
	| { readonly kind: 'break' | 'continue' | 'empty'; readonly at: number };
