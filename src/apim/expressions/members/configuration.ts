/** What the configuration says of the request's API, product, subscription and user, and of the error that ended it. */
import type { Run } from '../run/run.ts';
import { type as typeNamed, types } from '../types/type.ts';
import { DictionaryValue, ListValue } from '../values/collection.ts';
import type * as C from '../values/context.ts';
import type { MemberTable } from './table.ts';

export function addConfigurationMembers(table: MemberTable): void {
	table.add('IApi', {
		'string Id': (_: Run, api: C.ApiObject) => api.id,
		'string Name': (_: Run, api: C.ApiObject) => api.name,
		'string Path': (_: Run, api: C.ApiObject) => api.path,
		'string Revision': (_: Run, api: C.ApiObject) => api.revision,
		'string Version': (_: Run, api: C.ApiObject) => api.version,
		'bool IsCurrentRevision': (_: Run, api: C.ApiObject) => api.isCurrentRevision,
		'IEnumerable<string> Protocols': (_: Run, api: C.ApiObject) =>
			new ListValue('array', types.string, [...api.protocols]),
		'IUrl ServiceUrl': (_: Run, api: C.ApiObject) => api.serviceUrl,
	});
	table.add('IOperation', {
		'string Id': (_: Run, operation: C.OperationObject) => operation.id,
		'string Method': (_: Run, operation: C.OperationObject) => operation.method,
		'string Name': (_: Run, operation: C.OperationObject) => operation.name,
		'string UrlTemplate': (_: Run, operation: C.OperationObject) => operation.urlTemplate,
	});
	table.add('IProduct', {
		'string Id': (_: Run, product: C.ProductObject) => product.id,
		'string Name': (_: Run, product: C.ProductObject) => product.name,
		'bool ApprovalRequired': (_: Run, product: C.ProductObject) => product.isApprovalRequired,
		'bool SubscriptionRequired': (_: Run, product: C.ProductObject) => product.isSubscriptionRequired,
		'IEnumerable<IGroup> Groups': (_: Run, product: C.ProductObject) =>
			new ListValue('array', typeNamed('IGroup'), [...product.groups]),
		'IEnumerable<IApi> Apis': (_: Run, product: C.ProductObject) =>
			new ListValue('array', typeNamed('IApi'), [...product.apis]),
	});
	table.add('ISubscription', {
		'string Id': (_: Run, subscription: C.SubscriptionObject) => subscription.id,
		'string Name': (_: Run, subscription: C.SubscriptionObject) => subscription.name,
		'string Key': (_: Run, subscription: C.SubscriptionObject) => subscription.key,
		'string PrimaryKey': (_: Run, subscription: C.SubscriptionObject) => subscription.primaryKey,
		'string SecondaryKey': (_: Run, subscription: C.SubscriptionObject) => subscription.secondaryKey,
		'DateTime CreatedDate': (_: Run, subscription: C.SubscriptionObject) => subscription.createdDate,
		'DateTime? StartDate': (_: Run, subscription: C.SubscriptionObject) => subscription.startDate,
		'DateTime? EndDate': (_: Run, subscription: C.SubscriptionObject) => subscription.endDate,
	});
	table.add('IUser', {
		'string Id': (_: Run, user: C.UserObject) => user.id,
		'string Email': (_: Run, user: C.UserObject) => user.email,
		'string FirstName': (_: Run, user: C.UserObject) => user.firstName,
		'string LastName': (_: Run, user: C.UserObject) => user.lastName,
		'string Note': (_: Run, user: C.UserObject) => user.note,
		'DateTime RegistrationDate': (_: Run, user: C.UserObject) => user.registrationDate,
		'IEnumerable<IGroup> Groups': (_: Run, user: C.UserObject) =>
			new ListValue('array', typeNamed('IGroup'), [...user.groups]),
		'IEnumerable<IUserIdentity> Identities': (_: Run, user: C.UserObject) =>
			new ListValue('array', typeNamed('IUserIdentity'), [...user.identities]),
	});
	table.add('IGroup', {
		'string Id': (_: Run, group: C.GroupObject) => group.id,
		'string Name': (_: Run, group: C.GroupObject) => group.name,
	});
	table.add('IUserIdentity', {
		'string Id': (_: Run, identity: C.UserIdentityObject) => identity.id,
		'string Provider': (_: Run, identity: C.UserIdentityObject) => identity.provider,
	});
	table.add('IDeployment', {
		'string GatewayId': (_: Run, deployment: C.DeploymentObject) => deployment.gatewayId,
		'string Region': (_: Run, deployment: C.DeploymentObject) => deployment.region,
		'string ServiceId': (_: Run, deployment: C.DeploymentObject) => deployment.serviceId,
		'string ServiceName': (_: Run, deployment: C.DeploymentObject) => deployment.serviceName,
		'IReadOnlyDictionary<string, X509Certificate2> Certificates': (_: Run, deployment: C.DeploymentObject) => {
			const dictionary = new DictionaryValue(types.string, typeNamed('X509Certificate2'));
			for (const [key, value] of deployment.certificates) dictionary.entries.set(key, { key, value });
			return dictionary;
		},
	});
	table.add('ILastError', {
		'string Source': (_: Run, error: C.LastErrorObject) => error.source,
		'string Reason': (_: Run, error: C.LastErrorObject) => error.reason,
		'string Message': (_: Run, error: C.LastErrorObject) => error.message,
		'string Scope': (_: Run, error: C.LastErrorObject) => error.scope,
		'string Section': (_: Run, error: C.LastErrorObject) => error.section,
		'string Path': (_: Run, error: C.LastErrorObject) => error.path,
		'string PolicyId': (_: Run, error: C.LastErrorObject) => error.policyId,
	});
}
