/** A context for expressions of API Management, with whatever a test says. */
import {
	type BodyObject,
	type ExpressionContext,
	fromUnixMilliseconds,
	GuidValue,
	type PolicyValue,
	type RequestObject,
	type ResponseObject,
	TimeSpanValue,
	type UrlObject,
} from '#apim/expressions/index';

export interface ContextParts {
	readonly method?: string;
	readonly url?: string;
	readonly headers?: readonly (readonly [string, string])[];
	readonly body?: string;
	readonly variables?: Readonly<Record<string, PolicyValue>>;
	readonly status?: number;
	readonly rest?: Partial<ExpressionContext>;
	readonly request?: Partial<RequestObject>;
}

/** 2026-01-02 03:04:05.678 UTC. */
export const testTime = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function expressionContext(parts: ContextParts = {}): ExpressionContext {
	const url = urlObject(parts.url ?? 'https://api.example.com/orders/7?a=1&b=2');
	const request: RequestObject = {
		kind: 'IRequest',
		method: parts.method ?? 'GET',
		url,
		originalUrl: url,
		headers: { kind: 'Headers', list: parts.headers ?? [] },
		ipAddress: '192.0.2.7',
		matchedParameters: new Map([['id', '7']]),
		certificate: null,
		body: parts.body === undefined ? null : bodyOf(parts.body),
		...parts.request,
	};
	const response: ResponseObject | null =
		parts.status === undefined
			? null
			: {
					kind: 'IResponse',
					statusCode: parts.status,
					statusReason: 'OK',
					headers: request.headers,
					body: request.body,
				};
	return {
		kind: 'IProxyContext',
		request,
		response,
		variables: { kind: 'Variables', values: new Map(Object.entries(parts.variables ?? {})) },
		api: null,
		operation: null,
		product: null,
		subscription: null,
		user: null,
		deployment: {
			kind: 'IDeployment',
			gatewayId: 'managed',
			region: 'West Europe',
			serviceId: 'contoso.azure-api.net',
			serviceName: 'contoso',
			certificates: new Map(),
		},
		lastError: null,
		requestId: new GuidValue('01234567-89ab-4cde-8f01-23456789abcd'),
		timestamp: fromUnixMilliseconds(testTime),
		elapsed: new TimeSpanValue(1_234_567n),
		now: () => testTime,
		random: () => 0.5,
		trace: () => {},
		...parts.rest,
	};
}

export function bodyOf(text: string): BodyObject {
	return { kind: 'IMessageBody', octets: new TextEncoder().encode(text), isConsumed: false };
}

function urlObject(text: string): UrlObject {
	const { protocol, hostname, port, pathname, search } = new URL(text);
	return {
		kind: 'IUrl',
		scheme: protocol.slice(0, -1),
		host: hostname,
		port: port === '' ? 443 : Number(port),
		path: pathname,
		queryString: search,
	};
}
