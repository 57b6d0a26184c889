/** Statements at any depth. */
import type { Statement } from './statement.ts';

/** The lists of statements that stand within one. */
export function listsWithin(statement: Statement): readonly (readonly Statement[])[] {
	switch (statement.kind) {
		case 'choose':
			return [...statement.branches.map(({ statements }) => statements), statement.otherwise ?? []];
		case 'include-fragment':
			return [statement.statements];
		default:
			return [];
	}
}

/** All of them, in the order of the files. */
export function flatStatements(statements: readonly Statement[]): readonly Statement[] {
	return statements.flatMap((statement) => [
		statement,
		...listsWithin(statement).flatMap((list) => flatStatements(list)),
	]);
}
