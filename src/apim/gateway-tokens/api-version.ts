/** `api-version`, which every call to Azure Resource Manager names: the versions of API Management that have gateways. */
import { queryValues } from '#formats/query';
import type { AzureError } from './error.ts';

/** The calls about keys and tokens of gateways are the same in all of them. */
export const gatewayApiVersions: readonly string[] = [
	'2019-12-01-preview',
	'2019-12-01',
	'2020-06-01-preview',
	'2020-12-01',
	'2021-01-01-preview',
	'2021-04-01-preview',
	'2021-08-01',
	'2021-12-01-preview',
	'2022-04-01-preview',
	'2022-08-01',
	'2022-09-01-preview',
	'2023-03-01-preview',
	'2023-05-01-preview',
	'2023-09-01-preview',
	'2024-05-01',
	'2024-06-01-preview',
	'2024-10-01-preview',
	'2025-03-01-preview',
	'2025-09-01-preview',
	'2026-03-01-preview',
];

/** `query` is empty or begins with `?`. Undefined for one known version, given once. */
export function apiVersionError(query: string): AzureError | undefined {
	const [version, another] = queryValues(query, 'api-version');
	if (version === undefined || version === '') {
		const message = 'The api-version query parameter (?api-version=) is required for all requests.';
		return { status: 400, code: 'MissingApiVersionParameter', message };
	}
	if (another === undefined && gatewayApiVersions.includes(version)) return undefined;
	const named = another === undefined && /^[0-9a-z-]{1,40}$/.test(version) ? `'${version}' ` : '';
	const supported = gatewayApiVersions.toReversed().join(', ');
	const message = `The api-version ${named}is invalid. The supported versions are '${supported}'.`;
	return { status: 400, code: 'InvalidApiVersionParameter', message };
}
