/**
 * The end of a session that still had one to end: here first, on every gateway, then at the provider, which is told that
 * nobody will use the refresh token any more (RFC 7009 §2). Whether it hears of that now is nobody's to wait for.
 */
import type { CodeFlow } from '#keys/authorization-server/code-flow';
import type { Keeper } from './keeper.ts';
import type { Session } from './session.ts';

/** Rejects with StoreUnavailable; then it has not ended. */
export type EndSession = (session: Session) => Promise<void>;

export interface EndingOptions {
	readonly keeper: Pick<Keeper, 'end'>;
	readonly flow: Pick<CodeFlow, 'revoke'>;
	/** Told when the provider did not take a revocation: then the token counts there until it runs out. */
	readonly onUnrevoked: () => void;
}

export function createEndSession({ keeper, flow, onUnrevoked }: EndingOptions): EndSession {
	return async (session) => {
		await keeper.end(session);
		const { refreshToken } = session;
		if (refreshToken === undefined) return;
		void flow.revoke(refreshToken).then((outcome) => {
			if (outcome === 'failed') onUnrevoked();
		});
	};
}
