/** What is measured: a gateway between load and backend. */
import type { Issuer } from '../tokens.ts';

export interface Setting {
	readonly issuer: Issuer;
	readonly backendPort: number;
	/** A folder for configuration, logs and keys, one per instance. */
	readonly folder: string;
	/** Listen with TLS, with this certificate; without it plain HTTP. */
	readonly tls: TlsFiles | undefined;
}

export interface TlsFiles {
	/** PEM files. */
	readonly certificate: string;
	readonly key: string;
}

export interface Running {
	readonly port: number;
	/** The process that the others of the gateway descend from. */
	readonly pid: number;
	stop(): Promise<void>;
}

/**
 * `cached`: a token seen before is not verified again; `each request`: every signature is computed; `none`: no token is
 * looked at.
 */
export type Verification = 'cached' | 'each request' | 'none';

export interface Peer {
	/** What `--only` and the report's ratios call it. */
	readonly id: string;
	readonly name: string;
	/** Runs on Node.js, as a conventional gateway does. */
	readonly conventional: boolean;
	readonly verification: Verification;
	/** It was told to require the scope `orders:read`. */
	readonly checksScope: boolean;
	/** Differs from the row before it only in how tokens are kept or how many processes there are: no part of other sections. */
	readonly twin?: boolean;
	/** What it does with the token and besides, as the report says it. */
	readonly about: string;
	/** Version of the software, or undefined when it is not installed or cannot do this. */
	version(): Promise<string | undefined>;
	start(setting: Setting): Promise<Running>;
}
