/** `backend_token: { type: mint }`: for whom, for how long, and which claims of the client's token go in. */
import { longestMintedLifetime, reservedMintedClaims } from '#core/index';
import { type BackendTokenSurroundings, readTarget } from './backend-token-exchange.ts';
import { defaults } from './defaults.ts';
import type { MintDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { checkCredentialHeader } from './identity-headers.ts';
import { type Reading, seconds } from './reading.ts';
import type { MintFile } from './schema-backend-token.ts';
import { readMapping } from './value-mapping.ts';

/** Seconds. Less is over before it has arrived. */
const shortestLifetime = 5;

export function readMint(
	file: MintFile,
	path: ConfigPath,
	{ accepted, parameters, minting }: BackendTokenSurroundings,
	reading: Reading,
): MintDefinition {
	const { report } = reading;
	if (!minting) {
		report.error(path, 'minting is missing in the file: who signs?', {
			at: 'key',
			fix: 'For example: minting: { issuer: https://gateway.example.com }',
		});
	}
	const lifetime = seconds(file.lifetime ?? defaults.mint.lifetime) ?? 0;
	if (lifetime < shortestLifetime || lifetime > longestMintedLifetime) report.error([...path, 'lifetime'], '5s to 1h');
	const claims = readClaims(file.claims, [...path, 'claims'], parameters, reading);
	const namesIssuer = claims.some(
		({ mapping }) => 'claim' in mapping && (mapping.claim === 'iss' || mapping.claim === '/iss'),
	);
	if (new Set(accepted).size > 1 && !namesIssuer) {
		report.warning(
			path,
			'tokens of several providers are accepted: who has the same sub at two of them is one and the same to the upstream',
			{ at: 'key', fix: 'Say who vouches for sub, for example: claims: { idp: iss }' },
		);
	}
	const { audience } = readTarget({ audience: file.audience }, path, parameters, reading);
	return {
		type: 'mint',
		audience,
		lifetime,
		typ: file.typ ?? defaults.mint.typ,
		claims,
		actor: file.actor,
		header: checkCredentialHeader(file.header ?? 'Authorization', [...path, 'header'], report),
	};
}

function readClaims(
	claims: MintFile['claims'],
	path: ConfigPath,
	parameters: readonly string[] | undefined,
	{ report }: Reading,
): MintDefinition['claims'] {
	return Object.entries(claims ?? {}).flatMap(([name, file]) => {
		const at = [...path, name];
		if (reservedMintedClaims.some((reserved) => reserved === name)) {
			report.error(at, `the claim ${name} is the gateway’s own word, and is not mapped`, {
				at: 'key',
				...(name in fixes ? { fix: fixes[name as keyof typeof fixes] } : {}),
			});
			return [];
		}
		const mapping = readMapping(file, at, { parameters, report });
		return mapping === undefined ? [] : [{ name, mapping }];
	});
}

const fixes = {
	aud: 'Say audience beside claims.',
	exp: 'Say lifetime beside claims.',
	act: 'Say actor beside claims; the client’s act stands in the token by itself.',
	cnf: 'A key of the client proves nothing to the upstream: the gateway has checked it.',
};
