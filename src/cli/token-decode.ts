import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { isJsonObject, type JsonObject, member } from '#core/index';
import { parseCompactJws } from '#formats/compact-jws';
import { formatDuration } from '#formats/duration';
import { parseOptions, textOption } from './usage.ts';

const help = `Usage: countersign token decode [--token-file FILE] [--json]

Shows what a JWT says. Nothing is verified: use it to see issuer, audience and times, never to decide anything.

  --token-file FILE  where the token stands; "-" or none: standard input
  --json             {"header": …, "claims": …} on standard output
`;

export async function runDecode(args: readonly string[]): Promise<number> {
	const { values } = parseOptions(args, { 'token-file': { type: 'string' }, json: { type: 'boolean' } }, false);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const file = textOption(values['token-file']) ?? '-';
	const input = file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
	const parsed = parseCompactJws(input.trim().replace(/^bearer +/i, ''));
	if (typeof parsed === 'string') {
		process.stderr.write(`not a JWT that Countersign would accept: ${parsed}\n`);
		return 1;
	}
	const { header, claims } = parsed;
	if (values['json'] === true) {
		process.stdout.write(`${JSON.stringify({ header, claims }, null, 2)}\n`);
		return 0;
	}
	process.stdout.write(
		`header (not verified)\n${listing(header)}\nclaims (not verified)\n${listing(claims)}\n${times(claims)}`,
	);
	return 0;
}

/** One member a line; JSON escapes what a terminal would act on, but not the C1 controls. */
function listing(object: JsonObject): string {
	return Object.entries(object)
		.map(
			([name, value]) =>
				`  ${printable(isPlain(name) ? name : JSON.stringify(name))}: ${printable(JSON.stringify(value))}\n`,
		)
		.join('');
}

function isPlain(name: string): boolean {
	return /^[\x21-\x7e]+$/.test(name);
}

function printable(text: string): string {
	return text.replace(
		/[^\x20-\x7e\u00a0-\u1fff\u2c00-\ud7ff]/g,
		(char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

function times(claims: JsonObject): string {
	const now = Date.now() / 1000;
	const lines = (['iat', 'nbf', 'exp', 'auth_time'] as const).flatMap((name) => {
		const at = member(claims, name);
		if (typeof at !== 'number' || !Number.isFinite(at) || Math.abs(at) > 8.64e12) return [];
		const seconds = Math.round(Math.abs(at - now));
		const when = at > now ? `in ${formatDuration(seconds)}` : `${formatDuration(seconds)} ago`;
		return [`  ${name}: ${new Date(at * 1000).toISOString()} (${when})\n`];
	});
	return isJsonObject(claims) && lines.length > 0 ? `times\n${lines.join('')}` : '';
}
