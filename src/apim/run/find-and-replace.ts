/** `find-and-replace`: noted for the content of a response that is still to come, done at once in an answer of our own. */
import type { FindAndReplace } from '../statements/statement.ts';
import { EvaluationFailure, type Step } from './failure.ts';
import type { PolicyRun } from './policy-run.ts';
import { Replacement, replacingEdit } from './replace-content.ts';

export function linkFindAndReplace({ from, to }: FindAndReplace, section: string): (run: PolicyRun) => Step {
	const made = from.kind === 'constant' && to.kind === 'constant' ? new Replacement(from.text, to.text) : undefined;
	const replacementFor = (run: PolicyRun) => made ?? replacementOf(run.text(from), run.text(to));
	if (section !== 'on-error') {
		return (run) => {
			run.replacements.push(replacementFor(run));
			return null;
		};
	}
	return (run) => {
		if (run.response !== undefined) run.response.body = replaced(run.response.body, replacementFor(run));
		return null;
	};
}

/** .NET throws for an empty text to look for, too. */
function replacementOf(from: string, to: string): Replacement {
	try {
		return new Replacement(from, to);
	} catch (error) {
		throw new EvaluationFailure(error instanceof Error ? error.message : 'find-and-replace failed');
	}
}

function replaced(text: string, replacement: Replacement): string {
	const editor = replacingEdit([replacement]).begin();
	const begun = editor.push(new TextEncoder().encode(text));
	const rest = editor.end();
	if (begun === undefined || rest === undefined) throw new EvaluationFailure('find-and-replace makes a body too long');
	const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
	return decoder.decode(begun, { stream: true }) + decoder.decode(rest);
}
