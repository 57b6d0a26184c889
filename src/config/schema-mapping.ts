/** Where a value for the upstream comes from, as the configuration file writes it: a claim's name, or a mapping. */
import { z } from 'zod';
import { headerEncodings } from '#formats/header-value';
import { claimConstant, claimName, flag } from './schema-values.ts';

const shape = {
	claim: claimName().optional().meta({ description: 'A claim: a literal name, or a JSON Pointer such as `/a/b`.' }),
	first: flag().optional().meta({ description: 'Of a list, its first element.', default: false }),
	join: z.string().min(1, 'must not be empty').optional().meta({
		description:
			'Makes one text of a list, with this between its elements. When one of them holds it, there is no value.',
	}),
	default: claimConstant().optional().meta({ description: 'Value where the claim is missing; may hold `{name}`.' }),
	value: claimConstant().optional().meta({
		description: 'A constant in place of a claim; texts may hold `{name}` parameters of the route.',
	}),
	drop: z.literal(true, 'expected true').optional().meta({ description: 'No value at all.' }),
};

const expected = 'expected a claim, or a mapping with claim, value or drop';

export const mappingSchema = z.union([claimName(), z.strictObject(shape)], expected);
export const headerMappingSchema = z.union(
	[
		claimName(),
		z.strictObject({
			...shape,
			encoding: z.enum(headerEncodings).optional().meta({
				description:
					'`plain`: text as it is, with everything but visible ASCII percent-encoded; `string`: RFC 8941; `base64url_json`.',
				default: 'plain',
			}),
		}),
	],
	expected,
);

export type MappingFile = z.output<typeof mappingSchema>;
export type HeaderMappingFile = z.output<typeof headerMappingSchema>;
