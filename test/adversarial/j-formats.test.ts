/** Group J: the formats of shared access signatures, by the real client packages and by hand, over real sockets (J01, J09, J12). */
import { createSasTokenProvider } from '@azure/core-amqp';
import iot from 'azure-iot-common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reason } from '#core/index';
import { InvalidConfigError } from '#gateway/start-gateway';
import { startTestGateway } from '../support/gateway.ts';
import {
	expectForwarded,
	expectNoTrace,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { signApim, signSas } from '../support/sign-sas.ts';

/** Base64 that is long enough either way, so that only the mode tells a right key from a wrong one. */
const key = 'S3xpVmR0b2tzbjFzYTl3TGZ1OHpQcTJoQ2U3bVlnSjQ=';
const long = '2100-01-01T00:00:00.0000000Z';

let rig: GuardedGateway;

beforeAll(async () => {
	const keys = { owner: { primary: key } };
	const provider = (format: string, audience?: string) => ({
		tokens: ['shared_access'],
		format,
		keys,
		...(audience === undefined ? {} : { audience }),
	});
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			bus: provider('service_bus', 'sb://bus.example.net/'),
			hub: provider('iot_hub', 'hub.example.net'),
			bus_by_mistake: provider('iot_hub', 'sb://bus.example.net/'),
			hub_by_mistake: provider('service_bus', 'hub.example.net'),
			management: provider('apim_management'),
			gateway: provider('apim_gateway'),
		},
		routes: [
			...['bus', 'hub', 'bus_by_mistake', 'hub_by_mistake', 'management', 'gateway'].map((name) => ({
				name,
				host: `${name.replaceAll('_', '-')}.example.com`,
				path: '/**',
				providers: [name],
				upstream,
			})),
			{ name: 'both', host: 'both.example.com', path: '/**', providers: ['management', 'gateway'], upstream },
		],
	}));
});

afterAll(() => rig.stop());

async function send(authorization: string, provider: string, target = '/queue/7'): Promise<Seen> {
	const host = `${provider.replaceAll('_', '-')}.example.com`;
	const seen = await rig.sendBytes(requestBytes({ host, target, headers: [['Authorization', authorization]] }));
	expectNoTrace(/(?:sig|sn)=([^&]*)/.exec(authorization)?.[1] ?? authorization, seen, rig.gateway);
	return seen;
}

function refused(seen: Seen, reason: Reason, scheme = 'SharedAccessSignature'): void {
	expectRefused(seen, reason === 'resource_mismatch' ? '403' : '401-IT', reason, scheme);
}

describe('J01: tokens of the real client packages', () => {
	const ofCoreAmqp = async (sharedAccessKey = key, resource = 'sb://bus.example.net/queue') => {
		const source = createSasTokenProvider({ sharedAccessKeyName: 'owner', sharedAccessKey });
		return (await source.getToken(resource)).token;
	};
	const ofIotCommon = (resource = 'hub.example.net/queue/7', expiry = Math.floor(Date.now() / 1000) + 3600) =>
		iot.SharedAccessSignature.create(resource, 'owner', key, expiry).toString();

	test('@azure/core-amqp signs with the octets of the text', async () => {
		const seen = await send(await ofCoreAmqp(), 'bus');
		expectForwarded(seen);
		expect(seen.record).toMatchObject({ kind: 'shared_access', provider: 'bus', client: 'owner' });
		refused(await send(await ofCoreAmqp(), 'bus_by_mistake'), 'signature_invalid');
		refused(await send(await ofCoreAmqp(`${key.slice(0, -2)}R=`), 'bus'), 'signature_invalid');
		refused(await send(await ofCoreAmqp(key, 'sb://other.example.net/queue'), 'bus'), 'audience_mismatch');
		refused(await send(await ofCoreAmqp(key, 'sb://bus.example.net/que'), 'bus'), 'resource_mismatch');
	});

	test('azure-iot-common signs with the octets that the text encodes', async () => {
		const seen = await send(ofIotCommon(), 'hub');
		expectForwarded(seen);
		expect(seen.record).toMatchObject({ kind: 'shared_access', provider: 'hub', client: 'owner' });
		refused(await send(ofIotCommon(), 'hub_by_mistake'), 'signature_invalid');
		refused(await send(ofIotCommon('hub.example.net/queue/7', 1_700_000_000), 'hub'), 'token_expired');
		refused(await send(ofIotCommon('other.example.net/queue/7'), 'hub'), 'audience_mismatch');
		refused(await send(ofIotCommon('hub.example.net/queue/70'), 'hub'), 'resource_mismatch');
	});
});

