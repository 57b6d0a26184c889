/** The files in deploy/ against the catalogue of metrics: a rule on a metric that does not exist never fires. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { reasonNames } from '#core/index';
import { metrics, processMetrics } from '#observe/catalogue';
import { hasPromtool, promtool } from './support/promtool.ts';

const folder = join(import.meta.dirname, '..', 'deploy');
const alertsFile = join(folder, 'prometheus', 'alerts.yaml');
const dashboardFile = join(folder, 'grafana', 'countersign.json');

interface Rule {
	readonly alert: string;
	readonly expr: string;
	readonly annotations: Readonly<Record<string, string>>;
}

const alerts = parse(readFileSync(alertsFile, 'utf8')) as {
	readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = alerts.groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(dashboardFile, 'utf8')) as {
	readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
	readonly templating: unknown;
	readonly annotations: { readonly list: readonly { readonly expr: string }[] };
};

const expressions: readonly (readonly [where: string, expression: string])[] = [
	...rules.map(({ alert, expr }) => [alert, expr] as const),
	...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
	...dashboard.annotations.list.map(({ expr }) => ['annotation', expr] as const),
];

/** Sample name → labels, as a reader of the page sees them. */
const samples = new Map<string, readonly string[]>();
for (const { name, kind, labels } of Object.values(metrics)) {
	if (kind !== 'histogram') samples.set(name, labels);
	else {
		samples.set(`${name}_bucket`, [...labels, 'le']);
		for (const part of ['sum', 'count']) samples.set(`${name}_${part}`, labels);
	}
}
for (const name of processMetrics) samples.set(name, []);

/** Labels that Prometheus adds itself. */
const added = new Set(['instance', 'job']);

test('there are rules and panels to look at', () => {
	expect(rules.length).toBeGreaterThanOrEqual(10);
	expect(dashboard.panels.length).toBeGreaterThanOrEqual(15);
	expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

test.each(expressions)('%s names only samples and labels that there are', (_, expression) => {
	const named = [...expression.matchAll(/\b((?:countersign|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)];
	expect(named.length).toBeGreaterThan(0);
	for (const [, name = '', selectors = ''] of named) {
		const labels = samples.get(name);
		expect(labels, name).toBeDefined();
		for (const [, label = ''] of selectors.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)) {
			expect(added.has(label) || labels?.includes(label), `${label} of ${name}`).toBe(true);
		}
	}
});

test('reasons in the rules are reasons', () => {
	const named = rules.flatMap(({ expr }) =>
		[...expr.matchAll(/reason=~?"([^"]+)"/g)].flatMap(([, list = '']) => list.split('|')),
	);
	expect(named.length).toBeGreaterThan(0);
	for (const reason of named) expect(reasonNames).toContain(reason);
});

test('the dashboard’s variables ask for metrics that there are', () => {
	const named = [...JSON.stringify(dashboard.templating).matchAll(/label_values\((\w+), (\w+)\)/g)];
	expect(named.length).toBeGreaterThan(0);
	for (const [, name = '', label = ''] of named) {
		expect(added.has(label) || samples.get(name)?.includes(label), `${label} of ${name}`).toBe(true);
	}
});

test.each(Object.values(metrics))('$name is named as Prometheus wants it', ({ name, kind, help, labels }) => {
	expect(name).toMatch(/^countersign_[a-z]+(?:_[a-z]+)*$/);
	expect(name.endsWith('_total')).toBe(kind === 'counter');
	expect(help).toMatch(/^[A-Z0-9].*\.$/);
	for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
});

test.each(rules)('$alert explains itself', ({ annotations }) => {
	expect(annotations['summary']).toBeTruthy();
});

const fixture = join(import.meta.dirname, 'fixtures', 'alerts.test.yaml');

test.each(
	hasPromtool
		? [
				['check', 'rules', '--lint-fatal', alertsFile],
				['test', 'rules', fixture],
			]
		: [],
)('promtool: %s %s', (...args) => {
	expect(promtool(args)).toContain('SUCCESS');
});

test('each rule has a case in which it must fire', () => {
	const cases = readFileSync(fixture, 'utf8');
	for (const { alert } of rules) expect(cases, alert).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`));
});
