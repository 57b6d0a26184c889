/** Constant patterns of regular expressions are refused when the policy is loaded, not when a request comes. */
import { RegexProblem } from '../regex/node.ts';
import { regexProgram } from '../regex/program.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { EnumValue } from '../values/plain.ts';
import type { ResolvedCall } from './resolve-call.ts';

/** Throws a SyntaxProblem. */
export function checkPattern({ member, args }: ResolvedCall): void {
	if (member.receiver.name !== 'Regex') return;
	const pattern = args.find(({ parameter }) => parameter.name === 'pattern')?.value;
	const options = args.find(({ parameter }) => parameter.name === 'options')?.value?.constant?.value;
	const text = pattern?.constant?.value;
	if (pattern === undefined || typeof text !== 'string') return;
	try {
		regexProgram(text, options instanceof EnumValue ? options.value : 0);
	} catch (error) {
		if (error instanceof RegexProblem)
			throw new SyntaxProblem(`the pattern is not supported: ${error.message}`, pattern.at);
		throw error;
	}
}
