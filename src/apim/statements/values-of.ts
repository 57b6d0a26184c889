/** The values of one statement itself, without those of statements within it. */
import type { Statement } from './statement.ts';
import type { Reads, TextValue } from './value.ts';

export function valuesOf(statement: Statement): readonly TextValue[] {
	switch (statement.kind) {
		case 'validate-jwt':
		case 'validate-azure-ad-token': {
			const { token, message, requireScheme, audiences, issuers, claims, configurations, clients, backends, tenant } =
				statement;
			return [
				token.in === 'value' ? token.value : token.name,
				...present(message, requireScheme, tenant),
				...read(statement.status, statement.requireExpiration, statement.clockSkew),
				...audiences,
				...issuers,
				...configurations,
				...clients,
				...backends,
				...claims.flatMap(({ values }) => values),
			];
		}
		case 'choose':
			return statement.branches.map(({ condition }) => condition);
		case 'set-variable':
			return [statement.value];
		case 'check-header':
			return [
				statement.name,
				...present(statement.message),
				...read(statement.status, statement.ignoreCase),
				...statement.values,
			];
		case 'set-header':
			return statement.values;
		case 'set-query-parameter':
			return [statement.name, ...statement.values];
		case 'set-backend-service':
			return [statement.target.by === 'id' ? statement.target.id : statement.target.url];
		case 'rewrite-uri':
			return [statement.template, ...read(statement.copyUnmatched)];
		case 'return-response':
			return [
				...(statement.status === undefined ? [] : read(statement.status.code)),
				...statement.headers.flatMap(({ values }) => values),
				...present(statement.body),
			];
		case 'set-status':
			return read(statement.code);
		case 'set-body':
			return [statement.body];
		case 'cors':
			return [...statement.origins, ...read(statement.credentials, statement.terminates, statement.maxAge)];
		case 'find-and-replace':
			return [statement.from, statement.to];
		case 'rate-limit-by-key':
			return [statement.key, ...present(statement.condition)];
		case 'trace':
			return statement.values;
		case 'validate-client-certificate':
		case 'authentication-managed-identity':
		case 'authentication-certificate':
		case 'ip-filter':
		case 'forward-request':
		case 'base':
		case 'include-fragment':
			return [];
	}
}

function present(...values: readonly (TextValue | undefined)[]): readonly TextValue[] {
	return values.filter((value) => value !== undefined);
}

function read(...values: readonly Reads<unknown>[]): readonly TextValue[] {
	return values.flatMap((value) => (value.kind === 'expression' ? [value] : []));
}
