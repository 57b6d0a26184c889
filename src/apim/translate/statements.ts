/** Statements beside the check of the token: those that native rules can say, those that do nothing, and all others. */
import { canonicalName, isFree, whyNotRemovable } from '#config/header-names';
import type { RouteFile } from '#config/schema';
import { parseRequestTarget } from '#formats/request-target';
import type {
	AuthenticationManagedIdentity,
	ReturnResponse,
	SetBackendService,
	SetHeader,
	Statement,
} from '../statements/statement.ts';
import type { TextValue } from '../statements/value.ts';
import type { Notes, Spot } from './notes.ts';
import { hasMark, hasReference, type References } from './references.ts';

export interface StatementSurroundings {
	readonly references: References;
	readonly notes: Notes;
	/** Of the token, lower-case; undefined where it stands in no header. */
	readonly tokenHeader: string | undefined;
}

/** What becomes of the route. */
export interface RouteChanges {
	claims_to_headers?: Record<string, { value: string }>;
	backend_token?: NonNullable<RouteFile['backend_token']>;
	upstream?: string;
	upstream_response?: { remove: string[] };
}

/** A fragment is what stands in it. */
export function withoutFragments(statements: readonly Statement[]): readonly Statement[] {
	return statements.flatMap((statement) =>
		statement.kind === 'include-fragment' ? withoutFragments(statement.statements) : [statement],
	);
}

/** Inbound: `checked` are those behind the check of the token, `before` those in front of it. */
export function translateInbound(
	before: readonly Statement[],
	checked: readonly Statement[],
	around: StatementSurroundings,
): RouteChanges {
	const changes: RouteChanges = {};
	for (const statement of before) translateOne(statement, true, changes, around);
	for (const statement of checked) translateOne(statement, false, changes, around);
	return changes;
}

function translateOne(
	statement: Statement,
	isBefore: boolean,
	changes: RouteChanges,
	around: StatementSurroundings,
): void {
	if (doesNothing(statement)) return;
	const { notes, tokenHeader } = around;
	switch (statement.kind) {
		case 'set-header':
			if (isBefore && statement.name.toLowerCase() === tokenHeader) {
				notes.keep(statement.place, `set-header writes ${statement.name} before the token is looked for there`);
			} else setHeader(statement, changes, around);
			break;
		case 'set-backend-service':
			setBackend(statement, changes, around);
			break;
		case 'authentication-managed-identity':
			if (isBefore && tokenHeader === 'authorization') {
				notes.keep(statement.place, `${statement.kind} writes Authorization before the token is looked for there`);
			} else attachOwnToken(statement, changes, around);
			break;
		default:
			notes.keep(statement.place, causeOf(statement));
	}
}

/** What is evaluated and goes nowhere, as long as nothing can fail in it. */
function doesNothing(statement: Statement): boolean {
	if (statement.kind === 'trace') return statement.values.every(({ kind }) => kind === 'constant');
	return (
		(statement.kind === 'set-variable' && statement.value.kind === 'constant') || statement.kind === 'forward-request'
	);
}

function causeOf({ kind }: Statement): string {
	switch (kind) {
		case 'choose':
			return 'choose depends on the request';
		case 'set-variable':
		case 'trace':
			return `${kind} evaluates an expression`;
		case 'rewrite-uri':
			return 'rewrite-uri: natively a path is only cut or put behind another one';
		case 'return-response':
			return 'return-response: natively nothing but a refusal is answered here';
		case 'validate-jwt':
		case 'validate-azure-ad-token':
			return 'a second check of a token: natively a route has one';
		default:
			return `${kind} has no native rule`;
	}
}

/** Words in the names of headers whose constant is no constant but a secret that was left in the policy. */
const secretive = /auth|cookie|credential|code|key|passw|secret|sig|token/i;

