/** The expressions of a policy over the run of a request: what `context` is made of. */
import {
	type ApiObject,
	type CertificateObject,
	compileExpression,
	type ExpressionContext,
	fromUnixMilliseconds,
	GuidValue,
	type LastErrorObject,
	type OperationObject,
	type PolicyValue,
	type ProductObject,
	type ResponseObject,
	TimeSpanValue,
	textOf,
	type UrlObject,
} from '#apim/expressions/index';
import type { ClientCertificate, HeaderList } from '#core/index';
import type { CompileExpression } from '../statements/value.ts';
import type { ContextBuilder } from './context.ts';
import { EvaluationFailure, type Failure } from './failure.ts';
import type { PolicyRun } from './policy-run.ts';

export const compilePolicyExpression: CompileExpression = (code, form) => {
	const kind = form === '(' ? 'expression' : 'block';
	const compiled = compileExpression({ text: code, kind, file: '', line: 1, column: 1 });
	if (!compiled.ok) return { problem: compiled.message, offset: offsetOf(code, compiled.line, compiled.column) };
	const { facts } = compiled;
	return {
		readsResponse: [...facts.reads].some((read) => read === 'Response' || read.startsWith('Response.')),
		readsBody: facts.readsBody.request || facts.readsBody.response || facts.reads.has('Response.Body'),
		reads: facts.reads,
		readsUnverified: facts.unverifiedJwt.length > 0,
		evaluate(scope) {
			const answer = compiled.evaluate(scope as ExpressionContext);
			if (answer.ok) return answer.value;
			// The message may hold what the expression has read.
			throw new EvaluationFailure(
				`an expression ended with ${answer.cause === 'budget' ? 'its budget used up: ' : ''}${answer.name}`,
			);
		},
	};
};

function offsetOf(code: string, line: number, column: number): number {
	const lines = code.split(/\r\n|[\r\n]/);
	return lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
}

/** What is the same for every request of a route. */
export interface RouteContext {
	readonly api: ApiObject;
	readonly operation: Omit<OperationObject, 'method'>;
	readonly product: ProductObject | null;
}

export interface ContextOptions {
	readonly route: RouteContext;
	addressOf(run: PolicyRun): string;
	/** From 0, below 1. */
	random(): number;
	/** Milliseconds, as `evidence.monotonic` counts them. */
	monotonic(): number;
	/** Hexadecimal, 32 digits at least. */
	digest(text: string): string;
}

const asJwt = compileExpression({
	text: '((string)context.Variables["token"]).AsJwt()',
	kind: 'expression',
	file: '',
	line: 1,
	column: 1,
});

export function createContextBuilder(options: ContextOptions): ContextBuilder {
	const builder: ContextBuilder = {
		scopeOf: (run) => contextOf(run, options),
		toText: (value) => textOf((value ?? null) as PolicyValue),
		jwtOf(token, run) {
			if (!asJwt.ok) throw new Error('the expression for tokens does not compile');
			const variables = { kind: 'Variables' as const, values: new Map<string, PolicyValue>([['token', token]]) };
			const answer = asJwt.evaluate({ ...contextOf(run, options), variables });
			if (!answer.ok || answer.value === null)
				throw new EvaluationFailure('a verified token cannot be shown to expressions');
			return answer.value;
		},
	};
	return builder;
}

