/** The same rules as the plain row, written as an API Management policy that a route runs as it is. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { knowsKey } from '../peers/countersign.ts';
import { audience, issuer as issuerName, requiredScope } from '../tokens.ts';
import type { Variant } from './variant.ts';

export const apimPolicy: Variant = {
	id: 'apim-policy',
	name: 'API Management policy',
	label: 'cached',
	limit: 130,
	about: '`validate-jwt` with issuer, audience and scope in a policy file, in place of a provider and rules',
	missing: async () => ((await knowsKey('apim')) ? undefined : 'this version runs no policies'),
	async prepare({ folder, issuer }, plain) {
		const file = join(folder, 'policy.xml');
		await writeFile(file, policyFor(issuer.jwks));
		const routes = plain['routes'] as readonly { readonly scopes: unknown }[];
		const { providers: _, ...rest } = plain as { readonly providers: unknown };
		return {
			config: { ...rest, routes: routes.map(({ scopes: _scopes, ...route }) => ({ ...route, apim_policy: file })) },
			once: false,
			credentials: async (count) => (await issuer.mintMany(count)).map((token) => `Authorization: Bearer ${token}`),
			stop: async () => undefined,
		};
	},
};

function policyFor(jwks: { readonly keys: readonly object[] }): string {
	const [key] = jwks.keys as readonly { readonly kid: string; readonly n: string; readonly e: string }[];
	return `<policies>
	<inbound>
		<base />
		<validate-jwt header-name="Authorization" failed-validation-httpcode="401" require-scheme="Bearer">
			<issuer-signing-keys><key id="${key?.kid}" n="${key?.n}" e="${key?.e}" /></issuer-signing-keys>
			<audiences><audience>${audience}</audience></audiences>
			<issuers><issuer>${issuerName}</issuer></issuers>
			<required-claims>
				<claim name="scope" match="any" separator=" "><value>${requiredScope}</value></claim>
			</required-claims>
		</validate-jwt>
	</inbound>
	<backend><base /></backend>
	<outbound><base /></outbound>
	<on-error><base /></on-error>
</policies>
`;
}