function setHeader(statement: Statement & SetHeader, changes: RouteChanges, around: StatementSurroundings): void {
	const { name, action, values, place } = statement;
	const { references, notes, tokenHeader } = around;
	const lower = name.toLowerCase();
	if (action === 'delete') {
		// The client’s does not travel on anyway.
		if (isWritten(name, changes)) {
			notes.keep(place, `set-header deletes the ${name} that was written before it`);
		} else if (lower !== tokenHeader && lower !== 'authorization') {
			notes.keep(place, `set-header deletes ${name}: natively the client’s fields travel on, all but credentials`);
		}
		return;
	}
	const [value, second] = values;
	if (value === undefined) return;
	if (value.kind === 'expression') return notes.keep(place, `set-header ${name} depends on the request`);
	if (action !== 'override' || second !== undefined) {
		return notes.keep(place, `set-header ${name}: natively one value replaces the client’s`);
	}
	const text = references.written({ ...value, file: place.file });
	if (text === undefined || hasMark(markedName(statement, references))) {
		return notes.keep(place, `set-header ${name}: a named value stands where it cannot be written`);
	}
	if (isWritten(name, changes)) return notes.keep(place, `set-header ${name} is there twice`);
	if (hasReference(text)) return setCredential(statement, value, text, changes, notes);
	if (!/^x-/i.test(name) || !isFree(canonicalName(name))) {
		return notes.keep(place, `set-header ${name}: natively that is removed from what clients send on every route`);
	}
	if (secretive.test(name)) {
		return notes.keep(place, `set-header ${name} may hold a secret: make its value a named value`);
	}
	if (!/^[\x20-\x24\x26-\x7a|\x7e]*$/.test(text)) {
		return notes.keep(place, `set-header ${name}: natively the value would be written in another way`);
	}
	changes.claims_to_headers = { ...changes.claims_to_headers, [name]: { value: text } };
	tellOfRoutes(place, name, notes);
}

/** By a statement before this one. */
function isWritten(name: string, { claims_to_headers: headers = {}, backend_token: token }: RouteChanges): boolean {
	const credential = typeof token === 'object' && token.type === 'api_key' ? token.header : undefined;
	const written = [...Object.keys(headers), ...(token === undefined ? [] : [credential ?? 'Authorization'])];
	return written.some((other) => canonicalName(other) === canonicalName(name));
}

function markedName(statement: Statement & SetHeader, references: References): string {
	const marked = references.marked(statement);
	return marked?.kind === 'set-header' ? marked.name : '\uE000';
}

/** A named value for the upstream is a credential until somebody says otherwise. */
function setCredential(
	{ name, place }: Statement & SetHeader,
	{ text: real }: TextValue & { readonly kind: 'constant' },
	text: string,
	changes: RouteChanges,
	notes: Notes,
): void {
	if (changes.backend_token !== undefined)
		return notes.keep(place, 'two credentials for the upstream: natively it gets one');
	const isAuthorization = name.toLowerCase() === 'authorization';
	if (!isAuthorization && (!/^x-/i.test(name) || !isFree(canonicalName(name)))) {
		return notes.keep(place, `set-header ${name}: natively that is removed from what clients send on every route`);
	}
	if (!/^[!-~]+( [!-~]+)*$/.test(real)) return notes.keep(place, `set-header ${name}: no printable ASCII`);
	changes.backend_token = { type: 'api_key', header: name, value: text };
	if (!isAuthorization) tellOfRoutes(place, name, notes);
	notes.add('changed', place, `fields of the upstream’s responses that hold the value of ${name} do not reach clients`);
}

function tellOfRoutes(place: Spot, name: string, notes: Notes): void {
	notes.add('changed', place, `${name} is removed from what clients send on every route, not on this one alone`);
}

