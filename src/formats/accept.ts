/** The Accept field (RFC 9110 §12.5.1), as far as a refusal's body depends on it. */

const jsonTypes = ['application/json', 'application/problem+json'];

/** One media range: type, subtype, and the parameters unread. Quoted parameter values may hold commas and semicolons. */
const mediaRange = /^\s*([^\s/;,"]+)\/([^\s/;,"]+)\s*(?:;([^]*))?$/;
const qualityValue = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Whether the client takes `application/json` or `application/problem+json`. An absent or empty field accepts everything;
 * the most specific range that fits a type decides about it; weight 0 refuses. Media type parameters other than the
 * weight are ignored, and so are elements that are malformed.
 */
export function acceptsJson(accept: string | undefined): boolean {
	if (accept === undefined || accept.trim() === '') return true;
	const weights = new Map<string, number>();
	for (const element of splitOutsideQuotes(accept, ',')) readRange(element, weights);
	return jsonTypes.some((type) => (weights.get(type) ?? weights.get('application/*') ?? weights.get('*/*') ?? 0) > 0);
}

function readRange(element: string, weights: Map<string, number>): void {
	const match = mediaRange.exec(element);
	if (match === null) return;
	const weight = readWeight(match[3] ?? '');
	if (weight === undefined) return;
	const range = `${match[1]}/${match[2]}`.toLowerCase();
	weights.set(range, Math.max(weights.get(range) ?? 0, weight));
}

/** Of the parameters of a range; undefined when the weight is malformed. */
function readWeight(parameters: string): number | undefined {
	for (const parameter of splitOutsideQuotes(parameters, ';')) {
		const [name = '', value = ''] = parameter.split('=', 2);
		if (name.trim().toLowerCase() !== 'q') continue;
		return qualityValue.test(value.trim()) ? Number(value) : undefined;
	}
	return 1;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
	if (!text.includes('"')) return text.split(separator);
	const parts: string[] = [];
	let start = 0;
	let quoted = false;
	for (let i = 0; i < text.length; i++) {
		const character = text[i];
		if (character === '"') quoted = !quoted;
		else if (quoted && character === '\\') i++;
		else if (!quoted && character === separator) {
			parts.push(text.slice(start, i));
			start = i + 1;
		}
	}
	parts.push(text.slice(start));
	return parts;
}
