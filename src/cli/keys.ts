/** `countersign keys`: key pairs for shared access signatures, made and replaced while the gateway runs. */
import { isJsonObject, type JsonObject, member } from '#core/index';
import { type AdminCall, adminClient, adminHelp, adminOptions } from './admin-client.ts';
import { actionOf, parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign keys list --admin URL
       countersign keys create --admin URL --name NAME [--scope SCOPE]... [--claims JSON]
       countersign keys regenerate --admin URL --name NAME --half primary|secondary
       countersign keys disable|enable|remove --admin URL --name NAME

Named pairs of shared keys, in the store of the gateway, for providers with stored_keys. Both keys of a pair are in force
at once: move clients to one, then regenerate the other, which stops working on every gateway at that moment. It
shows a key once, when it is made.

  --provider NAME    whose keys; not needed where one provider has stored_keys
  --name NAME        name of the pair: what signatures call it (skn), and the client of whoever signs
  --half HALF        which of the two: primary or secondary
  --scope SCOPE      scope of its signatures; may be repeated
  --claims JSON      claims of its signatures, as an object
${adminHelp}
  --json             what the admin API answered
`;

const actions = ['list', 'create', 'regenerate', 'disable', 'enable', 'remove'] as const;

export async function runKeys(args: readonly string[]): Promise<number> {
	const text = { type: 'string' } as const;
	const { values, positionals } = parseOptions(
		args,
		{
			...adminOptions,
			provider: text,
			name: text,
			half: text,
			claims: text,
			scope: { type: 'string', multiple: true },
			json: { type: 'boolean' },
		},
		true,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const action = actionOf(actions, positionals);
	const answer = await ask(action, values, await adminClient(values));
	process.stdout.write(values['json'] === true ? `${JSON.stringify(answer, null, 2)}\n` : render(action, answer));
	return 0;
}

async function ask(
	action: (typeof actions)[number],
	values: Readonly<Record<string, unknown>>,
	call: AdminCall,
): Promise<JsonObject> {
	if (action === 'list') return call('GET', '/keys');
	const [name, provider, half] = ['name', 'provider', 'half'].map((option) => textOption(values[option]));
	if (name === undefined) throw new UsageError('--name NAME is missing');
	const pair = { name, ...(provider === undefined ? {} : { provider }) };
	if (action === 'create') {
		const { scope = [] } = values;
		const scopes = Array.isArray(scope) ? scope.map(String) : [];
		return call('POST', '/keys', { ...pair, scopes, claims: readClaims(textOption(values['claims'])) });
	}
	if (action === 'regenerate') {
		if (half === undefined) throw new UsageError('--half primary or --half secondary is missing');
		return call('POST', '/keys/regenerate', { ...pair, half });
	}
	return call('POST', `/keys/${action}`, pair);
}

function readClaims(text: string | undefined): JsonObject {
	if (text === undefined) return {};
	try {
		const claims: unknown = JSON.parse(text);
		if (isJsonObject(claims)) return claims;
	} catch {
		// The same words for both.
	}
	throw new UsageError('--claims is no JSON object');
}

function render(action: (typeof actions)[number], answer: JsonObject): string {
	const shown = (name: string, object = answer): string => {
		const value = member(object, name);
		return typeof value === 'string' ? value : JSON.stringify(value ?? null);
	};
	switch (action) {
		case 'list': {
			const keys = member(answer, 'keys');
			const lines = (Array.isArray(keys) ? keys.filter(isJsonObject) : []).map(
				(pair) =>
					`${shown('provider', pair)} ${shown('name', pair)}: primary of ${shown('primary_made_at', pair)}, secondary of ${shown('secondary_made_at', pair)}${member(pair, 'disabled') === true ? ', disabled' : ''}\n`,
			);
			return lines.length === 0 ? 'no key pairs in the store\n' : lines.join('');
		}
		case 'create':
			return `primary   ${shown('primary')}\nsecondary ${shown('secondary')}\n`;
		case 'regenerate':
			return `${shown('half')} ${shown('key')}\n`;
		case 'disable':
		case 'enable':
		case 'remove':
			return `${action}d ${shown('name')}\n`;
	}
}
