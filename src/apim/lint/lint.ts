/**
 * What a policy does that its author may not have meant: it decides as it says, and that is reported. Each finding names its
 * rule; `rules.ts` says what each of them is about.
 */
import type { Position } from '../policy-text/policy-fault.ts';
import { flatStatements, listsWithin } from '../statements/flat-statements.ts';
import type { ReadPolicy, ReadScope } from '../statements/read-policy.ts';
import type { Finding } from '../statements/reading.ts';
import type { Statement } from '../statements/statement.ts';
import type { TextValue } from '../statements/value.ts';
import { valuesOf } from '../statements/values-of.ts';

type Validation = Statement & { readonly kind: 'validate-jwt' | 'validate-azure-ad-token' };

export function lintPolicy({ scopes, sections }: ReadPolicy, findings: Finding[]): void {
	const warn: Warn = (rule, statement, message, position = statement.place.position) => {
		const { file } = statement.place;
		findings.push({ severity: 'warning', rule, file, position, message });
	};
	for (const statement of flatStatements(sections.inbound))
		if (isValidation(statement)) lintValidation(statement, warn);
	lintUnverified(sections.inbound, warn);
	const isForwarded = flatStatements(sections.backend).some(({ kind }) => kind === 'forward-request');
	if (isForwarded) lintPaths(sections.inbound, scopes.at(-1)?.file ?? '', findings);
	for (const [index, scope] of scopes.entries()) lintBase(scope, scopes.slice(0, index), findings);
}

type Warn = (rule: string, statement: Statement, message: string, position?: Position) => void;

function isValidation(statement: Statement): statement is Validation {
	return statement.kind === 'validate-jwt' || statement.kind === 'validate-azure-ad-token';
}

function lintValidation(statement: Validation, warn: Warn): void {
	const { audiences, claims, clients, backends, issuers, configurations, tenant } = statement;
	if (audiences.length + claims.length + clients.length + backends.length === 0) {
		const whose = tenant === undefined ? 'of the issuer' : 'of the tenant';
		warn(
			'any_token',
			statement,
			`neither audiences nor required-claims: any token ${whose} passes, whomever it is for`,
		);
	} else if (audiences.length + backends.length === 0 && !claims.some(({ name }) => name === 'aud')) {
		warn('audience_unchecked', statement, 'no audiences: tokens that are meant for other services pass');
	}
	if (configurations.length === 0 && issuers.length === 0 && tenant === undefined) {
		warn('issuer_unchecked', statement, 'neither openid-config nor issuers: `iss` is not looked at');
	}
	const anyTenant = configurations.find((value) => namesAnyTenant(value)) ?? (isAnyTenant(tenant) ? tenant : undefined);
	if (anyTenant !== undefined && issuers.length === 0 && !claims.some(({ name }) => name === 'tid' || name === 'iss')) {
		warn(
			'any_tenant',
			statement,
			'tokens of every tenant pass: list issuers, or require the claim tid',
			anyTenant.position,
		);
	}
}

function namesAnyTenant(value: TextValue): boolean {
	return (
		value.kind === 'constant' &&
		/^https:\/\/login\.microsoftonline\.[a-z]+\/(common|organizations|consumers)\//.test(value.text)
	);
}

function isAnyTenant(value: TextValue | undefined): boolean {
	return (
		value?.kind === 'constant' && /^(?:https:\/\/[a-z0-9.-]+\/)?(common|organizations|consumers)\/?$/.test(value.text)
	);
}

/** Claims of a token that nobody has verified when they are read (K14). */
function lintUnverified(statements: readonly Statement[], warn: Warn): boolean {
	let verified = false;
	for (const statement of statements) {
		const guess = verified
			? undefined
			: valuesOf(statement).find((value) => value.kind === 'expression' && value.expression.readsUnverified);
		if (guess !== undefined) {
			warn(
				'unverified_claims',
				statement,
				'an expression reads a token (AsJwt) that was not validated before',
				guess.position,
			);
		}
		if (verified) continue;
		if (isValidation(statement)) verified = true;
		else {
			const inner = listsWithin(statement).map((list) => lintUnverified(list, warn));
			// Without an `otherwise` there is a way around every branch.
			const isWhole = statement.kind !== 'choose' || statement.otherwise !== undefined;
			verified = isWhole && inner.length > 0 && inner.every((each) => each);
		}
	}
	return verified;
}

/** Whether every way through these statements ends, or passes a check of the credential. */
function guards(statements: readonly Statement[]): boolean {
	return statements.some((statement) => {
		switch (statement.kind) {
			case 'validate-jwt':
			case 'validate-azure-ad-token':
			case 'return-response':
				return true;
			case 'validate-client-certificate':
				return !statement.ignoreError;
			case 'choose':
				return (
					statement.otherwise !== undefined &&
					guards(statement.otherwise) &&
					statement.branches.every((branch) => guards(branch.statements))
				);
			case 'include-fragment':
				return guards(statement.statements);
			default:
				return false;
		}
	});
}

/** Branches that reach the backend unchecked (K15). */
function lintPaths(inbound: readonly Statement[], innermost: string, findings: Finding[]): void {
	if (guards(inbound)) return;
	const all = flatStatements(inbound);
	const choice = all.find((statement) => statement.kind === 'choose' && flatStatements([statement]).some(isValidation));
	const [first] = all;
	if (choice !== undefined) {
		const message = 'there is a way to the backend on which no token is checked: say in <otherwise> what happens on it';
		const { file, position } = choice.place;
		findings.push({ severity: 'warning', rule: 'unchecked_branch', file, position, message });
	} else {
		const { file, position } = first?.place ?? { file: innermost, position: { line: 1, column: 1 } };
		const message = 'nothing here validates a token or a client certificate: everybody reaches the backend';
		findings.push({ severity: 'warning', rule: 'no_check', file, position, message });
	}
}

/** What the scopes outside check is not done where `<base/>` is missing (K19). */
function lintBase(
	{ file, sections, isSnippet, scope }: ReadScope,
	outside: readonly ReadScope[],
	findings: Finding[],
): void {
	const { inbound } = sections;
	// There is nothing outside of the outermost scope.
	if (isSnippet || inbound === undefined || scope === 'global') return;
	if (flatStatements(inbound).some(({ kind }) => kind === 'base')) return;
	const checked = outside.find(({ sections: outer }) => flatStatements(outer.inbound ?? []).some(isValidation));
	const message =
		checked === undefined
			? `no <base/> in inbound: what the scopes outside of ${scope} do is left out`
			: `no <base/> in inbound: the token check of ${checked.file} is left out`;
	findings.push({
		severity: 'warning',
		rule: 'base_missing',
		file,
		position: inbound[0]?.place.position ?? { line: 1, column: 1 },
		message,
	});
}
