/** Expressions of API Management, compiled and evaluated at once: what most tests of them do. */
import { compileExpression, type Evaluation, type PolicyValue } from '#apim/expressions/index';
import { type ContextParts, expressionContext } from './expression-context.ts';

/** `@(…)` or `@{…}`; the value, or the problem or failure as a text that no value is. */
export function evaluate(text: string, parts: ContextParts = {}): PolicyValue | { readonly failed: string } {
	const outcome = evaluation(text, parts);
	if (typeof outcome === 'string') return { failed: outcome };
	return outcome.ok ? outcome.value : { failed: outcome.name };
}

export function evaluation(text: string, parts: ContextParts = {}): Evaluation | string {
	const compiled = compileExpression({
		text: text.slice(2, -1),
		kind: text.startsWith('@{') ? 'block' : 'expression',
		file: 'policy.xml',
		line: 1,
		column: 3,
	});
	return compiled.ok ? compiled.evaluate(expressionContext(parts)) : compiled.message;
}
