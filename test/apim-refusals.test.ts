/** What is refused when a policy is read, with the place and the words that tell its author what to do; and what is not. */
import { describe, expect, test } from 'vitest';
import { checkPolicy } from '#assembly/apim-policies';
import type { ApimDefinition, ApimScope } from '#config/definition';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from './support/definition.ts';

type Found = readonly [severity: string, rule: string, place: string, message: string];

function findings(
	texts: Partial<Record<ApimScope, string>>,
	definition: Partial<ApimDefinition> = {},
): readonly Found[] {
	const scopes = ['global', 'product', 'api', 'operation'] as const;
	const files = scopes.flatMap((scope) => {
		const text = texts[scope];
		return text === undefined ? [] : [{ scope, file: `${scope}.xml`, text }];
	});
	return checkPolicy(files, apim(definition), nodeCryptography).findings.map(
		({ severity, rule, file, position, message }) => [
			severity,
			rule,
			`${file}:${position.line}:${position.column}`,
			message,
		],
	);
}

const errors = (found: readonly Found[]) => found.filter(([severity]) => severity === 'error');
const inbound = (text: string) => ({ api: `<policies><inbound>\n${text}\n</inbound></policies>` });
const backend = (text: string) => ({ api: `<policies><inbound><base /></inbound>\n${text}</policies>` });

describe('text where none is read', () => {
	test.each([
		['<base>and more</base>', '2:7'],
		['<set-variable name="a" value="b">c</set-variable>', '2:34'],
		['<set-backend-service backend-id="b">c</set-backend-service>', '2:37'],
		['<rewrite-uri template="/a">/b</rewrite-uri>', '2:28'],
		['<include-fragment fragment-id="f">check</include-fragment>', '2:35'],
		['<validate-jwt header-name="A">strict</validate-jwt>', '2:31'],
		['<check-header name="A">a</check-header>', '2:24'],
		['<choose>maybe</choose>', '2:9'],
		['<choose><when condition="true">maybe</when></choose>', '2:32'],
		['<set-header name="A" exists-action="delete">x</set-header>', '2:45'],
		['<authentication-managed-identity resource="r">x</authentication-managed-identity>', '2:47'],
		['<trace source="s"><message>m</message><metadata name="a" value="b">c</metadata></trace>', '2:68'],
		[
			'<validate-client-certificate validate-revocation="false"><identities><identity subject="CN=a">x</identity></identities></validate-client-certificate>',
			'2:95',
		],
	])('%s', (statement, place) => {
		const found = errors(findings(inbound(statement), { fragments: [{ name: 'f', file: 'f.xml', text: '<base />' }] }));
		expect(found.map(([, rule, at]) => [rule, at])).toContainEqual(['text_unexpected', `api.xml:${place}`]);
	});
});

describe('<backend>', () => {
	test.each([
		['a missing one', ''],
		['<base/>', '<backend><base /></backend>'],
		['<forward-request/>', '<backend><forward-request /></backend>'],
		[
			'what is done anyway',
			'<backend><forward-request http-version="1" follow-redirects="False" buffer-request-body="true" buffer-response="false" fail-on-error-status-code="false" /></backend>',
		],
		[
			'one of several ways',
			'<backend><choose><when condition="@(context.Request.Method == "GET")"><base /></when></choose></backend>',
		],
	])('%s is forwarded without a word', (_, text) => {
		expect(findings(backend(text)).map(([, rule]) => rule)).toEqual(['no_check']);
	});

	test.each([
		'<backend />',
		'<backend></backend>',
		'<backend><choose><when condition="true"></when></choose></backend>',
	])('%s forwards nothing, and the linter says so', (text) => {
		expect(findings(backend(text))).toEqual([
			['warning', 'not_forwarded', 'api.xml:2:1', expect.stringContaining('nothing is forwarded')],
		]);
	});

	test.each([
		['follow-redirects="true"', 'value_invalid'],
		['fail-on-error-status-code="true"', 'value_invalid'],
		['http-version="2"', 'value_invalid'],
		['continue-timeout="5"', 'value_invalid'],
		['timeout="soon"', 'value_invalid'],
		['buffer="false"', 'attribute_unknown'],
	])('%s of <forward-request> is refused', (attribute, rule) => {
		const found = errors(findings(backend(`<backend><forward-request ${attribute} /></backend>`)));
		expect(found.map(([, found, at]) => [found, at])).toEqual([[rule, 'api.xml:2:27']]);
	});

	test('a timeout is that of the upstream, and the linter says so', () => {
		const found = findings(backend('<backend><forward-request timeout="120" /></backend>'));
		expect(found.map(([severity, rule]) => [severity, rule])).toEqual([
			['warning', 'timeout_elsewhere'],
			['warning', 'no_check'],
		]);
	});
});

