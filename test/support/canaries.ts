/**
 * What must show up nowhere, and everywhere that it could: each test file plants the tokens that it signs or sends and
 * the secrets of its configurations, and what its upstreams, logs, records and metrics have seen is searched for them
 * when the file is over. The helpers do both by themselves.
 */

/** Shorter than that, a word is found where it only looks alike. */
const least = 16;

const words = /[A-Za-z0-9_-]{16,}/g;
/** Names under which a configuration holds a secret. */
const secretNames = /^(secret|primary|secondary|digest_key|encryption_keys|token|identity_header|password|value)$/;

interface Place {
	readonly name: string;
	readonly isUpstream: boolean;
	readonly texts: () => Iterable<string>;
}

export class Canaries {
	/** Payloads, signatures and whole opaque tokens: no backend, log, record or metric ever sees one. */
	readonly #tokens = new Set<string>();
	readonly #passed = new Set<string>();
	/** Secrets and lines of private keys; an upstream sees none but those that are for it. */
	readonly #secrets = new Set<string>();
	readonly #forUpstreams = new Set<string>();
	readonly #places: Place[] = [];

	/** A token of a client, whatever its kind. Headers of JWTs are no secret, and many tokens have the same one. */
	plantToken(token: string): void {
		const segments = token.split('.');
		for (const word of segments.length > 2 ? segments.slice(1) : segments) {
			if (word.length >= least && /^[A-Za-z0-9_-]+$/.test(word)) this.#tokens.add(word);
		}
	}

	/** This one may reach an upstream: a token that is for it, or that the test has the gateway let through. */
	letThrough(token: string): string {
		for (const word of token.match(words) ?? []) this.#passed.add(word);
		return token;
	}

	/** The secrets of a configuration, as text or as an object, and the private keys among its files. */
	plantSecrets(config: unknown, files: Readonly<Record<string, string>> = {}): void {
		if (typeof config === 'object' && config !== null) this.#walk(config, '');
		else if (typeof config === 'string') {
			for (const [, name = '', value = ''] of config.matchAll(/\b([a-z_]+): *"?([^\s",}]+)/g))
				this.#plant(name, value, '');
		}
		for (const text of Object.values(files)) {
			for (const [block] of text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+/g)) {
				for (const line of block.split('\n')) if (/^[A-Za-z0-9+/]{40,}=*$/.test(line)) this.#secrets.add(line);
			}
		}
	}

	/** `texts` is read when the file is over, and must then still give everything that came. */
	watch(name: string, isUpstream: boolean, texts: () => Iterable<string>): void {
		this.#places.push({ name, isUpstream, texts });
	}

	/** Another test file begins: nothing is planted, and nobody is watched. */
	clear(): void {
		for (const words of [this.#tokens, this.#passed, this.#secrets, this.#forUpstreams]) words.clear();
		this.#places.length = 0;
	}

	/** What was found where; empty: nothing. */
	leaks(): readonly string[] {
		const leaks = new Set<string>();
		for (const { name, isUpstream, texts } of this.#places) {
			const forbidden = isUpstream ? [...this.#secrets] : [...this.#secrets, ...this.#forUpstreams];
			for (const text of texts()) {
				for (const word of text.match(words) ?? []) {
					if (!this.#tokens.has(word) || (isUpstream && this.#passed.has(word))) continue;
					leaks.add(`a token in ${name}: ${word.slice(0, 12)}…`);
				}
				for (const secret of forbidden) {
					if (text.includes(secret)) leaks.add(`a secret in ${name}: ${secret.slice(0, 6)}…`);
				}
			}
		}
		return [...leaks];
	}

	#walk(value: object, within: string): void {
		for (const [name, item] of Object.entries(value)) {
			const key = Array.isArray(value) ? within : name;
			if (typeof item === 'object' && item !== null) this.#walk(item, key);
			else if (typeof item === 'string') this.#plant(key, item, within);
		}
	}

	#plant(name: string, value: string, within: string): void {
		if (!secretNames.test(name) || value.length < least || value.includes('${')) return;
		// What a header is mapped from may be a `value` too, and that travels.
		if (name === 'value' && within !== 'backend_token') return;
		(name === 'value' || name === 'password' ? this.#forUpstreams : this.#secrets).add(value);
	}
}

/** Of the test file that runs. */
export const canaries = new Canaries();
