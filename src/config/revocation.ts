/** What revokes tokens besides the admin API: which providers may send logout tokens, and whom those must be meant for. */
import { templateNames } from '#formats/template';
import type { RevocationDefinition } from './definition.ts';
import { type Report, suggest } from './diagnostics.ts';
import type { ReadProvider } from './providers.ts';
import { asList } from './reading.ts';
import type { ConfigFile } from './schema.ts';

export function readRevocation(
	file: ConfigFile['revocation'],
	providers: ReadonlyMap<string, ReadProvider>,
	report: Report,
): RevocationDefinition {
	const logout = Object.entries(file?.logout ?? {}).map(([provider, entry]) => {
		const path = ['revocation', 'logout', provider];
		const found = providers.get(provider);
		if (found === undefined) {
			const fix = suggest(provider, providers.keys()) ?? 'Define it under providers:.';
			report.error(path, `there is no provider ${provider}`, { at: 'key', fix });
		} else if (!found.definition.tokens.includes('jwt')) {
			report.error(path, 'a logout token is a JWT, and this provider has no keys to verify one', { at: 'key' });
		}
		const audience = asList(entry.audience);
		if (audience.flatMap(templateNames).length > 0) {
			report.error([...path, 'audience'], 'a logout token has no route, and so no parameters');
		}
		return { provider, audience };
	});
	return { logout };
}