describe('<base/> does not multiply', () => {
	const many = (count: number, statement: string) =>
		`<policies><inbound>${Array.from({ length: count }, () => statement).join('')}</inbound></policies>`;
	const variable = '<set-variable name="a" value="b" />';

	test('many statements outside, once', () => {
		expect(errors(findings({ global: many(1_900, variable), api: many(1, '<base />') }))).toEqual([]);
	});

	test.each([
		['two scopes', { global: many(50, variable), api: many(41, '<base />') }],
		[
			'four scopes',
			{
				global: many(5, variable),
				product: many(600, '<base />'),
				api: many(600, '<base />'),
				operation: many(600, '<base />'),
			},
		],
	])('%s', (_, texts) => {
		const [first] = errors(findings(texts));
		expect(first?.[1]).toBe('too_many_statements');
	});
});

describe('validate-client-certificate', () => {
	const without = (found: readonly Found[]) => found.filter(([, rule]) => rule !== 'base_missing');
	const certificate = (attributes: string, identity = 'subject="CN=a"') =>
		inbound(
			`<validate-client-certificate ${attributes}><identities><identity ${identity} /></identities></validate-client-certificate>`,
		);

	test('revocation that would have to be looked up: refused with what to write, or taken where the configuration says so', () => {
		const [error] = errors(findings(certificate('')));
		expect(error?.slice(1, 3)).toEqual(['not_supported', 'api.xml:2:1']);
		expect(error?.[3]).toMatch(/validate-revocation="false".*apim\.insecure_unchecked_revocation: true/);
		const taken = findings(certificate('validate-revocation="true"'), { uncheckedRevocation: true });
		expect(without(taken).map(([severity, rule, at]) => [severity, rule, at])).toEqual([
			['warning', 'revocation_unchecked', 'api.xml:2:30'],
		]);
		expect(without(findings(certificate('validate-revocation="false"'), { uncheckedRevocation: true }))).toEqual([]);
	});

	test('a certificate that anybody can make', () => {
		const rules = (attributes: string, identity?: string) =>
			without(findings(certificate(`validate-revocation="false" ${attributes}`, identity))).map(([, rule]) => rule);
		expect(rules('validate-trust="false"')).toEqual(['any_certificate']);
		expect(rules('validate-trust="false"', `thumbprint="${'A'.repeat(40)}"`)).toEqual([]);
		expect(rules('')).toEqual([]);
		const none = inbound('<validate-client-certificate validate-revocation="false" validate-trust="false" />');
		expect(without(findings(none)).map(([, rule]) => rule)).toEqual(['any_certificate']);
	});
});

test.each([
	['rate-limit', 'rate-limit-by-key'],
	['quota', 'rate-limit-by-key'],
	['limit-concurrency', 'upstream.pool.max_requests'],
	['mock-response', 'return-response'],
	['emit-metric', 'goes nowhere'],
])('<%s> is refused, and the message names %s', (name, hint) => {
	const [error] = errors(findings(inbound(`<${name} />`)));
	expect(error?.slice(1, 3)).toEqual(['statement_unsupported', 'api.xml:2:1']);
	expect(error?.[3]).toContain(hint);
});

test('find-and-replace in inbound is refused: it would change the body of the request', () => {
	const [error] = errors(findings(inbound('<find-and-replace from="a" to="b" />')));
	expect(error?.slice(1, 3)).toEqual(['statement_not_here', 'api.xml:2:1']);
	expect(error?.[3]).toContain('body of the request');
});

describe('sections with nothing around them', () => {
	const check = '<validate-jwt header-name="A"><audiences><audience>a</audience></audiences></validate-jwt>';

	test('are read like those of <policies>', () => {
		const rules = (text: string) => findings({ api: text }).map(([, rule]) => rule);
		const whole = rules(`<policies><inbound>${check}</inbound><backend /></policies>`);
		expect(rules(`<inbound>${check}</inbound>\n<backend />`)).toEqual(whole);
		expect(whole).toContain('not_forwarded');
	});

	test.each([
		['beside a statement', `<inbound />${check}`, 'statement_unsupported'],
		['twice', '<inbound /><inbound />', 'element_repeated'],
		['with an attribute', '<inbound strict="true" />', 'attribute_unknown'],
	])('%s they are refused', (_, text, rule) => {
		expect(errors(findings({ api: text })).map(([, found]) => found)).toContain(rule);
	});
});
