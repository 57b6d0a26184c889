import { expect, test } from 'vitest';
import type { JsonValue } from '#core/index';
import { formatPath } from './diagnostics.ts';
import { findSecrets } from './secret-ages.ts';

const find = async (data: JsonValue, references: Readonly<Record<string, 'environment' | 'file'>> = {}) => {
	const found = await findSecrets(data, {
		folder: '/etc/gateway',
		originOf(path) {
			const from = references[formatPath(path)];
			return { file: from === 'file' ? '/run/secret' : undefined, isFromEnvironment: from === 'environment' };
		},
		changedAt: () => Promise.resolve(1_000),
		readFile: () => Promise.resolve('a key'),
	});
	return found.map(({ at, from, file }) => [at, from, file]);
};

test('the password of a store, and what nonces and headers of a collector are made of', async () => {
	const data = {
		store: { type: 'redis', url: 'rediss://gateway:word@redis.example.net' },
		dpop: { nonce_key: 'a key of nonces, which is long enough' },
		telemetry: { otlp: { headers: { 'x-key': 'key', 'x-tenant': 'acme' } } },
	};
	expect(await find(data, { 'store.url': 'environment', 'telemetry.otlp.headers.x-key': 'environment' })).toEqual([
		['dpop.nonce_key', 'configuration', undefined],
		['store.url', 'environment', undefined],
		['telemetry.otlp.headers.x-key', 'environment', undefined],
	]);
});

test.each(['redis://127.0.0.1:6379/0', 'redis://gateway@127.0.0.1', 'redis://127.0.0.1/a:b@c', 7])(
	'no password: %s',
	async (url) => expect(await find({ store: { url } }, { 'store.url': 'environment' })).toEqual([]),
);

test('of policies: named values that are given by reference, private keys, and who the machine is', async () => {
	const data = {
		apim: {
			named_values: { issuer: 'https://idp.example.com/', 'signing-key': 'x', count: 3 },
			certificates: { public: './public.pem', own: { certificate: './own.pem', key: './own.key' } },
			backends: { orders: { url: 'https://a', tls: { client_certificate: './c.pem', client_key: './c.key' } } },
			managed_identity: { identity_header: 'x' },
		},
	};
	const folder = '/etc/gateway';
	expect(await find(data, { 'apim.named_values.signing-key': 'file' })).toEqual([
		['apim.managed_identity.identity_header', 'configuration', undefined],
		['apim.named_values.signing-key', 'file', '/run/secret'],
		['apim.backends.orders.tls.client_key', 'file', `${folder}/c.key`],
		['apim.backends.orders.tls.client_certificate', 'file', `${folder}/c.pem`],
		['apim.certificates.own.key', 'file', `${folder}/own.key`],
	]);
});