function contextOf(run: PolicyRun, options: ContextOptions): ExpressionContext {
	const { route, addressOf, random } = options;
	const { evidence } = run;
	const { request } = evidence;
	const time = evidence.now * 1000;
	const names = run.around.parameterNames;
	let requestId: GuidValue | undefined;
	return {
		kind: 'IProxyContext',
		request: {
			kind: 'IRequest',
			method: request.method,
			get url() {
				return urlOf(run, run.path ?? evidence.path, run.query ?? evidence.query);
			},
			get originalUrl() {
				return urlOf(run, evidence.path, evidence.query);
			},
			get headers() {
				return { kind: 'Headers' as const, list: run.headers.list };
			},
			get ipAddress() {
				return addressOf(run);
			},
			get matchedParameters() {
				return new Map(names.map((name, i) => [name, evidence.parameters[i] ?? '']));
			},
			get certificate() {
				return certificateOf(request.clientCertificate);
			},
			body: null,
		},
		get response() {
			const { response, received } = run;
			// What on-error words goes before what it was worded about.
			if (response !== undefined) return responseOf(response.status, '', response.headers);
			return received === undefined ? null : responseOf(received.status, received.reason, received.headers.list);
		},
		variables: { kind: 'Variables', values: run.variables as ReadonlyMap<string, PolicyValue> },
		api: route.api,
		get operation() {
			return { ...route.operation, method: request.method };
		},
		product: route.product,
		subscription: null,
		user: null,
		deployment: {
			kind: 'IDeployment',
			gatewayId: 'countersign',
			region: '',
			serviceId: '',
			serviceName: '',
			certificates: new Map(),
		},
		get lastError() {
			return run.lastError === undefined ? null : lastErrorOf(run.lastError);
		},
		get requestId() {
			requestId ??= new GuidValue(guidOf(evidence.requestId, options));
			return requestId;
		},
		get timestamp() {
			return fromUnixMilliseconds(time);
		},
		get elapsed() {
			const passed = Math.max(0, options.monotonic() - evidence.monotonic);
			return new TimeSpanValue(BigInt(Math.round(passed * ticksPerMillisecond)));
		},
		now: () => time,
		random,
		trace() {},
	};
}

/** Whoever gets at its body in spite of what is refused at load fails: nobody has collected it. */
function responseOf(statusCode: number, statusReason: string, list: HeaderList): ResponseObject {
	const body = { kind: 'IMessageBody' as const, octets: undefined, isConsumed: false };
	return { kind: 'IResponse', statusCode, statusReason, headers: { kind: 'Headers', list }, body };
}

const ticksPerMillisecond = 10_000;

/**
 * The id that records have of the request, where it can be one: 32 hexadecimal digits, in groups or not. Any other id has
 * a digest of it, always the same; where there is none, it is drawn.
 */
function guidOf(id: string | undefined, { digest, random }: ContextOptions): string {
	const known = id?.replaceAll('-', '').toLowerCase();
	const drawn = () => Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
	const digits = known === undefined ? drawn() : /^[0-9a-f]{32}$/.test(known) ? known : digest(known).slice(0, 32);
	return digits.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Scheme and Host as the client called; the path is the one that is decided over. */
function urlOf({ evidence }: PolicyRun, path: string, query: string): UrlObject {
	const { scheme, host } = evidence.request;
	const match = /^(.*?)(?::([0-9]{1,5}))?$/.exec(host);
	const port = match?.[2];
	return {
		kind: 'IUrl',
		scheme,
		host: (match?.[1] ?? '').toLowerCase(),
		port: port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port),
		path,
		queryString: query,
	};
}

function certificateOf(certificate: ClientCertificate | undefined): CertificateObject | null {
	const details = certificate?.details;
	if (certificate === undefined || details === undefined) return null;
	return {
		kind: 'X509Certificate2',
		thumbprint: details.thumbprint,
		subject: details.subject,
		issuer: details.issuer,
		serialNumber: details.serialNumber,
		notBefore: fromUnixMilliseconds(details.notBefore * 1000),
		notAfter: fromUnixMilliseconds(details.notAfter * 1000),
		isTrusted: certificate.isVouchedFor,
	};
}

function lastErrorOf({ source, reason, message, place }: Failure): LastErrorObject {
	return {
		kind: 'ILastError',
		source,
		reason,
		message,
		scope: place.scope,
		section: place.section,
		path: place.path,
		policyId: place.id ?? '',
	};
}
