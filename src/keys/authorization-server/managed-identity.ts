/**
 * Tokens of a managed identity: what a machine of Azure gets from the endpoint beside it, without any secret of ours
 * (instance metadata service, App Service). Which resource they are for is configuration, and never a request's.
 */
import type { Clock, FetchedDocument, HeaderList, IdentityFetcher } from '#core/index';
import { ObtainError, type ObtainToken } from './own-token.ts';
import { readTokenAnswer } from './token-answer.ts';

export interface ManagedIdentityOptions {
	readonly source: 'imds' | 'app_service';
	readonly url: string;
	/** `X-IDENTITY-HEADER` of App Service. */
	readonly secret: string | undefined;
	readonly resource: string;
	/** Of a user-assigned identity. */
	readonly clientId: string | undefined;
	/** Milliseconds. */
	readonly timeout: number;
	readonly fetcher: IdentityFetcher;
	readonly clock: Pick<Clock, 'now'>;
}

export function createManagedIdentity(options: ManagedIdentityOptions): ObtainToken {
	const { source, secret, resource, clientId, timeout, fetcher, clock } = options;
	const isImds = source === 'imds';
	const query = new URLSearchParams({ 'api-version': isImds ? '2018-02-01' : '2019-08-01', resource });
	if (clientId !== undefined) query.set('client_id', clientId);
	const url = `${options.url}?${query.toString()}`;
	// The field that no request forged through a proxy or a browser can carry.
	const headers: HeaderList = isImds ? [['metadata', 'true']] : [['x-identity-header', secret ?? '']];
	return async () => {
		const answer = await fetcher.get(url, { headers, timeout, maxBytes: 65_536 });
		const read = readTokenAnswer(answer, clock.now() / 1000);
		if (read.kind === 'issued') return { token: read.issued.token, lifetime: read.issued.lifetime };
		throw new ObtainError(`the identity endpoint answered ${answer.status}, without a token`, retryAfter(answer));
	};
}

/** Seconds that the endpoint asks to wait for (RFC 9110 §10.2.3), bounded; undefined: it does not say. */
function retryAfter({ headers }: FetchedDocument): number | undefined {
	const text = headers.get('retry-after')?.trim() ?? '';
	return /^[0-9]{1,6}$/.test(text) ? Math.min(Number(text), 70) : undefined;
}
