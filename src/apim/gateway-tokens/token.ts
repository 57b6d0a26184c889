/** Makes a token of a self-hosted gateway: `id&yyyyMMddHHmm&signature`, as the provider format `apim_gateway` reads it. */
import type { Cryptography } from '#core/index';
import { compactSigningInput, formatCompactToken } from '#formats/shared-access/compact-token';
import { sharedAccessKeyOctets, sharedAccessTraits } from '#formats/shared-access/format';
import { encodeUtf8 } from '#formats/utf8';

export interface GatewayTokenInput {
	/** Name of the key pair. */
	readonly gateway: string;
	/** The key as its holders write it. */
	readonly key: string;
	/** Seconds since the epoch; the token holds its minute. */
	readonly expiresAt: number;
}

/** Without the scheme `GatewayKey`. Throws an Error that holds nothing of the key when the key is no key of the format. */
export async function makeGatewayToken(
	{ gateway, key, expiresAt }: GatewayTokenInput,
	crypto: Pick<Cryptography, 'importSigningSecret'>,
): Promise<string> {
	const octets = sharedAccessKeyOctets('apim_gateway', key);
	if (typeof octets === 'string') throw new Error(octets);
	const input = encodeUtf8(compactSigningInput(gateway, expiresAt));
	const signature = await crypto.importSigningSecret(octets).sign(sharedAccessTraits.apim_gateway.algorithm, input);
	return formatCompactToken(gateway, expiresAt, signature);
}
