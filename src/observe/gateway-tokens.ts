/**
 * Tokens of self-hosted gateways that end soon, or have ended: counted at every request, and on record once an hour for
 * each gateway, as an event of its own beside the records of requests, so that somebody renews them in time.
 */
import type { Facts, Meter, Reason, Series } from '#core/index';
import { cut } from './audit-record.ts';
import { gatewayTokenNearExpiry, maxClients, metrics } from './catalogue.ts';

/** As it is written to the audit log. Holds no token. */
export interface GatewayTokenEvent {
	/** RFC 3339, UTC, milliseconds. */
	readonly time: string;
	readonly event: 'gateway_token_near_expiry' | 'gateway_token_expired';
	readonly provider: string;
	/** Name of its key pair. */
	readonly gateway: string;
	/** RFC 3339, UTC. */
	readonly expires_at: string;
	readonly token_id?: string;
}

export interface GatewayTokenRequest {
	readonly facts: Facts | undefined;
	readonly decision: 'allow' | 'answer' | 'deny' | 'fault';
	readonly reason: Reason | undefined;
	/** Seconds since the epoch. */
	readonly now: number;
}

export interface GatewayTokenWatch {
	/** For each request that is over. Only genuine tokens count, so that nobody can make series or records. */
	ended(request: GatewayTokenRequest): void;
	/** Names of the providers whose signatures are tokens of gateways; series of others are forgotten. */
	follow(providers: ReadonlySet<string>): void;
}

type State = 'near_expiry' | 'expired';

interface Watched {
	readonly series: Series;
	/** Seconds since the epoch of the last event. */
	toldAt: number;
}

/** Seconds between two events of one gateway in one state. */
const pause = 3600;

/** `tell` takes each event; it never throws. */
export function createGatewayTokenWatch(meter: Meter, tell: (event: GatewayTokenEvent) => void): GatewayTokenWatch {
	let providers: ReadonlySet<string> = new Set();
	/** Provider → gateway and state. */
	const watched = new Map<string, Map<string, Watched>>();

	function stateOf({ facts, decision, reason, now }: GatewayTokenRequest): State | undefined {
		if (reason === 'token_expired') return 'expired';
		const expiresAt = facts?.principal?.expiresAt;
		return decision === 'allow' && expiresAt !== undefined && expiresAt - now < gatewayTokenNearExpiry
			? 'near_expiry'
			: undefined;
	}

	function find(provider: string, name: string, state: State): Watched {
		let own = watched.get(provider);
		if (own === undefined) watched.set(provider, (own = new Map()));
		const keyOf = (label: string) => `${label}&${state}`;
		const gateway = own.has(keyOf(name)) || own.size < 2 * maxClients ? name : 'other';
		let found = own.get(keyOf(gateway));
		if (found === undefined) {
			found = {
				series: meter.series(metrics.gatewayTokens, [provider, gateway, state]),
				toldAt: Number.NEGATIVE_INFINITY,
			};
			own.set(keyOf(gateway), found);
		}
		return found;
	}

	return {
		ended(request) {
			if (providers.size === 0) return;
			const { facts, now } = request;
			const principal = facts?.principal;
			if (principal?.expiresAt === undefined || !providers.has(principal.provider)) return;
			const state = stateOf(request);
			if (state === undefined) return;
			const { provider, client: gateway = '' } = principal;
			const found = find(provider, gateway, state);
			found.series.record(1);
			if (now - found.toldAt < pause) return;
			found.toldAt = now;
			tell({
				time: new Date(now * 1000).toISOString(),
				event: `gateway_token_${state}`,
				provider,
				gateway: cut(gateway),
				expires_at: new Date(principal.expiresAt * 1000).toISOString(),
				...(facts?.tokenId === undefined ? {} : { token_id: facts.tokenId }),
			});
		},
		follow(current) {
			providers = current;
			for (const [provider, own] of watched) {
				if (current.has(provider)) continue;
				for (const { series } of own.values()) series.remove();
				watched.delete(provider);
			}
		},
	};
}
