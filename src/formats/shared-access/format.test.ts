import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sharedAccessFormats } from '#core/index';
import { sharedAccessKeyOctets, sharedAccessTraits } from './format.ts';

test('the octets of a key are those of its text, but for IoT Hub', () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 16, maxLength: 80 }), (bytes) => {
			const text = Buffer.from(bytes).toString('base64');
			for (const format of sharedAccessFormats) {
				const octets = sharedAccessKeyOctets(format, text);
				expect(octets).toEqual(format === 'iot_hub' ? bytes : new Uint8Array(Buffer.from(text)));
			}
		}),
	);
});

test.each([
	['service_bus', '', 'the key is empty'],
	['service_bus', '   ', 'the key is empty'],
	['service_bus', 'fifteen letters', 'the key has 15 bytes; it needs at least 16'],
	['apim_gateway', 'short', 'the key has 5 bytes; it needs at least 16'],
	['iot_hub', 'c2l4dGVlbiBieXRl', 'the key has 12 bytes; it needs at least 16'],
	['iot_hub', 'sixteen letters.', 'the key is not Base64, as iot_hub wants it'],
	['iot_hub', 'MDEyMzQ1Njc4OWFiY2RlZg', 'the key is not Base64, as iot_hub wants it'],
	['iot_hub', 'MDEyMzQ1Njc4OWFi Y2RlZg==', 'the key is not Base64, as iot_hub wants it'],
] as const)('%s %j: %s', (format, text, fault) => {
	expect(sharedAccessKeyOctets(format, text)).toBe(fault);
});

test('bits behind the last octet of a Base64 key count for nothing', () => {
	expect(sharedAccessKeyOctets('iot_hub', 'MDEyMzQ1Njc4OWFiY2RlZh==')).toEqual(
		sharedAccessKeyOctets('iot_hub', 'MDEyMzQ1Njc4OWFiY2RlZg=='),
	);
});

test('management and gateway use SHA-512, the others SHA-256', () => {
	expect(sharedAccessFormats.map((format) => sharedAccessTraits[format].algorithm)).toEqual([
		'HS256',
		'HS256',
		'HS512',
		'HS512',
	]);
});
