/** Types as they are written (ECMA-334 §8): names with type arguments, `?` and `[]`. Which exist is asked elsewhere. */
import type { TypeName } from './ast.ts';
import type { TokenReader } from './token-reader.ts';

export const predefinedTypes: ReadonlySet<string> = new Set(
	'bool byte char decimal double float int long object sbyte short string uint ulong ushort void'.split(' '),
);

/** Throws a SyntaxProblem when no type begins here. */
export function parseType(reader: TokenReader): TypeName {
	return reader.nested(() => {
		let type = parseNonArrayType(reader);
		while (reader.isMark('[') && reader.isMark(']', 1)) {
			type = { at: type.at, name: '[]', args: [type] };
			reader.take();
			reader.take();
			if (reader.takeMark('?')) type = { at: type.at, name: '?', args: [type] };
		}
		return type;
	});
}

/** As `parseType`, but leaves brackets for what follows: `new string[3]`. */
export function parseNonArrayType(reader: TokenReader): TypeName {
	const at = reader.at;
	const type = parseNamedType(reader);
	if (!reader.isMark('?')) return type;
	reader.take();
	return { at, name: '?', args: [type] };
}

export function parseNamedType(reader: TokenReader): TypeName {
	const at = reader.at;
	if (reader.token.kind === 'name' && !reader.isName() && predefinedTypes.has(reader.token.text)) {
		return { at, name: reader.take().text, args: [] };
	}
	let name = reader.takeName();
	let args = parseTypeArguments(reader);
	while (args.length === 0 && reader.isMark('.') && reader.isName(1)) {
		reader.take();
		name += `.${reader.takeName()}`;
		args = parseTypeArguments(reader);
	}
	return { at, name, args };
}

/** `<A, B>` when it stands here; none otherwise. */
export function parseTypeArguments(reader: TokenReader): readonly TypeName[] {
	if (!reader.takeMark('<')) return [];
	const args: TypeName[] = [];
	do args.push(parseType(reader));
	while (reader.takeMark(','));
	reader.expectMark('>');
	return args;
}

/** The type behind `as` and in a pattern, where `?` may begin a choice rather than end the type. */
export function parseAsType(reader: TokenReader): TypeName {
	let type = parseNamedType(reader);
	const isNullable = reader.attempt(() => (reader.takeMark('?') && endsOperand(reader) ? true : undefined));
	if (isNullable === true) type = { at: type.at, name: '?', args: [type] };
	while (reader.isMark('[') && reader.isMark(']', 1)) {
		reader.take();
		reader.take();
		type = { at: type.at, name: '[]', args: [type] };
	}
	return type;
}

function endsOperand(reader: TokenReader): boolean {
	const marks = [')', ']', '}', ';', ',', '==', '!=', '&&', '||', '??', '?', ':'];
	return reader.token.kind === 'end' || marks.some((mark) => reader.isMark(mark));
}
