/** The `apim` section, and the policy of a route: Azure API Management’s policy files run as they are. */
import { z } from 'zod';
import { algorithms } from '#core/index';
import { defaults } from './defaults.ts';
import { upstreamSchema } from './schema-upstream.ts';
import { flag, oneOrMany, text, url } from './schema-values.ts';

export const apimPolicySchema = z
	.union(
		[
			text(),
			z.strictObject({
				global: text().optional().meta({ description: 'Policy file of all APIs.' }),
				product: text().optional().meta({ description: 'Policy file of the product.' }),
				api: text().optional().meta({ description: 'Policy file of the API.' }),
				operation: text().optional().meta({ description: 'Policy file of the operation.' }),
			}),
		],
		'expected a policy file, or a mapping of global, product, api and operation to policy files',
	)
	.meta({
		description:
			'Azure API Management policy file that decides here, in place of providers and rules; or one for each of its scopes, which `<base/>` puts together.',
	});

const named = (what: string) =>
	text()
		.optional()
		.meta({ description: `\`${what}\`.` });

export const apimContextSchema = z
	.strictObject({
		api: z
			.strictObject({
				id: named('context.Api.Id'),
				name: named('context.Api.Name'),
				path: named('context.Api.Path'),
				version: named('context.Api.Version'),
				revision: named('context.Api.Revision'),
				service_url: url().optional().meta({ description: '`context.Api.ServiceUrl`.' }),
			})
			.optional()
			.meta({ description: 'The API. What is not named follows from the route.' }),
		operation: z
			.strictObject({
				id: named('context.Operation.Id'),
				name: named('context.Operation.Name'),
				url_template: named('context.Operation.UrlTemplate'),
			})
			.optional()
			.meta({ description: 'The operation. What is not named follows from the route.' }),
		product: z
			.strictObject({ id: text().meta({ description: '`context.Product.Id`.' }), name: named('context.Product.Name') })
			.optional()
			.meta({ description: 'The product; without it `context.Product` is null.' }),
	})
	.meta({ description: 'What expressions of the policy read of API, operation and product.' });

const values = (description: string) =>
	z
		.record(z.string(), z.union([z.string(), z.number(), z.boolean()]), 'expected a mapping of names to texts')
		.optional()
		.meta({ description });

export const apimSchema = z.strictObject({
	named_values: values('Named values: what `{{name}}` stands for in policies. Secrets as `${env:…}` or `${file:…}`.'),
	placeholders: values('What `{name}` stands for, where a deployment script would have filled it in.'),
	fragments: z
		.record(z.string(), text(), 'expected a mapping of names to files')
		.optional()
		.meta({ description: 'Files of policy fragments, by the id that `<include-fragment>` names.' }),
	certificates: z
		.record(
			z.string(),
			z.union(
				[
					text(),
					z.strictObject({
						certificate: text().meta({ description: 'PEM file of the certificate, or of the public key.' }),
						key: text().optional().meta({
							description:
								'PEM file of the private key: needed to decrypt tokens, and to show the certificate to an upstream.',
						}),
					}),
				],
				'expected a PEM file, or {certificate, key}',
			),
			'expected a mapping of ids to certificates',
		)
		.optional()
		.meta({ description: 'Certificates, by the `certificate-id` or thumbprint that policies name.' }),
	backends: z
		.record(
			z.string(),
			z.union([url(), upstreamSchema], 'expected a URL or a mapping'),
			'expected a mapping of ids to upstreams',
		)
		.optional()
		.meta({
			description:
				'Where `<set-backend-service>` may send requests, by `backend-id`; a `base-url` must be at one of these.',
		}),
	allowed_openid_hosts: oneOrMany(text(), 'expected a host or a list of hosts').optional().meta({
		description:
			'Hosts of `<openid-config>` URLs and tenants that are not constant, and are asked when a request names them.',
		default: [],
	}),
	algorithms: oneOrMany(z.enum(algorithms), 'expected an algorithm or a list of algorithms').optional().meta({
		description: 'Algorithms of tokens that policies validate, in place of those that API Management takes.',
		default: defaults.apimAlgorithms,
	}),
	insecure_unchecked_revocation: flag().optional().meta({
		description:
			'Takes `<validate-client-certificate>` that asks for revocation to be looked up, as it does by default, and does not look it up.',
		default: false,
	}),
	managed_identity: z
		.strictObject({
			source: z.enum(['imds', 'app_service']).optional().meta({
				description: 'Instance metadata service of a virtual machine, or App Service and Functions.',
				default: 'imds',
			}),
			identity_endpoint: url().optional().meta({ description: 'Where it is asked; on this machine or link-local.' }),
			identity_header: text().optional().meta({ description: '`${env:IDENTITY_HEADER}` of `app_service`.' }),
		})
		.optional()
		.meta({ description: 'Where `<authentication-managed-identity>` gets tokens.' }),
});

export type ApimPolicyFile = z.output<typeof apimPolicySchema>;
export type ApimContextFile = z.output<typeof apimContextSchema>;
export type ApimFile = z.output<typeof apimSchema>;