describe('J09: API Management', () => {
	const management = (layout: 'long' | 'compact', written: string, signed?: string, id = 'owner') =>
		`SharedAccessSignature ${signApim(layout, { id, written, key, ...(signed === undefined ? {} : { signed }) })}`;
	const compact = management('compact', '210001010000', long);

	test('the long form and the short one', async () => {
		for (const token of [management('long', long), compact]) {
			const seen = await send(token, 'management');
			expectForwarded(seen);
			expect(seen.record).toMatchObject({ kind: 'shared_access', provider: 'management', client: 'owner' });
		}
	});

	test.each([
		'2100-01-01T00:00:00Z',
		'2100-01-01T00:00:00.123Z',
		'2100-01-01T02:00:00.0000000+02:00',
		'2099-12-31T14:00:00.0000000-10:00',
	])('ex as %s: what was signed is what is written', async (written) => {
		expectForwarded(await send(management('long', written), 'management'));
		refused(await send(management('long', written, long), 'management'), 'signature_invalid');
	});

	test.each(['1999-01-01T00:00:00.0000000Z', '2020-06-01T00:00:00.0000000+14:00'])(
		'ex %s has passed',
		async (written) => {
			refused(await send(management('long', written), 'management'), 'token_expired');
		},
	);

	test.each([
		'2100-01-01T00:00:00.0000000',
		'2100-02-30T00:00:00.0000000Z',
		'2100-01-01T24:00:00.0000000Z',
		'2100-01-01T00:00:00.00000000Z',
		'2100-01-01 00:00:00Z',
		'2100-01-01',
		'4102444800',
		'20990101T000000Z',
		'1969-12-31T23:59:59.0000000Z',
		'2100-01-01T00:00:00.0000000z',
		'2100-01-01T00:00:00.0000000%2B02:00',
	])('ex %s is no time', async (written) => {
		refused(await send(management('long', written), 'management'), 'token_malformed');
	});

	test.each([
		['uid twice', `${management('long', long)}&uid=owner`],
		['an unknown field', `${management('long', long)}&skn=owner`],
		['a field of another layout', `${management('long', long)}&sr=a`],
		['sn in base64url', management('long', long).replace(/sn=.*/, `sn=${'-_'.repeat(43)}==`)],
		['sn percent-encoded', management('long', long).replace(/==$/, '%3D%3D')],
		['a short form of four parts', `${compact}&x`],
		['a short form without a signature', compact.replace(/[^&]*$/, '')],
		['a short form with a 13th month', compact.replace('210001010000', '210013010000')],
		['a short form with seconds', compact.replace('210001010000', '21000101000000')],
		['the layout of Service Bus', `SharedAccessSignature ${signSas({ skn: 'owner', key })}`],
	])('%s', async (_, token) => {
		refused(await send(token, 'management'), 'token_malformed');
	});

	test('altered, of another key name, with the minute itself signed', async () => {
		refused(
			await send(management('long', long).replace(long, long.replace('2100', '2101')), 'management'),
			'signature_invalid',
		);
		refused(await send(compact.replace('owner', 'other'), 'management'), 'key_unknown');
		refused(await send(compact.replace('owner', '__proto__'), 'management'), 'key_unknown');
		refused(await send(management('compact', '210001010000'), 'management'), 'signature_invalid');
	});

	test('GatewayKey is the short form under a scheme of its own, even where both are taken and one was seen before', async () => {
		const gatewayKey = compact.replace('SharedAccessSignature', 'GatewayKey');
		expectForwarded(await send(gatewayKey, 'gateway'));
		expectRefused(await send(compact, 'gateway'), '401-NC', 'scheme_unsupported', 'GatewayKey');
		refused(
			await send(gatewayKey.replace('GatewayKey ', 'GatewayKey uid='), 'gateway'),
			'token_malformed',
			'GatewayKey',
		);
		refused(
			await send(`GatewayKey ${signApim('long', { id: 'owner', written: long, key })}`, 'gateway'),
			'token_malformed',
			'GatewayKey',
		);
		for (const [token, provider] of [
			[gatewayKey, 'gateway'],
			[compact, 'management'],
			[gatewayKey, 'gateway'],
			[compact, 'management'],
		] as const) {
			const seen = await send(token, 'both');
			expectForwarded(seen);
			expect(seen.record.provider).toBe(provider);
		}
	});
});

describe('J12: keys that are none', () => {
	test.each([
		['empty', 'service_bus', '', 'the key is empty'],
		['white space', 'apim_gateway', '                    ', 'the key is empty'],
		['15 bytes', 'service_bus', 'fifteen letters', 'the key has 15 bytes; it needs at least 16'],
		['12 bytes in Base64 of 16', 'iot_hub', 'c2l4dGVlbiBieXRl', 'the key has 12 bytes; it needs at least 16'],
	])('%s', async (_, format, primary, problem) => {
		const audience = format === 'apim_gateway' ? {} : { audience: 'sb://bus.example.net/' };
		const config = {
			providers: { keys: { tokens: ['shared_access'], format, ...audience, keys: { owner: { primary } } } },
			routes: [{ path: '/**', upstream: 'http://127.0.0.1:9001' }],
		};
		const started = startTestGateway(config);
		await expect(started).rejects.toThrow(InvalidConfigError);
		await expect(started).rejects.toMatchObject({
			diagnostics: [{ severity: 'error', path: 'providers.keys.keys.owner.primary', message: problem }],
		});
	});
});
