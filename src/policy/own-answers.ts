/**
 * What the gateway answers itself, whatever the routes say: pages of sessions, documents, and preflights of the routes
 * that answer for CORS. The one place that decision and explanation ask first.
 */
import { answerPreflight, preflightMethod } from '#answers/cors';
import type { Answer, Evidence, SessionPage } from '#core/index';
import { locate } from './locate.ts';
import type { Policy } from './policy.ts';
import type { RoutePolicy } from './route-policy.ts';

export type OwnAnswer =
	| { readonly kind: 'session_page'; readonly page: SessionPage }
	| { readonly kind: 'document'; readonly answer: Answer }
	/** Without an answer the program of the route has one. */
	| { readonly kind: 'preflight'; readonly route: RoutePolicy; readonly answer: Answer | undefined };

/** Undefined: the request is for a route. Never waits. */
export function findOwnAnswer(policy: Policy, evidence: Evidence): OwnAnswer | undefined {
	const { request, now } = evidence;
	const page = policy.sessions?.find(request);
	if (page !== undefined) return { kind: 'session_page', page };
	const answer = policy.ownDocuments?.(request, now);
	if (answer !== undefined) return { kind: 'document', answer };
	const asked = preflightMethod(request);
	if (asked === undefined) return undefined;
	const target = locate(policy, evidence, asked);
	if (target.kind !== 'route') return undefined;
	const { route } = target;
	if (route.program?.program.preflight !== undefined) return { kind: 'preflight', route, answer: undefined };
	return route.cors === undefined
		? undefined
		: { kind: 'preflight', route, answer: answerPreflight(route.cors, request) };
}

/** Whether the page takes this method; else the evidence says which it takes. */
export function takesMethod({ methods }: SessionPage, evidence: Evidence): boolean {
	const { method } = evidence.request;
	if (methods.includes(method)) return true;
	evidence.check = 'method';
	evidence.expected = `method ${methods.join(' or ')}`;
	evidence.found = `method ${method.slice(0, 32)}`;
	return false;
}
