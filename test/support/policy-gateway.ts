/** A gateway whose routes are policies of Azure API Management, one file each, and nothing else. */
import { createSecretKey } from 'node:crypto';
import type { TestGatewayOptions } from './gateway.ts';
import { type GuardedGateway, type GuardedGatewayOptions, startGuardedGateway } from './guarded-gateway.ts';
import { signJws, type TestKey } from './sign-jws.ts';

/** What a client reads of `context.LastError`. */
export const tellError =
	'<on-error><base /><set-header name="X-Source" exists-action="override"><value>@(context.LastError.Source)</value></set-header>' +
	'<set-header name="X-Reason" exists-action="override"><value>@(context.LastError.Reason)</value></set-header></on-error>';

export function policyOf(inbound: string, rest: string = tellError): string {
	return `<policies>\n<inbound>\n<base />\n${inbound}\n</inbound>\n<backend><base /></backend>\n<outbound><base /></outbound>\n${rest}\n</policies>`;
}

/** One route for each policy: `/NAME`, and what is below it. */
export async function startPolicyGateway(
	policies: Readonly<Record<string, string>>,
	apim: Readonly<Record<string, unknown>> = {},
	more: {
		readonly files?: Readonly<Record<string, string>>;
		readonly config?: Readonly<Record<string, unknown>>;
		readonly runtime?: NonNullable<TestGatewayOptions['runtime']>;
		readonly answer?: NonNullable<GuardedGatewayOptions['answer']>;
		/** Beside the routes of the policies. */
		readonly routes?: (upstream: string) => readonly unknown[];
	} = {},
): Promise<GuardedGateway> {
	const names = Object.keys(policies);
	const files = Object.fromEntries(names.map((name) => [`${name}.xml`, policies[name] ?? '']));
	return startGuardedGateway(
		(upstream) => ({
			apim,
			routes: [
				...names.map((name) => ({ name, path: `/${name}/**`, apim_policy: `./${name}.xml`, upstream })),
				...(more.routes?.(upstream) ?? []),
			],
			...more.config,
		}),
		{
			files: { ...files, ...more.files },
			...(more.runtime === undefined ? {} : { runtime: more.runtime }),
			...(more.answer === undefined ? {} : { answer: more.answer }),
		},
	);
}

export const secret = Buffer.alloc(32, 7);
export const secretText = secret.toString('base64');
const secretKey = createSecretKey(secret);

/** A token of the secret; `claims` laid over usual ones, undefined removes one. */
export function secretToken(
	claims: Readonly<Record<string, unknown>> = {},
	key: TestKey | typeof secretKey = secretKey,
	header: Readonly<Record<string, unknown>> = {},
): string {
	const now = Math.floor(Date.now() / 1000);
	const payload = {
		iss: 'https://issuer.example.com/',
		sub: 'user-1',
		aud: 'api',
		iat: now,
		exp: now + 300,
		...claims,
	};
	return signJws({
		header: JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }),
		payload,
		key,
		...('algorithm' in key ? {} : { algorithm: 'HS256' as const }),
	});
}
