/**
 * The only door of http/: what carries HTTP, behind an interface that does not say how. Everything outside decides with
 * a RequestView and an Action; which sockets, parsers and pools do the work is this folder's own affair.
 */
import type { Answer, Log, Reason, RequestEdits, RequestView, ResponseEdits, Upstream } from '#core/index';
import type { CollectAction } from './exchange/collecting.ts';
import type { Lookup } from './upstream/addresses.ts';
import type { PoolState } from './upstream/upstream-pools.ts';

export type { PoolState } from './upstream/upstream-pools.ts';

/**
 * Field lines of the gateway's own, in place of all that a message has under their names. They go out as they are, without
 * another look: nothing may stand in them but what cannot be wrong.
 */
export interface OwnLines {
	/** Canonical: lower-case, `-` for whatever is neither letter nor digit. */
	readonly names: readonly string[];
	/** Whole lines, each with its end. */
	readonly text: string;
}

/** What the engine shall do with one request. */
export type Action =
	| {
			readonly kind: 'forward';
			readonly upstream: RequestEdits;
			readonly response: ResponseEdits;
			/** Beside what the edits set, for the upstream and for the client; absent: none. */
			readonly upstreamLines?: OwnLines;
			readonly responseLines?: OwnLines;
			/** Milliseconds since the epoch at which an upgraded connection must end; Infinity: never. */
			readonly until: number;
			/** The same for a response that is still under way; it is broken off. */
			readonly responseUntil: number;
			/** Whether `opened` is told of a response that is under way too; absent: of a tunnel alone. */
			readonly endsResponse?: boolean;
	  }
	| { readonly kind: 'answer'; readonly answer: Answer }
	| CollectAction;

/** One request, from the engine's side, once it is over. */
export interface Outcome {
	/** Status that the client got; 0 when the client went away before. */
	readonly status: number;
	/** Status of the upstream; undefined when it was not asked or did not answer. */
	readonly upstreamStatus: number | undefined;
	/** Set when the engine itself refused or failed (timeouts, limits, upstream faults) after or instead of the action. */
	readonly reason: Reason | undefined;
	/** For the log only. */
	readonly cause: unknown;
	/** Milliseconds from the request's head to the end of the response. */
	readonly duration: number;
	/** Milliseconds from forwarding to the response head; undefined when not forwarded. */
	readonly upstreamDuration: number | undefined;
}

/** The gateway, as the engine sees it: it decides, it words refusals, it hears the end. `C` is its record of a request. */
export interface RequestHandler<C> {
	/** Called once per well-formed request head, before any of its body is read. A throw becomes `internal_error`. */
	decide(request: RequestView): Decision<C> | Promise<Decision<C>>;
	/**
	 * Words an answer for a reason that the engine found. `decision` is what `decide` gave; `request` is undefined when no
	 * head could be read.
	 */
	refuse(reason: Reason, request: RequestView | undefined, decision: Decision<C> | undefined): Answer;
	/**
	 * Called when a forward has become a tunnel, and for responses whose action says so, when the head has gone out. `cut`
	 * ends it as its time does, for a reason that its outcome then has; it must not be called before this returns. What
	 * comes back is called when it is over. Absent: nothing is cut before its time. Must not throw.
	 */
	opened?(decision: Decision<C>, cut: (reason: Reason) => void): () => void;
	/** Called exactly once for every `decide` and for every refusal without one. Must not throw. */
	ended(outcome: Outcome, request: RequestView | undefined, decision: Decision<C> | undefined): void;
}

export interface Decision<C> {
	readonly action: Action;
	/** Carried through to `refuse` and `ended`. */
	readonly record: C;
}

export interface EngineOptions {
	readonly listeners: readonly ListenerOptions[];
	readonly trustedProxies: readonly string[];
	readonly limits: {
		/** Bytes of the request head. */
		readonly headers: number;
		readonly headerCount: number;
		/** Bytes of a request body; undefined: unlimited. */
		readonly body: number | undefined;
		readonly connections: number | undefined;
	};
	/** Milliseconds. */
	readonly timeouts: {
		readonly tlsHandshake: number;
		readonly requestHead: number;
		readonly requestBody: number;
		readonly keepAlive: number;
		readonly tunnelIdle: number;
		readonly drain: number;
	};
	readonly log: Log;
	/** How names of upstreams are resolved. Default: as the operating system does. */
	readonly lookup?: Lookup;
}

export interface ListenerOptions {
	readonly host: string;
	/** 0: any free port. */
	readonly port: number;
	readonly tls:
		| {
				/** PEM texts. */
				readonly certificate: string;
				readonly key: string;
				readonly clientCa: string | undefined;
				readonly clientCertificate: 'none' | 'request' | 'require';
		  }
		| undefined;
}

export interface Engine {
	/**
	 * Opens every listener; rejects with a readable Error when one cannot be opened, and closes the others again.
	 * `descriptors`: of sockets that are bound already, one for each listener; the engine takes connections from them
	 * along with whoever else holds them.
	 */
	listen(descriptors?: readonly number[]): Promise<readonly BoundAddress[]>;
	/**
	 * Certificates, keys and client authorities of the listeners with these hosts and ports, for connections from now on.
	 * Everything else of a listener stays as it is. Throws for a certificate that cannot be used.
	 */
	renewCertificates(listeners: readonly ListenerOptions[]): void;
	/**
	 * The upstreams of the configuration in force: their health checks run from now on, and connections to others are
	 * closed as they become idle. Unchanged ones keep theirs. Throws, and changes nothing, when TLS settings cannot be used.
	 */
	followUpstreams(upstreams: readonly Upstream[]): void;
	/** Connections, queues and health of every upstream that was used or is checked. */
	upstreams(): readonly PoolState[];
	/**
	 * Keys of TLS session tickets (48 octets), so that another process can resume what began here; those before count for
	 * nothing from now on. `renewCertificates` replaces them by random ones.
	 */
	useTicketKeys(keys: Uint8Array): void;
	/** Stops accepting, lets requests under way end for `timeouts.drain`, then cuts. Resolves when all is closed. */
	drain(): Promise<void>;
}

export interface BoundAddress {
	readonly host: string;
	readonly port: number;
	/** `http://127.0.0.1:8080`; IPv6 in brackets. */
	readonly url: string;
}
