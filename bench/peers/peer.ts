/** What is measured: a gateway between load and backend. */
import type { Issuer } from '../tokens.ts';

export interface Setting {
	readonly issuer: Issuer;
	readonly backendPort: number;
	/** A folder for configuration, logs and keys, one per peer. */
	readonly folder: string;
}

export interface Running {
	readonly port: number;
	/** The process that the others of the gateway descend from. */
	readonly pid: number;
	stop(): Promise<void>;
}

export interface Peer {
	readonly name: string;
	/** What it does with the token, as the table says it. */
	readonly tokens: string;
	/** `cached`: a token seen before is not verified again; `each request`: always; `none`: no token is looked at. */
	readonly verification: 'cached' | 'each request' | 'none';
	/** Version of the software, or undefined when it is not installed. */
	version(): Promise<string | undefined>;
	start(setting: Setting): Promise<Running>;
}
