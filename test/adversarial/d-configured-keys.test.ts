/** Group D: keys in files that the gateway must not start with (D16). */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { InvalidConfigError } from '#gateway/start-gateway';
import { startTestGateway } from '../support/gateway.ts';
import { selfSigned } from '../support/self-signed.ts';
import { testKey } from '../support/sign-jws.ts';

const day = 86_400_000;
const good = testKey('RS256').pem;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const body = good.split('\n').slice(1, -2);

const cases: readonly (readonly [name: string, pem: string, problem: RegExp])[] = [
	['an expired certificate', selfSigned({ to: Date.now() - day }).certificate, /the certificate has expired/],
	['a certificate of the future', selfSigned({ from: Date.now() + day }).certificate, /not valid yet/],
	[
		'an encrypted private key',
		pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
		/private key/,
	],
	['a private key', pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /private key/],
	['a SEC1 private key', pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString(), /private key/],
	['a key that only agrees', spki(generateKeyPairSync('x25519').publicKey), /X25519|only Ed25519/],
	['a key on another curve', spki(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey), /P-256/],
	['a DSA key', spki(generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).publicKey), /dsa/],
	['an RSA key of 1024 bits', spki(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), /2048/],
	['two keys', good + testKey('ES256').pem, /2 PEM blocks/],
	['text before the key', `junk\n${good}`, /nothing before it/],
	['text after the key', `${good}junk\n`, /nothing after it/],
	[
		'a body that is cut',
		['-----BEGIN PUBLIC KEY-----', ...body.slice(0, 3), '-----END PUBLIC KEY-----'].join('\n'),
		/PEM block/,
	],
	['another label', good.replaceAll('PUBLIC KEY', 'CERTIFICATE REQUEST'), /not a PUBLIC KEY/],
	['no PEM at all', '{"keys":[]}', /no PEM block/],
	['nothing', '', /no PEM block/],
];

function spki(key: KeyObject): string {
	return key.export({ type: 'spki', format: 'pem' }).toString();
}

const config = (keys: string) => `providers:
  idp:
    issuer: https://idp.example.com/
    audience: https://api.example.com
    ${keys}
routes:
  - { name: all, path: /**, upstream: "http://127.0.0.1:9001" }
`;

test.each(cases)('D16: public_key_file with %s', async (_, pem, problem) => {
	const error: unknown = await startTestGateway(config('public_key_file: key.pem'), { files: { 'key.pem': pem } }).then(
		(gateway) => gateway.stop(),
		(cause: unknown) => cause,
	);
	if (!(error instanceof InvalidConfigError)) throw new Error('it started', { cause: error });
	const faults = error.diagnostics.filter(({ severity }) => severity === 'error');
	expect(faults).toHaveLength(1);
	// `listen` is put before the configuration as its first line.
	expect(error.message).toMatch(/gateway\.yaml:6:\d+/);
	expect(error.message).toMatch(problem);
	const quoted = pem.split('\n').filter((line) => /^[A-Za-z0-9+/=]{32,}$/.test(line) && error.message.includes(line));
	expect(quoted).toEqual([]);
});

test('D16: a good key in the same place starts', async () => {
	const gateway = await startTestGateway(config('public_key_file: key.pem'), { files: { 'key.pem': good } });
	await gateway.stop();
});
