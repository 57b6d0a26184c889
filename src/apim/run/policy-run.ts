/** One request on its way through a policy: what statements have made of it, and what expressions see. */
import type { Evidence, HeaderList, ProgramSurroundings, Upstream } from '#core/index';
import { isFieldValue, withoutBlanks } from '#formats/header-value';
import type { Reads, TextValue } from '../statements/value.ts';
import type { ContextBuilder } from './context.ts';
import { EvaluationFailure, type Failure, type PolicyResponse } from './failure.ts';
import { HeaderOverlay } from './header-overlay.ts';
import type { Replacement } from './replace-content.ts';

/** Characters that all variables of one request may hold. */
const maxVariables = 1_048_576;

const noFields: HeaderList = [];

/** A response as outbound changes it. */
export interface ReceivedResponse {
	/** As the client gets it. */
	status: number;
	/** The upstream's words. */
	readonly reason: string;
	readonly headers: HeaderOverlay;
}

export class PolicyRun {
	readonly evidence: Evidence;
	readonly around: ProgramSurroundings;
	/** Of the request, towards the upstream. */
	readonly headers: HeaderOverlay;
	/** Values of expressions, by exact name. */
	readonly variables = new Map<string, unknown>();
	/** Tokens that came from somewhere that is not known beforehand, and do not travel on. */
	readonly tokens: string[] = [];
	/** With `?`; undefined: untouched. */
	query: string | undefined = undefined;
	path: string | undefined = undefined;
	backend: { readonly upstream: Upstream; readonly prefix: string } | undefined = undefined;
	/** The policy has come to `forward-request`. */
	isForwarded = false;
	/** Id of the certificate that the upstream is shown; undefined: as the upstream’s settings have it. */
	certificate: string | undefined = undefined;
	/** Fields of the answer to the client: set, added, removed. */
	readonly responseSet: (readonly [name: string, value: string])[] = [];
	readonly responseAdd: (readonly [name: string, value: string])[] = [];
	readonly responseRemove: string[] = [];
	/** What browsers may do with any answer to this request, once a `cors` was met. */
	corsFields: HeaderList = noFields;
	/** One of them knows the origin. */
	isCorsAllowed = false;
	/** In the content of the answer to the client, in this order. */
	readonly replacements: Replacement[] = [];
	/** The upstream's response, once its head is there and the policy decides over it. */
	received: ReceivedResponse | undefined = undefined;
	/** What the client will get, once something failed. */
	response: PolicyResponse | undefined = undefined;
	lastError: Failure | undefined = undefined;
	/** What happened at each statement, for `apim test`; undefined: nobody wants to know. */
	trail: TrailEntry[] | undefined = undefined;
	readonly #builder: ContextBuilder;
	#scope: unknown = undefined;
	#size = 0;

	constructor(evidence: Evidence, around: ProgramSurroundings, builder: ContextBuilder) {
		this.evidence = evidence;
		this.around = around;
		this.headers = new HeaderOverlay(evidence.request);
		this.#builder = builder;
	}

	/** What an expression gives. Throws EvaluationFailure. */
	evaluate({ expression }: TextValue & { kind: 'expression' }): unknown {
		this.#scope ??= this.#builder.scopeOf(this);
		try {
			return expression.evaluate(this.#scope);
		} catch (error) {
			throw new EvaluationFailure('an expression failed', { cause: error });
		}
	}

	text(value: TextValue): string {
		return value.kind === 'constant' ? value.text : this.#builder.toText(this.evaluate(value));
	}

	/** As a field value (RFC 9110 §5.5), its octets those of UTF-8. Throws EvaluationFailure for line breaks and the like. */
	fieldValue(value: TextValue): string {
		const text = withoutBlanks(this.text(value), ' \t\r\n');
		const field = /[^\x20-\x7e]/.test(text) ? asOctets(text) : text;
		if (!isFieldValue(field)) throw new EvaluationFailure('a header value holds a control character');
		return field;
	}

	boolean(value: Reads<boolean>): boolean {
		if (value.kind === 'constant') return value.value;
		const given = this.evaluate(value);
		if (typeof given === 'boolean') return given;
		const text = this.#builder.toText(given).toLowerCase();
		if (text !== 'true' && text !== 'false') throw new EvaluationFailure('an expression did not give true or false');
		return text === 'true';
	}

	/** A whole number within the bounds. */
	number(value: Reads<number>, bounds: { readonly least: number; readonly most: number }): number {
		if (value.kind === 'constant') return value.value;
		const text = this.#builder.toText(this.evaluate(value)).trim();
		const number = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
		if (!(number >= bounds.least && number <= bounds.most)) {
			throw new EvaluationFailure(`an expression did not give a number from ${bounds.least} to ${bounds.most}`);
		}
		return number;
	}

	setVariable(name: string, value: unknown): void {
		if (typeof value === 'string') this.#size += value.length;
		this.#size += name.length + 16;
		if (this.#size > maxVariables) throw new EvaluationFailure('the variables of this request hold too much');
		this.variables.set(name, value);
	}

	/** What the client reads of an allowed request, beside what the upstream says. */
	setResponseHeader(action: 'override' | 'append' | 'delete', name: string, values: readonly string[]): void {
		const lower = name.toLowerCase();
		if (action !== 'append') {
			removeNamed(this.responseSet, lower);
			removeNamed(this.responseAdd, lower);
		}
		if (action === 'delete') this.responseRemove.push(lower);
		else if (action === 'append') for (const value of values) this.responseAdd.push([lower, value]);
		else for (const value of values) this.responseSet.push([lower, value]);
	}

	get responseFields(): { readonly set: HeaderList; readonly add: HeaderList; readonly remove: readonly string[] } {
		return { set: this.responseSet, add: this.responseAdd, remove: this.responseRemove };
	}
}

/** For a reader: one statement that was run. */
export interface TrailEntry {
	readonly statement: string;
	readonly file: string;
	readonly line: number;
	readonly path: string;
	readonly section: string;
	readonly outcome: string;
}

function removeNamed(list: (readonly [name: string, value: string])[], name: string): void {
	for (let i = list.length - 1; i >= 0; i--) if (list[i]?.[0] === name) list.splice(i, 1);
}

function asOctets(text: string): string {
	let octets = '';
	for (const octet of new TextEncoder().encode(text)) octets += String.fromCharCode(octet);
	return octets;
}
