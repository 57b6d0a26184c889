/**
 * The fetcher of all processes of one gateway, in the primary. Who asks for what is being fetched already, or was a
 * moment ago, gets the same answer: workers that begin together, or meet one new key together, make one fetch of it.
 */
import type { Clock, DocumentFetcher, FetchedDocument } from '#core/index';

/** Milliseconds for which a good answer is given again: too short for anybody to miss a new key by it. */
const again = 1_000;

interface Flight {
	readonly answer: Promise<FetchedDocument>;
	/** Monotonic milliseconds of a good answer; undefined before. */
	landedAt: number | undefined;
}

/** Keeps the port's promises but one: who joins a fetch waits as long as the first who asked. Failures are not kept. */
export function createSharedFetcher(fetcher: DocumentFetcher, clock: Clock): DocumentFetcher {
	const flights = new Map<string, Flight>();
	return {
		get(url, options) {
			const now = clock.monotonic();
			for (const [key, { landedAt }] of flights) {
				if (landedAt !== undefined && now - landedAt >= again) flights.delete(key);
			}
			const key = `${options.maxBytes} ${url}`;
			const known = flights.get(key);
			if (known !== undefined) return known.answer;
			const flight: Flight = { answer: fetcher.get(url, options), landedAt: undefined };
			flights.set(key, flight);
			flight.answer.then(
				() => {
					flight.landedAt = clock.monotonic();
				},
				() => flights.delete(key),
			);
			return flight.answer;
		},
	};
}
