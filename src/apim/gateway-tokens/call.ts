/**
 * Which call of Azure Resource Manager a path is: those of API Management that are about the keys and tokens of a
 * self-hosted gateway. The words of the path are compared without regard to case, as there; names stand as they were sent.
 */

export const gatewayActions = ['generateToken', 'listKeys', 'regenerateKey'] as const;
export type GatewayAction = (typeof gatewayActions)[number];

export interface GatewayCall {
	readonly resourceGroup: string;
	/** Name of the API Management service. */
	readonly service: string;
	/** Identifier of the gateway. */
	readonly gateway: string;
	readonly action: GatewayAction;
}

/** As it is written where paths are listed. */
export function gatewayPath(action: GatewayAction): string {
	return `/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ApiManagement/service/{service}/gateways/{gateway}/${action}`;
}

const form =
	/^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.ApiManagement\/service\/([^/]+)\/gateways\/([^/]+)\/(generateToken|listKeys|regenerateKey)$/i;

/**
 * Undefined for any other path, one with a slash at its end too. `path`: without the query. Not checked: whether there is
 * such a subscription, group, service or gateway, and what characters their names have.
 */
export function readGatewayCall(path: string): GatewayCall | undefined {
	const [, resourceGroup = '', service = '', gateway = '', written = ''] = form.exec(path) ?? [];
	const action = gatewayActions.find((known) => known.toLowerCase() === written.toLowerCase());
	return action === undefined ? undefined : { resourceGroup, service, gateway, action };
}
