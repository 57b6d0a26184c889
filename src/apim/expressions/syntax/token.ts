/** The words of an expression. Offsets count UTF-16 units from the start of the expression's own text. */

export type LiteralValue =
	| { readonly type: 'int' | 'uint' | 'long' | 'ulong'; readonly value: bigint }
	| { readonly type: 'double' | 'float'; readonly value: number }
	| { readonly type: 'decimal'; readonly text: string }
	| { readonly type: 'string'; readonly value: string }
	| { readonly type: 'char'; readonly value: number };

/** `{value,alignment:format}` of an interpolated string, its parts lexed in place. */
export interface Hole {
	readonly tokens: readonly Token[];
	readonly alignment: readonly Token[] | undefined;
	readonly format: string | undefined;
}

interface Span {
	readonly start: number;
	readonly end: number;
}

export type Token = Span &
	(
		| { readonly kind: 'name'; readonly text: string; readonly isVerbatim: boolean }
		| { readonly kind: 'literal'; readonly literal: LiteralValue; readonly text: '' }
		| { readonly kind: 'interpolated'; readonly parts: readonly (string | Hole)[]; readonly text: '' }
		| { readonly kind: 'mark'; readonly text: string }
		| { readonly kind: 'end'; readonly text: '' }
	);
