/**
 * Texts as they go into a configuration: a named value becomes a reference to the environment, so that no secret is
 * written. A policy is read twice, once with what named values hold and once with marks in their place; what stands at one
 * position of the one reading is what stands there in the other.
 */
import { flatStatements } from '../statements/flat-statements.ts';
import type { ReadPolicy } from '../statements/read-policy.ts';
import type { Statement } from '../statements/statement.ts';
import type { ValidateJwt } from '../statements/validate-jwt.ts';
import type { TextValue } from '../statements/value.ts';
import type { Spot } from './notes.ts';

/** Of the private use area: no policy means anything by them. */
const [opening, closing] = ['\uE000', '\uE001'];
const marks = /\uE000([^\uE000\uE001]*)\uE001/g;

/** What stands for a named value in the second reading. */
export function markOf(namedValue: string): string {
	return `${opening}${namedValue}${closing}`;
}

export function hasMark(text: string): boolean {
	return /[\uE000\uE001]/.test(text);
}

export interface References {
	/** The text for a configuration; undefined where that is not known. */
	written(value: TextValue & Spot): string | undefined;
	/** The statement of the second reading that stands at this place. */
	marked(statement: Statement): Statement | undefined;
	/** Marks as references to the environment. */
	filled(text: string): string;
}

/** `marked`: the policy as it was read with marks. `variableOf`: the environment variable of a named value. */
export function createReferences(marked: ReadPolicy, variableOf: (namedValue: string) => string): References {
	const statements = new Map<string, Statement>();
	const texts = new Map<string, string>();
	for (const statement of flatStatements(Object.values(marked.sections).flat())) {
		const { file } = statement.place;
		statements.set(keyOf(statement.place, statement.kind), statement);
		for (const value of textsOf(statement)) {
			if (value.kind === 'constant') texts.set(keyOf({ file, position: value.position }), value.text);
		}
	}
	const filled = (text: string) => text.replaceAll(marks, (_, name: string) => `\${env:${variableOf(name)}}`);
	return {
		filled,
		marked: (statement) => statements.get(keyOf(statement.place, statement.kind)),
		written(value) {
			const text = value.kind === 'constant' ? texts.get(keyOf(value)) : undefined;
			return text === undefined ? undefined : filled(text);
		},
	};
}

function keyOf({ file, position }: Spot, kind = ''): string {
	return `${position.line}:${position.column} ${kind} ${file}`;
}

/** Values of which a translation writes the text. */
function textsOf(statement: Statement): readonly TextValue[] {
	switch (statement.kind) {
		case 'validate-jwt':
		case 'validate-azure-ad-token':
			return validationTexts(statement);
		case 'set-header':
			return statement.values;
		case 'set-backend-service':
			return statement.target.by === 'url' ? [statement.target.url] : [];
		default:
			return [];
	}
}

function validationTexts(spec: ValidateJwt): readonly TextValue[] {
	const { audiences, issuers, configurations, clients, backends, tenant, claims } = spec;
	return [
		...audiences,
		...issuers,
		...configurations,
		...clients,
		...backends,
		...(tenant === undefined ? [] : [tenant]),
		...claims.flatMap(({ values }) => values),
	];
}

/** Whether a text as it is written has a reference to the environment in it. */
export function hasReference(text: string): boolean {
	return text.includes('${env:');
}
