/** The statements of a section, by name: what is not in this table is refused with its place, never skipped. */
import type { PolicyElement } from '../policy-text/document.ts';
import { readForwardRequest, readRewriteUri, readSetBackendService } from './backends.ts';
import { readAuthenticationCertificate, readValidateClientCertificate } from './certificates.ts';
import { readChoose } from './choose.ts';
import { readCors } from './cors.ts';
import { readCheckHeader, readSetHeader, readSetQueryParameter } from './headers.ts';
import { readIpFilter, readRateLimitByKey } from './limits.ts';
import { type Reading, type Section, sections } from './reading.ts';
import { readFindAndReplace, readReturnResponse, readSetBody, readSetStatus } from './responses.ts';
import { readAuthenticationManagedIdentity, readSetVariable, readTrace } from './simple.ts';
import type { Statement } from './statement.ts';
import { readValidateAzureAdToken } from './validate-azure-ad-token.ts';
import { readValidateJwt } from './validate-jwt.ts';

type Bare<T> = T extends unknown ? Omit<T, 'place'> : never;
type Read = (element: PolicyElement, reading: Reading) => Bare<Statement> | undefined;

interface Entry {
	readonly sections: readonly Section[];
	readonly read: Read;
}

const inbound: readonly Section[] = ['inbound'];
const anywhere: readonly Section[] = ['inbound', 'outbound', 'on-error'];

/** `choose`, `base` and `include-fragment` hold statements, and are read below. */
const table: ReadonlyMap<string, Entry> = new Map<string, Entry>([
	['validate-jwt', { sections: inbound, read: readValidateJwt }],
	['validate-azure-ad-token', { sections: inbound, read: readValidateAzureAdToken }],
	['validate-client-certificate', { sections: inbound, read: readValidateClientCertificate }],
	['authentication-managed-identity', { sections: inbound, read: readAuthenticationManagedIdentity }],
	['authentication-certificate', { sections: inbound, read: readAuthenticationCertificate }],
	['cors', { sections: inbound, read: readCors }],
	['check-header', { sections: inbound, read: readCheckHeader }],
	['ip-filter', { sections: inbound, read: readIpFilter }],
	['rate-limit-by-key', { sections: inbound, read: readRateLimitByKey }],
	['set-backend-service', { sections: inbound, read: readSetBackendService }],
	['rewrite-uri', { sections: inbound, read: readRewriteUri }],
	['set-query-parameter', { sections: inbound, read: readSetQueryParameter }],
	['set-header', { sections: anywhere, read: readSetHeader }],
	['set-variable', { sections: anywhere, read: readSetVariable }],
	['trace', { sections: anywhere, read: readTrace }],
	['return-response', { sections: anywhere, read: readReturnResponse }],
	['set-status', { sections: ['outbound', 'on-error'], read: readSetStatus }],
	['set-body', { sections: ['on-error'], read: readSetBody }],
	['find-and-replace', { sections: [...sections], read: readFindAndReplace }],
	['forward-request', { sections: ['backend'], read: readForwardRequest }],
]);

const subscriptions = 'it counts by subscription, and there are none here';
const otherService = 'a decision waits for no other service here';
const nowhere = 'what it tells goes nowhere here, see the metrics and audit records of the gateway';

/** What to do without. */
const hints: ReadonlyMap<string, string> = new Map([
	['rate-limit', `${subscriptions}: use rate-limit-by-key with a counter-key`],
	['quota', `${subscriptions}: use rate-limit-by-key with a counter-key`],
	['quota-by-key', 'use rate-limit-by-key, or rate_limits of the route'],
	['limit-concurrency', 'use upstream.pool.max_requests of the route'],
	['retry', 'what may be sent again is sent again, see upstream of the route'],
	['send-request', otherService],
	['send-one-way-request', otherService],
	['cache-lookup', 'responses are not cached here'],
	['cache-store', 'responses are not cached here'],
	['emit-metric', nowhere],
	['log-to-eventhub', nowhere],
	['set-method', 'requests are forwarded with the method that was decided over'],
	['mock-response', 'examples of an API are not known here: use return-response'],
]);

export const supportedStatements: readonly string[] = [...table.keys(), 'choose', 'include-fragment', 'base'];

/** The statements within `element`; `path`: where that stands in its section. */
export function readStatements(element: PolicyElement, reading: Reading, path = ''): readonly Statement[] {
	if (element.text !== undefined) {
		reading.error('text_unexpected', element.text.position, `text in <${element.name}>, where statements stand`);
	}
	return readList(element.children, reading, path);
}

export function readList(elements: readonly PolicyElement[], reading: Reading, path: string): readonly Statement[] {
	const counts = new Map<string, number>();
	return elements.flatMap((element) => {
		const nth = (counts.get(element.name) ?? 0) + 1;
		counts.set(element.name, nth);
		const own = `${path}${path === '' ? '' : '/'}${element.name}[${nth}]`;
		return reading.counts(element.position) ? (readStatement(element, reading, own) ?? []) : [];
	});
}

function readStatement(element: PolicyElement, reading: Reading, path: string): Statement | undefined {
	const { name, position } = element;
	const place = {
		file: reading.file,
		position,
		scope: reading.scope,
		section: reading.section,
		path,
		id: reading.constant(element, 'id')?.text,
	};
	switch (name) {
		case 'base':
			reading.expect(element, []);
			return { place, kind: 'base' };
		case 'choose':
			return {
				place,
				...readChoose(element, reading, (within, step) => readStatements(within, reading, `${path}/${step}`)),
			};
		case 'include-fragment': {
			const included = readFragment(element, reading, path);
			return included === undefined ? undefined : { place, ...included };
		}
		default: {
			const entry = table.get(name);
			if (entry === undefined) {
				const hint = hints.get(name);
				const message = `<${name}> is not supported${hint === undefined ? ', and nothing is skipped' : `: ${hint}`}`;
				return reading.error('statement_unsupported', position, message);
			}
			if (!entry.sections.includes(reading.section)) {
				return reading.error('statement_not_here', position, `<${name}> is not supported in ${reading.section}`);
			}
			if (name === 'cors' && path.includes('choose[')) {
				return reading.error('statement_not_here', position, '<cors> in <choose> would not be seen by preflights');
			}
			const read = entry.read(element, reading);
			return read === undefined ? undefined : { place, ...read };
		}
	}
}

function readFragment(element: PolicyElement, reading: Reading, path: string): Bare<Statement> | undefined {
	reading.expect(element, ['fragment-id']);
	const name = reading.requiredConstant(element, 'fragment-id');
	if (name === undefined) return undefined;
	const source = reading.surroundings.fragments.get(name);
	if (source === undefined) {
		return reading.error('fragment_unknown', element.position, `the fragment ${name} is not defined`);
	}
	const within = reading.within(name, source.file, element.position);
	if (within === undefined) return undefined;
	const { roots } = source.document;
	const [root] = roots;
	const statements =
		roots.length === 1 && root?.name === 'fragment'
			? readStatements(root, within, path)
			: readList(roots, within, path);
	return { kind: 'include-fragment', fragment: name, statements };
}
