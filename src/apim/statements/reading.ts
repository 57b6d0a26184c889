/**
 * What every statement needs while it is read: attributes and children that it knows (anything else is an error, because
 * an attribute that is ignored may be the one that guards the route), values with their named values filled in, and a list
 * of everything that is wrong.
 */
import type { PolicyDocument, PolicyElement, PolicyValue } from '../policy-text/document.ts';
import type { Position } from '../policy-text/policy-fault.ts';
import { isUnrendered } from '../policy-text/read-policy-text.ts';
import { fillNamedValues } from './named-values.ts';
import type { CompileExpression, Reads, TextValue } from './value.ts';

/** What the linter and the reader find. Rules are named once, in `lint/rules.ts`. */
export interface Finding {
	readonly severity: 'error' | 'warning';
	/** Name of the rule. */
	readonly rule: string;
	/** As the configuration names it. */
	readonly file: string;
	readonly position: Position;
	readonly message: string;
}

/** What a policy refers to. */
export interface Surroundings {
	readonly namedValues: ReadonlyMap<string, string>;
	/** `{name}` that a deployment script would have filled in. */
	readonly placeholders: ReadonlyMap<string, string>;
	readonly fragments: ReadonlyMap<string, FragmentSource>;
	readonly compile: CompileExpression;
	/** Revocation of certificates may go unchecked where a policy asks for it. */
	readonly uncheckedRevocation: boolean;
}

export interface FragmentSource {
	readonly file: string;
	readonly document: PolicyDocument;
}

export const sections = ['inbound', 'backend', 'outbound', 'on-error'] as const;
export type Section = (typeof sections)[number];

/** How a constant is read. */
export interface ValueOptions {
	/** Blanks around it mean nothing. Default: true. */
	readonly trim?: boolean;
	/** `{name}` is text. Default: false. */
	readonly braces?: boolean;
}

/** Statements of all files and fragments that one route may come to. */
export const maxStatements = 2_000;

export class Reading {
	readonly surroundings: Surroundings;
	readonly findings: Finding[];
	readonly file: string;
	readonly section: Section;
	/** Name of the scope, for `context.LastError.Scope`. */
	readonly scope: string;
	readonly #fragments: readonly string[];
	readonly #count: { statements: number };

	constructor(
		surroundings: Surroundings,
		findings: Finding[],
		place: { readonly file: string; readonly section: Section; readonly scope: string },
		fragments: readonly string[] = [],
		count: { statements: number } = { statements: 0 },
	) {
		this.surroundings = surroundings;
		this.findings = findings;
		this.file = place.file;
		this.section = place.section;
		this.scope = place.scope;
		this.#fragments = fragments;
		this.#count = count;
	}