function setBackend(
	{ target, place }: Statement & SetBackendService,
	changes: RouteChanges,
	{ references, notes }: StatementSurroundings,
): void {
	if (target.by === 'id')
		return notes.keep(place, 'set-backend-service by backend-id: say in apim.backends where that is');
	const { url } = target;
	if (url.kind === 'expression') return notes.keep(place, 'set-backend-service depends on the request');
	const text = references.written({ ...url, file: place.file });
	const match = /^https?:\/\/[^/?#@\\]+(\/[^?#]*)?$/i.exec(url.text);
	const path = parseRequestTarget(match?.[1] ?? '/', { encodedSlash: false });
	if (text === undefined || match === null || typeof path === 'string' || /[{}]/.test(url.text)) {
		return notes.keep(place, 'set-backend-service: natively an upstream is a plain URL');
	}
	if (changes.upstream !== undefined) notes.keep(place, 'set-backend-service is there twice');
	changes.upstream = text;
	notes.add('changed', place, `the upstream is ${text}`);
}

function attachOwnToken(
	statement: Statement & AuthenticationManagedIdentity,
	changes: RouteChanges,
	{ references, notes }: StatementSurroundings,
): void {
	const { place, kind } = statement;
	const marked = references.marked(statement);
	if (statement.output !== undefined) return notes.keep(place, `${kind} gives a variable its token`);
	if (statement.ignoreError)
		return notes.keep(place, `${kind} with ignore-error: natively there is no request without the token`);
	if (changes.backend_token !== undefined)
		return notes.keep(place, 'two credentials for the upstream: natively it gets one');
	if (marked?.kind !== 'authentication-managed-identity') {
		return notes.keep(place, `${kind} cannot be read without its named value`);
	}
	changes.backend_token = {
		type: 'managed_identity',
		resource: references.filled(marked.resource),
		...(marked.clientId === undefined ? {} : { client_id: references.filled(marked.clientId) }),
	};
	notes.add('changed', place, 'fields of the upstream’s responses that hold the token do not reach clients');
}

/** What comes back: fields that are removed. */
export function translateOutbound(
	statements: readonly Statement[],
	{ notes, references }: StatementSurroundings,
): RouteChanges {
	const remove: string[] = [];
	for (const statement of statements) {
		if (doesNothing(statement)) continue;
		if (statement.kind !== 'set-header') notes.keep(statement.place, causeOf(statement));
		else if (statement.action !== 'delete') {
			notes.keep(statement.place, 'set-header in outbound: natively fields of a response are only removed');
		} else if (whyNotRemovable(statement.name) !== undefined || hasMark(markedName(statement, references))) {
			notes.keep(statement.place, `set-header in outbound: natively ${statement.name} cannot be removed`);
		} else remove.push(statement.name);
	}
	return remove.length === 0 ? {} : { upstream_response: { remove } };
}

/** The status that `on-error` gives every refusal; undefined: it leaves it as it is. What it says in a body is lost. */
export function translateOnError(statements: readonly Statement[], notes: Notes): number | undefined {
	let status: number | undefined;
	for (const [index, statement] of statements.entries()) {
		if (doesNothing(statement)) continue;
		const own = errorStatus(statement);
		if (own === undefined || (statement.kind === 'return-response' && index < statements.length - 1)) {
			notes.keep(
				statement.place,
				`${statement.kind} in on-error: natively a refusal has its status and a body of its own`,
			);
		} else {
			if (own !== 'same') status = own;
			if (statement.kind !== 'set-status') notes.add('answer', statement.place, 'the body that on-error makes is lost');
		}
	}
	return status;
}

/** `same`: only the body changes. Undefined: more than status and body, or it depends on the request. */
function errorStatus(statement: Statement): number | 'same' | undefined {
	switch (statement.kind) {
		case 'set-body':
			return statement.body.kind === 'constant' ? 'same' : undefined;
		case 'set-status':
			return statement.code.kind === 'constant' ? statement.code.value : undefined;
		case 'return-response':
			return responseStatus(statement);
		default:
			return undefined;
	}
}

function responseStatus({ status, headers, body }: ReturnResponse): number | undefined {
	const isPlain = headers.every(
		({ name, values }) => name.toLowerCase() === 'content-type' && values.every(({ kind }) => kind === 'constant'),
	);
	if (!isPlain || (body !== undefined && body.kind === 'expression')) return undefined;
	return status?.code.kind === 'constant' ? status.code.value : undefined;
}
