/** What all connections of one engine share. */
import type { EngineOptions, RequestHandler } from './engine.ts';
import type { Sweep } from './sweep.ts';
import type { UpstreamPools } from './upstream/upstream-pools.ts';

export interface EngineParts<C> {
	readonly options: EngineOptions;
	readonly handler: RequestHandler<C>;
	readonly pools: UpstreamPools;
	readonly sweep: Sweep;
	/** Whether the peer at this address is a trusted proxy. */
	isTrusted(address: string): boolean;
	/** True once `drain` was called: every response says `Connection: close`. */
	isDraining(): boolean;
	/** Exchanges that were started and whose end was not reported yet. */
	open: number;
}
