/**
 * How we prove to an authorization server who we are, the same for introspection, token exchange and client credentials
 * (RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2). Made anew for each request, since an assertion is good for one.
 */
import type { Algorithm, Clock, Cryptography, HeaderList, SigningKey, TlsIdentity } from '#core/index';
import { encodeFormValue } from '#formats/form';
import { encodeUtf8 } from '#formats/utf8';
import { signAssertion } from './client-assertion.ts';

/** Our registration with one authorization server. */
export interface ClientDefinition {
	/** `client_id`; may be empty with `bearer` alone. */
	readonly id: string;
	readonly authentication: ClientAuthenticationDefinition;
}

export type ClientAuthenticationDefinition =
	| {
			readonly method: 'client_secret_basic' | 'client_secret_post';
			readonly secret: string;
			/** Tried where the server does not take the first one: for the time in which a secret is replaced. */
			readonly secondary?: string | undefined;
	  }
	| {
			readonly method: 'client_secret_jwt';
			readonly secret: string;
			readonly secondary?: string | undefined;
			readonly algorithm: Algorithm;
			/** `aud` of the assertion: the server's issuer, or its token endpoint where it insists. */
			readonly audience: string;
	  }
	| {
			readonly method: 'private_key_jwt';
			/** PEM, or the text of a private JWK. */
			readonly key: string;
			/** Undefined: the usual one of the key. */
			readonly algorithm: Algorithm | undefined;
			/** `kid` of the assertion; undefined: that of the JWK, or none. */
			readonly keyId: string | undefined;
			readonly audience: string;
	  }
	/** PEM texts. */
	| { readonly method: 'tls_client_auth'; readonly certificate: string; readonly key: string }
	/** A token that the server gave out for this purpose (RFC 7662 §2.1). */
	| { readonly method: 'bearer'; readonly token: string }
	/** A public client, which has only its name (RFC 6749 §2.1). */
	| { readonly method: 'none' };

/** What goes into one request. */
export interface ClientProof {
	/** Lower-case names. */
	readonly headers: HeaderList;
	/** Form parameters beside the request's own. */
	readonly parameters: readonly (readonly [name: string, value: string])[];
	/** What the connection shows; undefined: nothing. */
	readonly certificate: TlsIdentity | undefined;
}

/** A proof, and with which of our secrets it was made. */
export interface MadeProof extends ClientProof {
	readonly secret: number;
}

export interface ClientAuthentication {
	readonly id: string;
	/** Rejects only when the key fails to sign, which is a bug or a bad key. */
	prove(): Promise<MadeProof>;
	/**
	 * The server did not take a proof made with this secret: true when there is another one that is worth a try, with
	 * which proofs are made from now on.
	 */
	refused(secret: number): boolean;
}

export interface ClientAuthenticationPorts {
	readonly clock: Pick<Clock, 'now'>;
	readonly cryptography: Pick<Cryptography, 'importPrivateKey' | 'importSigningSecret' | 'randomBytes'>;
}

/** Throws a readable Error that quotes no secret when the key cannot be used. */
export function createClientAuthentication(
	{ id, authentication }: ClientDefinition,
	ports: ClientAuthenticationPorts,
): ClientAuthentication {
	const provers = alternatives(authentication).map((each) => proverOf(id, each, ports));
	let current = 0;
	return {
		id,
		async prove() {
			const secret = current;
			const proof = await provers[secret]?.();
			if (proof === undefined) throw new Error('there is no way to authenticate');
			return { ...proof, secret };
		},
		refused(secret) {
			if (provers.length < 2) return false;
			// Whoever was refused with the other one meanwhile has turned already.
			if (secret === current) current = (current + 1) % provers.length;
			return true;
		},
	};
}

/** One way to authenticate for each secret. */
function alternatives(definition: ClientAuthenticationDefinition): readonly ClientAuthenticationDefinition[] {
	if (!('secondary' in definition) || definition.secondary === undefined) return [definition];
	return [definition, { ...definition, secret: definition.secondary }];
}

function proverOf(
	id: string,
	definition: ClientAuthenticationDefinition,
	ports: ClientAuthenticationPorts,
): () => Promise<ClientProof> {
	switch (definition.method) {
		case 'client_secret_basic': {
			const proof = {
				headers: [['authorization', basic(id, definition.secret)]],
				parameters: [],
				certificate: undefined,
			} as const;
			return async () => proof;
		}
		case 'client_secret_post': {
			const parameters = [
				['client_id', id],
				['client_secret', definition.secret],
			] as const;
			return async () => ({ headers: [], parameters, certificate: undefined });
		}
		case 'client_secret_jwt': {
			const { secret, algorithm, audience } = definition;
			const key = ports.cryptography.importSigningSecret(encodeUtf8(secret));
			return asserting({ id, key, algorithm, keyId: undefined, audience }, ports);
		}
		case 'private_key_jwt': {
			const { algorithm, audience, keyId } = definition;
			const key = ports.cryptography.importPrivateKey(definition.key);
			const [usual] = key.algorithms;
			const chosen = algorithm ?? usual;
			if (chosen === undefined || !key.algorithms.includes(chosen)) {
				throw new Error(
					`the private key cannot sign with ${chosen ?? 'anything'}: it is for ${key.algorithms.join(', ')}`,
				);
			}
			return asserting({ id, key, algorithm: chosen, keyId: keyId ?? key.kid, audience }, ports);
		}
		case 'tls_client_auth': {
			const { certificate, key } = definition;
			// RFC 8705 §2: the certificate does not say which client it is for, so client_id stands in the request.
			const proof = { headers: [], parameters: [['client_id', id]], certificate: { certificate, key } } as const;
			return async () => proof;
		}
		case 'none': {
			const proof = { headers: [], parameters: [['client_id', id]], certificate: undefined } as const;
			return async () => proof;
		}
		case 'bearer': {
			const headers = [['authorization', `Bearer ${definition.token}`]] as const;
			return async () => ({ headers, parameters: [], certificate: undefined });
		}
	}
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before RFC 7617 joins them with a colon. */
function basic(id: string, secret: string): string {
	return `Basic ${btoa(`${encodeFormValue(id)}:${encodeFormValue(secret)}`)}`;
}

interface Asserting {
	readonly id: string;
	readonly key: SigningKey;
	readonly algorithm: Algorithm;
	readonly keyId: string | undefined;
	readonly audience: string;
}

function asserting(
	asserted: Asserting,
	{ clock, cryptography }: ClientAuthenticationPorts,
): () => Promise<ClientProof> {
	return async () => ({
		headers: [],
		parameters: [
			['client_id', asserted.id],
			['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
			['client_assertion', await signAssertion(asserted, clock.now() / 1000, cryptography)],
		],
		certificate: undefined,
	});
}
