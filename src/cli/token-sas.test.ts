import { afterEach, expect, test, vi } from 'vitest';
import { farAway, senderKey, signApim, signSas } from '../../test/support/sign-sas.ts';
import { tempDir, writeIn } from '../../test/support/temp-dir.ts';
import { runToken } from './token.ts';

const folder = tempDir();
const keyFile = writeIn(folder, 'key', `${senderKey}\n`);
const hubKey = Buffer.from(senderKey).toString('base64');

afterEach(() => {
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

async function run(
	...args: readonly string[]
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
	const written = { out: '', err: '' };
	vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written.out += String(text)) !== '');
	vi.spyOn(process.stderr, 'write').mockImplementation((text) => (written.err += String(text)) !== '');
	const status = await runToken(['sas', ...args]);
	expect(written.err).not.toContain(senderKey);
	return { status, ...written };
}

const named = ['--key-name', 'sender'];
const withKey = [...named, '--key-file', keyFile];
const bus = ['--resource', 'sb://bus.example.net/orders'];
const expiry = ['--expiry', String(farAway)];
const written = '2100-01-01T00:00:00.0000000Z';
const apim = { id: 'sender', key: senderKey };

test.each([
	['service_bus', [...withKey, ...bus, ...expiry], `SharedAccessSignature ${signSas()}`],
	['service_bus', ['--key-file', keyFile, ...bus, ...expiry], `SharedAccessSignature ${signSas({ skn: undefined })}`],
	['service_bus', [...withKey, ...bus, '--expiry', '2100-01-01T02:00:00+02:00'], `SharedAccessSignature ${signSas()}`],
	['apim_management', [...withKey, ...expiry], `SharedAccessSignature ${signApim('long', { ...apim, written })}`],
	[
		'apim_management',
		[...withKey, '--expiry', String(farAway + 59), '--layout', 'compact'],
		`SharedAccessSignature ${signApim('compact', { ...apim, written: '210001010000', signed: written })}`,
	],
	[
		'apim_gateway',
		[...withKey, ...expiry],
		`GatewayKey ${signApim('compact', { ...apim, written: '210001010000', signed: written })}`,
	],
])('%s %j', async (format, args, token) => {
	expect(await run('--format', format, ...args)).toEqual({ status: 0, out: `${token}\n`, err: '' });
});

test('iot_hub, with the key from the environment', async () => {
	vi.stubEnv('HUB_KEY', hubKey);
	const args = ['--format', 'iot_hub', ...named, '--key-env', 'HUB_KEY', ...expiry];
	const { status, out } = await run(...args, '--resource', 'hub.example.net/devices/one');
	expect(status).toBe(0);
	expect(out).toBe(`SharedAccessSignature ${signSas({ resource: 'hub.example.net/devices/one' })}\n`);
});

test('an hour, unless told otherwise; and a word about one that has expired', async () => {
	const se = async (...args: readonly string[]) =>
		Number(/&se=(\d+)/.exec((await run('--format', 'service_bus', ...withKey, ...bus, ...args)).out)?.[1]);
	const now = Date.now() / 1000;
	expect(Math.abs((await se()) - now - 3600)).toBeLessThan(10);
	expect(Math.abs((await se('--lifetime', '5m')) - now - 300)).toBeLessThan(10);
	const { status, err } = await run('--format', 'service_bus', ...withKey, ...bus, '--expiry', '1000');
	expect({ status, err }).toEqual({ status: 0, err: 'countersign token sas: it has expired already\n' });
});

test.each([
	['no format', withKey, '--format FORMAT is missing'],
	['a format that is none', ['--format', 'blob', ...withKey], '--format is one of'],
	['no resource', ['--format', 'service_bus', ...withKey], '--resource URI is missing'],
	['a resource without need', ['--format', 'apim_gateway', ...withKey, ...bus], 'names no resource'],
	['no key', ['--format', 'service_bus', ...named, ...bus], 'give either --key-file FILE or --key-env NAME'],
	['two keys', ['--format', 'service_bus', ...withKey, ...bus, '--key-env', 'A'], 'give either'],
	['a variable that is not set', ['--format', 'service_bus', ...bus, '--key-env', 'NOT_SET_AT_ALL'], 'is not set'],
	['no key name', ['--format', 'apim_gateway', '--key-file', keyFile], '--key-name NAME is missing'],
	[
		'a key name with a delimiter',
		['--format', 'apim_gateway', '--key-name', 'a&b', '--key-file', keyFile],
		'--key-name',
	],
	[
		'a key name with a line feed',
		['--format', 'service_bus', ...bus, '--key-name', 'a\n', '--key-file', keyFile],
		'--key-name',
	],
	['two ends', ['--format', 'service_bus', ...withKey, ...bus, ...expiry, '--lifetime', '1h'], 'give either --expiry'],
	['an end that is none', ['--format', 'service_bus', ...withKey, ...bus, '--expiry', '1e9'], '--expiry is'],
	['a lifetime that is none', ['--format', 'service_bus', ...withKey, ...bus, '--lifetime', '1'], '--lifetime is'],
	[
		'a lifetime without end',
		['--format', 'service_bus', ...withKey, ...bus, '--lifetime', '999999999d'],
		'--lifetime is',
	],
	['a layout without need', ['--format', 'service_bus', ...withKey, ...bus, '--layout', 'long'], '--layout is for'],
	['a layout that is none', ['--format', 'apim_management', ...withKey, '--layout', 'short'], '--layout is long'],
	['an unknown option', ['--key', senderKey], "Unknown option '--key'"],
])('usage: %s', async (_, args, message) => {
	await expect(run(...args)).rejects.toThrow(message);
});

test.each([
	['a short key', ['--key-file', writeIn(folder, 'short', 'fifteen letters')], 'the key has 15 bytes'],
	['an empty key', ['--key-file', writeIn(folder, 'empty', '\n')], 'the key is empty'],
])('refused: %s', async (_, args, message) => {
	const { status, out, err } = await run('--format', 'service_bus', ...named, ...bus, ...args);
	expect({ status, out }).toEqual({ status: 1, out: '' });
	expect(err).toContain(message);
});

test('refused: a key of another format, and a resource with two readings', async () => {
	const hub = await run(
		'--format',
		'iot_hub',
		...named,
		'--key-file',
		writeIn(folder, 'text', 'a key, but not Base64'),
		...bus,
	);
	expect(hub).toMatchObject({ status: 1, out: '' });
	const odd = await run('--format', 'service_bus', ...withKey, '--resource', 'sb://bus/a/../b');
	expect(odd).toMatchObject({ status: 1, out: '' });
});

test('--help', async () => {
	const { status, out } = await run('--help');
	expect(status).toBe(0);
	for (const word of ['service_bus', 'iot_hub', 'apim_management', 'apim_gateway', '--expiry', 'Exit status']) {
		expect(out).toContain(word);
	}
});
