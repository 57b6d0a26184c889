/** Countersign with something more to do than check a JWT, compared with Countersign that only checks a JWT. */
import type { Config } from '../peers/countersign.ts';
import type { Setting, Verification } from '../peers/peer.ts';

export interface Variant {
	readonly id: string;
	readonly name: string;
	readonly label: Exclude<Verification, 'none'> | 'first seen';
	/** What it does beyond the plain row, as the report says it. */
	readonly about: string;
	/** The most that it may cost, in percent of the plain row; without it the report judges nothing. */
	readonly limit?: number;
	/** Why it cannot take part on this machine or in this version; undefined when it can. */
	missing(): Promise<string | undefined>;
	/** Starts what it needs beside the gateway. */
	prepare(setting: Setting, plain: Config): Promise<Prepared>;
}

export interface Prepared {
	/** The whole configuration: the plain one with its changes. */
	readonly config: Config;
	/**
	 * Each credential is used once, and every round asks for new ones: proofs, or what may not be seen twice. Otherwise
	 * they are used in turn, and asked for once.
	 */
	readonly once: boolean;
	/** Header fields of one request each, such as `Authorization: Bearer …`; several are separated by tabs. */
	credentials(count: number): Promise<readonly string[]>;
	/** Ends what `prepare` started. */
	stop(): Promise<void>;
}
