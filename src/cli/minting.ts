/** `countersign minting`: the keys of minted tokens on a running gateway: shown, the next one made, one withdrawn. */
import { isJsonObject, type JsonObject, member } from '#core/index';
import { adminClient, adminHelp, adminOptions } from './admin-client.ts';
import { actionOf, parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign minting list --admin URL
       countersign minting rotate --admin URL
       countersign minting withdraw --admin URL --kid KID

The keys with which the gateway signs tokens for upstreams. list shows each one's state, since when it signs and until when
backends are told of it. rotate makes the next one now; it signs after publish_ahead, and no request notices. withdraw is
for a key that somebody else may have: it is gone on every gateway at once, with all that it signed.

  --kid KID          of the key to withdraw
${adminHelp}
  --json             what the admin API answered
`;

const actions = ['list', 'rotate', 'withdraw'] as const;

export async function runMinting(args: readonly string[]): Promise<number> {
	const { values, positionals } = parseOptions(
		args,
		{ ...adminOptions, kid: { type: 'string' }, json: { type: 'boolean' } },
		true,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const action = actionOf(actions, positionals);
	const kid = textOption(values['kid']);
	if (action === 'withdraw' && kid === undefined) throw new UsageError('--kid KID is missing');
	if (action !== 'withdraw' && kid !== undefined) throw new UsageError('--kid is for withdraw');
	const call = await adminClient(values);
	const answer =
		action === 'list'
			? await call('GET', '/minting')
			: await call('POST', `/minting/${action}`, kid === undefined ? {} : { kid });
	process.stdout.write(values['json'] === true ? `${JSON.stringify(answer, null, 2)}\n` : render(answer));
	return 0;
}

function render(answer: JsonObject): string {
	const keys = member(answer, 'keys');
	if (!Array.isArray(keys)) return 'nothing is minted here\n';
	const lines = keys.filter(isJsonObject).map((key) => {
		const [from, until] = [shown(key, 'signs_from'), shown(key, 'published_until')];
		const times = [
			...(from === undefined ? [] : [`signs from ${from}`]),
			...(until === undefined ? [] : [`published until ${until}`]),
		];
		return `${[`${shown(key, 'kid')} ${shown(key, 'algorithm')}: ${shown(key, 'state')}`, ...times].join(', ')}\n`;
	});
	const problem = shown(answer, 'last_error');
	if (problem !== undefined) lines.push(`the keys cannot be kept up: ${problem}\n`);
	return lines.length === 0 ? 'there is no key yet\n' : lines.join('');
}

function shown(object: JsonObject, name: string): string | undefined {
	const value = member(object, name);
	return typeof value === 'string' ? value : undefined;
}
