/** An explanation for a person: one line a check, in order, then what follows from them. */
import { type Finding, reasons } from '#core/index';
import { formatDuration } from '#formats/duration';
import type { Explanation } from '#policy/explain';

const marks = { passed: '✓', refused: '✗', not_judged: '·' } as const;
const colours = { passed: '\u001b[32m', refused: '\u001b[31m', not_judged: '\u001b[2m' } as const;
const reset = '\u001b[0m';

/** Ends with a line break. Control characters of a token's claims are escaped, so a token cannot write to the terminal. */
export function renderExplanation(explanation: Explanation, { colour }: { readonly colour: boolean }): string {
	const lines = [
		`route     ${explanation.route ?? 'none'}${explanation.public ? ' (public: no credential is looked at)' : ''}`,
		`provider  ${explanation.provider ?? 'none'}`,
		'',
		...explanation.findings.flatMap((finding) => renderFinding(finding, colour)),
		'',
		verdict(explanation),
	];
	if (!explanation.genuine && explanation.provider !== undefined && explanation.outcome !== 'allow') {
		lines.push('The token is not proven genuine: what follows "signature" is only what it claims.');
	}
	if (explanation.issuedAhead > 0) {
		lines.push(
			`The token was issued ${formatDuration(explanation.issuedAhead)} ahead of this clock: the two clocks differ.`,
		);
	}
	const { providers, routes } = explanation.elsewhere;
	if (providers.length > 0) lines.push(`Not on this route, but would vouch for it: ${providers.join(', ')}`);
	if (routes.length > 0) lines.push(`Would be allowed on: ${routes.join(', ')}`);
	return `${lines.join('\n')}\n`;
}

function renderFinding({ check, outcome, reason, expected, found }: Finding, colour: boolean): string[] {
	const mark = `${marks[outcome]} ${check.padEnd(22)}`;
	const start = colour ? `${colours[outcome]}${mark}${reset}` : mark;
	if (outcome !== 'refused') return [`${start} ${printable(found)}`];
	return [`${start} ${reason ?? ''}`, `    expected ${printable(expected)}`, `    found    ${printable(found)}`];
}

function verdict({ outcome, answered, own }: Explanation): string {
	if (own !== undefined && outcome === 'allow') {
		return `answer: ${answered === undefined ? '' : `${answered}, `}by the gateway itself, before any route`;
	}
	if (answered !== undefined) return `answer: ${answered}, by the policy of the route`;
	if (outcome === 'allow') return 'allow: every check passed';
	const { status, error, fix } = reasons[outcome];
	return `${outcome}: ${status}${error === null ? '' : ` ${error}`}. ${fix}`;
}

/** Texts of the token or the request: control and bidirectional characters become escapes. */
function printable(text: string): string {
	return text.replace(
		/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
		(char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}
