/** Errors as Azure Resource Manager writes them: `{"error":{"code","message","details"}}`, a detail for each wrong field. */

export interface AzureError {
	/** HTTP status. */
	readonly status: number;
	/** For programs. */
	readonly code: string;
	readonly message: string;
	readonly details?: readonly FieldFault[];
}

/** What is wrong with one member of the body. */
export interface FieldFault {
	readonly target: string;
	readonly message: string;
}

export function azureErrorBody({ code, message, details }: AzureError): Record<string, unknown> {
	const listed = details?.map((fault) => ({ code: 'ValidationError', ...fault }));
	return { error: { code, message, ...(listed === undefined ? {} : { details: listed }) } };
}

export function validationError(details: readonly FieldFault[]): AzureError {
	return { status: 400, code: 'ValidationError', message: 'One or more fields contain incorrect values:', details };
}

export function serviceNotFound(service: string, resourceGroup: string): AzureError {
	const message = `The Resource 'Microsoft.ApiManagement/service/${service}' under resource group '${resourceGroup}' was not found.`;
	return { status: 404, code: 'ResourceNotFound', message };
}

export function gatewayNotFound(): AzureError {
	return { status: 404, code: 'ResourceNotFound', message: 'Gateway not found.' };
}

const codes: Readonly<Record<number, string>> = {
	400: 'BadRequest',
	401: 'AuthenticationFailed',
	403: 'AuthorizationFailed',
	405: 'MethodNotAllowed',
	409: 'Conflict',
	413: 'RequestEntityTooLarge',
	415: 'UnsupportedMediaType',
	421: 'MisdirectedRequest',
	429: 'TooManyRequests',
	503: 'ServiceUnavailable',
};

/** An error that is known by its status alone. */
export function plainError(status: number, message: string): AzureError {
	return { status, code: codes[status] ?? 'InternalServerError', message };
}
