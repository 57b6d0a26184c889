import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { type SharedAccessFormat, sharedAccessFormats } from '#core/index';
import { parseDuration } from '#formats/duration';
import { compactSigningInput, formatCompactToken } from '#formats/shared-access/compact-token';
import { sharedAccessKeyOctets, sharedAccessTraits } from '#formats/shared-access/format';
import { isIdentifier } from '#formats/shared-access/identifier';
import { formatManagementToken, managementSigningInput } from '#formats/shared-access/management-token';
import { parseResource } from '#formats/shared-access/resource';
import { formatResourceSignature, resourceSigningInput } from '#formats/shared-access/resource-signature';
import { parseRoundTripTime } from '#formats/shared-access/round-trip-time';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign token sas --format FORMAT --key-name NAME --key-file FILE [--resource URI] [options]

Signs a shared access signature with one of a provider's keys and prints it with its scheme, ready for the Authorization
header. The gateway takes it where a provider has tokens: [shared_access] and the same format.

  --format FORMAT    service_bus  Service Bus and Event Hubs: HMAC-SHA-256, the key is the text's own bytes
                     iot_hub      IoT Hub: the same, the key is Base64
                     apim_management  management API of API Management: HMAC-SHA-512
                     apim_gateway     self-hosted gateway of API Management: the same, as GatewayKey
  --key-name NAME    name of the key; service_bus and iot_hub can do without where the gateway has unnamed_key
  --key-file FILE    where the key stands; "-" for standard input. One line feed at its end does not count
  --key-env NAME     the same in an environment variable
  --resource URI     service_bus, iot_hub: what it is for, such as sb://bus.example.net/orders. Opens that path and below
  --lifetime TIME    30s, 5m, 1h (default)
  --expiry TIME      in place of --lifetime: seconds since 1970, or 2030-03-17T17:46:40Z
  --layout LAYOUT    apim_management: long (default) or compact, which ends at a whole minute

Exit status 0: printed, 1: the key or the resource cannot be used, 2: usage.
`;

interface Order {
	readonly format: SharedAccessFormat;
	readonly keyName: string | undefined;
	readonly resource: string | undefined;
	readonly compact: boolean;
	/** Seconds since the epoch. */
	readonly expiresAt: number;
}

export async function runSas(args: readonly string[]): Promise<number> {
	const text = { type: 'string' } as const;
	const { values } = parseOptions(
		args,
		{
			format: text,
			'key-name': text,
			'key-file': text,
			'key-env': text,
			resource: text,
			lifetime: text,
			expiry: text,
			layout: text,
		},
		false,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const format = readFormat(textOption(values['format']));
	const order: Order = {
		format,
		keyName: textOption(values['key-name']),
		resource: textOption(values['resource']),
		compact: readLayout(textOption(values['layout']), format),
		expiresAt: readExpiry(textOption(values['expiry']), textOption(values['lifetime'])),
	};
	checkOrder(order);
	const key = await readKey(textOption(values['key-file']), textOption(values['key-env']));
	const octets = sharedAccessKeyOctets(format, key);
	if (typeof octets === 'string') return refuse(octets);
	if (order.resource !== undefined && parseResource(order.resource) === undefined) {
		return refuse(
			'the resource can be read in more than one way, or is none: expected scheme://host/path or host/path',
		);
	}
	const token = sign(order, octets);
	if (order.expiresAt * 1000 <= Date.now()) process.stderr.write('countersign token sas: it has expired already\n');
	process.stdout.write(`${sharedAccessTraits[format].scheme} ${token}\n`);
	return 0;
}

function refuse(problem: string): number {
	process.stderr.write(`countersign token sas: ${problem}\n`);
	return 1;
}

function readFormat(name: string | undefined): SharedAccessFormat {
	if (name === undefined) throw new UsageError('--format FORMAT is missing');
	const format = sharedAccessFormats.find((known) => known === name);
	if (format === undefined) throw new UsageError(`--format is one of ${sharedAccessFormats.join(', ')}`);
	return format;
}

function readLayout(layout: string | undefined, format: SharedAccessFormat): boolean {
	if (layout === undefined) return format === 'apim_gateway';
	if (format !== 'apim_management') throw new UsageError('--layout is for apim_management');
	if (layout !== 'long' && layout !== 'compact') throw new UsageError('--layout is long or compact');
	return layout === 'compact';
}

/** The end of the year 9999, the last that any layout can write. */
const lastSecond = 253_402_300_799;

function readExpiry(expiry: string | undefined, lifetime: string | undefined): number {
	if (expiry !== undefined && lifetime !== undefined) throw new UsageError('give either --expiry or --lifetime');
	if (expiry === undefined) {
		const time = parseDuration(lifetime ?? '1h');
		const at = time === undefined ? undefined : Math.floor((Date.now() + time) / 1000);
		if (at === undefined || at > lastSecond) throw new UsageError('--lifetime is a duration such as 30s, 5m or 1h');
		return at;
	}
	const at = /^[1-9][0-9]{0,11}$/.test(expiry) ? Number(expiry) : parseRoundTripTime(expiry);
	if (at === undefined || at > lastSecond) {
		throw new UsageError('--expiry is a number of seconds since 1970, or a time such as 2030-03-17T17:46:40Z');
	}
	return Math.floor(at);
}

function checkOrder({ format, keyName, resource }: Order): void {
	const named = sharedAccessTraits[format].resource;
	if (named && resource === undefined)
		throw new UsageError(`--resource URI is missing: ${format} signs for a resource`);
	if (!named && resource !== undefined) throw new UsageError(`--resource: ${format} names no resource`);
	if (!named && keyName === undefined) throw new UsageError('--key-name NAME is missing');
	if (keyName === undefined) return;
	if (!named && !isIdentifier(keyName)) {
		throw new UsageError(`--key-name: with ${format} it has letters, digits, ".", "_", "~" and "-"`);
	}
	if (keyName === '' || /\p{Cc}/u.test(keyName))
		throw new UsageError('--key-name has a control character, or is empty');
}

async function readKey(file: string | undefined, variable: string | undefined): Promise<string> {
	if ((file === undefined) === (variable === undefined))
		throw new UsageError('give either --key-file FILE or --key-env NAME');
	if (variable !== undefined) {
		const value = process.env[variable];
		if (value === undefined) throw new UsageError(`--key-env: the environment variable ${variable} is not set`);
		return value;
	}
	const text = file === '-' ? await readStream(process.stdin) : await readFile(file ?? '', 'utf8');
	return text.replace(/\r?\n$/, '');
}

function sign({ format, keyName, resource, compact, expiresAt }: Order, key: Uint8Array): string {
	const mac = (input: string) => {
		const hash = sharedAccessTraits[format].algorithm === 'HS256' ? 'sha256' : 'sha512';
		return new Uint8Array(createHmac(hash, key).update(input, 'utf8').digest());
	};
	if (resource !== undefined) {
		const sr = encodeURIComponent(resource);
		return formatResourceSignature(sr, expiresAt, mac(resourceSigningInput(sr, expiresAt)), keyName);
	}
	const id = keyName ?? '';
	return compact
		? formatCompactToken(id, expiresAt, mac(compactSigningInput(id, expiresAt)))
		: formatManagementToken(id, expiresAt, mac(managementSigningInput(id, expiresAt)));
}
