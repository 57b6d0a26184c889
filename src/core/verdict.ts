import type { RenewCredential } from './backend-token.ts';
import type { ContentEdit } from './content-edit.ts';
import type { Evidence } from './evidence.ts';
import type { Facts } from './facts.ts';
import type { Principal } from './principal.ts';
import type { DenyReason, FaultReason } from './reasons.ts';
import type { HeaderList } from './request-view.ts';
import type { ResponseProgram } from './response-program.ts';
import type { ReadBody } from './session.ts';
import type { Upstream } from './upstream.ts';

/** What to do with a request. Only `allow` ever reaches an upstream. */
export type Verdict =
	| {
			readonly kind: 'allow';
			readonly principal: Principal | null;
			readonly upstream: RequestEdits;
			readonly response: ResponseEdits;
			/** Milliseconds since the epoch at which a tunnel must end; Infinity when nothing bounds it. */
			readonly until: number;
			/** The same for a response that is still under way: a stream of events, say. */
			readonly responseUntil: number;
			/** Whether a response that is still under way ends when the credential is revoked, as a tunnel does in any case. */
			readonly endsResponse: boolean;
			readonly facts: Evidence;
	  }
	| {
			readonly kind: 'answer';
			readonly status: number;
			readonly headers: HeaderList;
			readonly body: Uint8Array | string;
			/** What is said once the request's body is there, in place of the above. */
			readonly read?: ReadBody;
			readonly facts: Facts;
	  }
	| {
			readonly kind: 'deny';
			readonly reason: DenyReason;
			readonly override?: { readonly status?: number; readonly headers?: HeaderList; readonly body?: string };
			readonly facts: Facts;
	  }
	| { readonly kind: 'fault'; readonly reason: FaultReason; readonly cause: unknown; readonly facts: Facts };

/** A finished answer of the gateway itself. */
export interface Answer {
	readonly status: number;
	readonly headers: HeaderList;
	readonly body: Uint8Array | string;
}

/** How the request changes on its way to the upstream. Hop-by-hop fields are the engine's business and come on top. */
export interface RequestEdits {
	readonly upstream: Upstream;
	/** Normalised path, prefix already stripped or added: exactly what the decision saw. */
	readonly path: string;
	/** With its `?`, or empty. */
	readonly query: string;
	readonly strip: HeaderStrip;
	/** Fields to add after stripping. Values hold no code point above U+00FF and no control character (invariant 9). */
	readonly set: HeaderList;
	/** Cookies to take out of `Cookie`, by name. */
	readonly cookies: readonly string[];
	/**
	 * What to do when the upstream answers 401: give it to the client as it is, or get another credential and ask once
	 * more, where that is safe (RFC 9110 §9.2.2).
	 */
	readonly onUnauthorized: 'pass' | RenewCredential;
}

/** Which inbound fields never travel on. Names are canonical: lower-case, `-` for whatever is neither letter nor digit. */
export interface HeaderStrip {
	readonly names: ReadonlySet<string>;
	readonly prefixes: readonly string[];
}

export interface ResponseEdits {
	/** Fields that replace the upstream's of the same name, lower-case names (CORS). */
	readonly set: HeaderList;
	/** Fields to add beside the upstream's (`Vary`), lower-case names. */
	readonly add: HeaderList;
	/** Lower-case names to remove from the upstream's response. */
	readonly remove: readonly string[];
	/** Of the route; the same object for every response of it. */
	readonly rules: ResponseRules;
	/** Texts that no field of the upstream may bring to the client: the credentials that it was given. */
	readonly withheld: readonly string[];
	/** Undefined: the content passes as it comes. */
	readonly content: ContentEdit | undefined;
	/** Asked once the head of the response is there, and then the last word on all but `rules` and `withheld`. Undefined: the above is. */
	readonly decide: ResponseProgram | undefined;
}

/** What becomes of what an upstream says. */
export interface ResponseRules {
	/** Lower-case names of fields that never pass. */
	readonly dropped: ReadonlySet<string>;
	/** Undefined: Set-Cookie passes as it is. Gives the new value, empty for a cookie that does not pass; must give a valid one for a valid one. */
	readonly rewriteCookie: ((value: string) => string) | undefined;
	/** Fields of a 401, beside those of the upstream that pass. */
	readonly challenge: HeaderList;
	/**
	 * Keeps shared caches from answering one client with what is another's: `Cache-Control: private` where the upstream
	 * says nothing of it, and these names in `Vary` where it leaves one out. Undefined: as the upstream says.
	 */
	readonly caching: { readonly vary: readonly string[] } | undefined;
	/** What becomes of a field that holds a withheld text: it goes, or is written with that text made unreadable. */
	readonly echo: 'strip' | 'rewrite' | 'pass';
}

/** Nothing becomes of it. */
export const passingRules: ResponseRules = {
	dropped: new Set(),
	rewriteCookie: undefined,
	challenge: [],
	caching: undefined,
	echo: 'pass',
};