	/** The same within a fragment; undefined, after saying so, where it would include itself. */
	within(fragment: string, file: string, position: Position): Reading | undefined {
		if (this.#fragments.includes(fragment)) {
			this.error('fragment_recursive', position, `the fragment ${fragment} includes itself`);
			return undefined;
		}
		const { section, scope } = this;
		const deeper = [...this.#fragments, fragment];
		return new Reading(this.surroundings, this.findings, { file, section, scope }, deeper, this.#count);
	}

	/** False, after saying so once, when there are too many. */
	counts(position: Position): boolean {
		this.#count.statements++;
		if (this.#count.statements === maxStatements + 1) {
			this.error('too_many_statements', position, `more than ${maxStatements} statements, fragments included`);
		}
		return this.#count.statements <= maxStatements;
	}

	error(rule: string, position: Position, message: string): undefined {
		this.findings.push({ severity: 'error', rule, file: this.file, position, message });
		return undefined;
	}

	warn(rule: string, position: Position, message: string): void {
		this.findings.push({ severity: 'warning', rule, file: this.file, position, message });
	}

	/** Reports attributes and children that are not among these, and text. Every statement may have an `id`. */
	expect(element: PolicyElement, attributes: readonly string[], children: readonly string[] = []): void {
		this.expectText(element, attributes, children);
		if (element.text !== undefined) {
			this.error('text_unexpected', element.text.position, `text in <${element.name}>, which holds none`);
		}
	}

	/** The same for an element that may hold text. */
	expectText(element: PolicyElement, attributes: readonly string[], children: readonly string[] = []): void {
		const known = [...attributes, 'id'];
		for (const [name, { position }] of element.attributes) {
			if (known.includes(name)) continue;
			const near = nearest(name, known);
			this.error(
				'attribute_unknown',
				position,
				`<${element.name}> has no attribute ${name}${near === undefined ? '' : `: did you mean ${near}?`}`,
			);
		}
		for (const child of element.children) {
			if (children.includes(child.name)) continue;
			const near = nearest(child.name, children);
			this.error(
				'element_unknown',
				child.position,
				`<${child.name}> is not supported in <${element.name}>${near === undefined ? '' : `: did you mean ${near}?`}`,
			);
		}
	}

	/** Children of this name; reports a second one where there can be only one. */
	only(element: PolicyElement, name: string): PolicyElement | undefined {
		const [first, second] = element.children.filter((child) => child.name === name);
		if (second !== undefined) this.error('element_repeated', second.position, `<${name}> is there twice`);
		return first;
	}

	/** The value with its named values, or undefined after saying why not. */
	value(value: PolicyValue, options: ValueOptions = {}): TextValue | undefined {
		const filled = fillNamedValues(value, this.surroundings.namedValues);
		if ('problem' in filled) return this.error(filled.rule, value.position, filled.problem);
		const { position } = value;
		if (filled.kind === 'constant') {
			if (isUnrendered(filled.text)) {
				return this.error('template_unrendered', position, `an unrendered template: ${shorten(filled.text)}`);
			}
			const text = options.braces === true ? filled.text : this.#placeholders(filled.text, position);
			return { kind: 'constant', text: options.trim === false ? text : text.trim(), position };
		}
		const { code, form } = filled;
		if (holdsTemplate(code)) {
			return this.error('template_unrendered', position, `an unrendered template: ${shorten(code)}`);
		}
		const compiled = this.surroundings.compile(code, form);
		const source = `@${form}${code}${form === '(' ? ')' : '}'}`;
		if (!('problem' in compiled)) {
			if (compiled.readsBody)
				return this.error('body_unread', position, `bodies are not read here: ${shorten(source)}`);
			if (compiled.readsResponse && this.section === 'backend') {
				const message = `the response is not known yet when backend is decided, only in outbound: ${shorten(source)}`;
				return this.error('response_unread', position, message);
			}
		}
		if ('problem' in compiled) {
			const at = value.kind === 'expression' && value.code === code ? value.at(compiled.offset) : position;
			return this.error('expression', at, `${compiled.problem}: ${shorten(source)}`);
		}
		return { kind: 'expression', expression: compiled, source, position };
	}

	#placeholders(text: string, position: Position): string {
		const { placeholders } = this.surroundings;
		return text.replaceAll(/(?<![{$])\{([A-Za-z_][A-Za-z0-9_.-]*)\}(?!\})/g, (whole, name: string) => {
			const value = placeholders.get(name);
			if (value !== undefined) return value;
			this.warn('placeholder_unrendered', position, `${whole} looks like a placeholder that nobody filled in`);
			return whole;
		});
	}

	/** An attribute's value; undefined where it is absent or was reported. */
	attribute(element: PolicyElement, name: string, options: ValueOptions = {}): TextValue | undefined {
		const attribute = element.attributes.get(name);
		return attribute === undefined ? undefined : this.value(attribute.value, options);
	}

	/** The same, reported where it is absent or empty. */
	required(element: PolicyElement, name: string, options: ValueOptions = {}): TextValue | undefined {
		if (!element.attributes.has(name)) {
			return this.error('attribute_missing', element.position, `<${element.name}> needs the attribute ${name}`);
		}
		const value = this.attribute(element, name, options);
		if (value?.kind === 'constant' && value.text === '') {
			return this.error('value_empty', value.position, `${name} is empty`);
		}
		return value;
	}

	/** An attribute that cannot be an expression. */
	constant(element: PolicyElement, name: string): { readonly text: string; readonly position: Position } | undefined {
		const value = this.attribute(element, name);
		if (value === undefined || value.kind === 'constant') return value;
		return this.error('expression_not_allowed', value.position, `${name} of <${element.name}> cannot be an expression`);
	}

	/** The same, reported where it is absent or empty. */
	requiredConstant(element: PolicyElement, name: string): string | undefined {
		const value = this.required(element, name);
		if (value === undefined || value.kind === 'constant') return value?.text;
		return this.error('expression_not_allowed', value.position, `${name} of <${element.name}> cannot be an expression`);
	}

	boolean(element: PolicyElement, name: string, fallback: boolean): Reads<boolean> {
		const value = this.attribute(element, name);
		if (value === undefined) return { kind: 'constant', value: fallback };
		if (value.kind === 'expression') return value;
		const text = value.text.toLowerCase();
		if (text !== 'true' && text !== 'false') {
			this.error('value_invalid', value.position, `${name} is ${shorten(value.text)}: expected true or false`);
		}
		return { kind: 'constant', value: text === 'true' };
	}

	/** A whole number. */
	number(
		element: PolicyElement,
		name: string,
		fallback: number,
		bounds: { readonly least: number; readonly most: number },
	): Reads<number> {
		const value = this.attribute(element, name);
		if (value === undefined) return { kind: 'constant', value: fallback };
		if (value.kind === 'expression') return value;
		const number = /^[0-9]{1,10}$/.test(value.text) ? Number(value.text) : Number.NaN;
		if (!(number >= bounds.least && number <= bounds.most)) {
			this.error(
				'value_invalid',
				value.position,
				`${name}: expected a whole number from ${bounds.least} to ${bounds.most}`,
			);
		}
		return { kind: 'constant', value: number };
	}

	/** One of these words, exactly. */
	word<T extends string>(element: PolicyElement, name: string, words: readonly T[], fallback: T): T {
		const value = this.constant(element, name);
		if (value === undefined) return fallback;
		const found = words.find((word) => word === value.text);
		if (found === undefined) this.error('value_invalid', value.position, `${name}: expected ${words.join(' or ')}`);
		return found ?? fallback;
	}

	/** Text of an element, reported where there is none. */
	text(element: PolicyElement, options: { readonly braces?: boolean } = {}): TextValue | undefined {
		if (element.text === undefined) return this.error('value_empty', element.position, `<${element.name}> is empty`);
		return this.value(element.text, options);
	}

	/** Texts of the children `item` of the child `list`; reports a list without any. */
	list(element: PolicyElement, list: string, item: string): readonly TextValue[] {
		const holder = this.only(element, list);
		if (holder === undefined) return [];
		this.expect(holder, [], [item]);
		if (holder.children.length === 0) this.error('list_empty', holder.position, `<${list}> without any <${item}>`);
		return holder.children.flatMap((child) => {
			if (child.name !== item) return [];
			this.expectText(child, []);
			return this.text(child) ?? [];
		});
	}
}

/**
 * `${name}` in a string of an expression, which a client could send as it stands. In an interpolated string it is a dollar
 * sign before a value, and in a replacement the name of a group.
 */
function holdsTemplate(code: string): boolean {
	return /\$\{[A-Za-z_][\w.-]*\}/.test(code) && !/\$@?"|@\$"|\bReplace\b|\bResult\b/.test(code);
}

/** For messages: one line, not too long. */
export function shorten(text: string): string {
	const line = text.replaceAll(/\s+/g, ' ').trim();
	return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}

/** A known name that differs by little; undefined when there is none. */
function nearest(name: string, known: readonly string[]): string | undefined {
	const lower = name.toLowerCase();
	const parts = (text: string) => new Set(text.split('-'));
	return (
		known.find((other) => other.toLowerCase() === lower) ??
		known.find((other) => distance(other, lower) <= 2) ??
		known.find((other) => [...parts(other)].filter((part) => parts(lower).has(part)).length >= 2)
	);
}

/** Levenshtein's, of short texts. */
function distance(a: string, b: string): number {
	if (Math.abs(a.length - b.length) > 2 || a.length > 64) return 3;
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 3;
}
