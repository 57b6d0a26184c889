import { expect, test } from 'vitest';
import { defaults } from '#config/defaults';
import * as h2 from '#http/h2/session-options';
import { renderLimits } from '../scripts/limits-page.ts';

const page = renderLimits();
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

test('every limit and time-out that can be configured is in the table, with its default', () => {
	const keys = [
		...Object.entries(defaults.limits).map(([key, value]) => [`limits.${snake(key)}`, value] as const),
		...Object.entries(defaults.timeouts).map(([key, value]) => [`timeouts.${snake(key)}`, value] as const),
		...Object.entries(defaults.upstream.pool).map(([key, value]) => [`upstream.pool.${snake(key)}`, value] as const),
		['upstream.body_timeout', defaults.upstream.bodyTimeout] as const,
		['upstream.resolve_after', defaults.upstream.resolveAfter] as const,
		...Object.entries(defaults.upstream.ejection).map(
			([key, value]) => [`upstream.ejection.${snake(key)}`, value] as const,
		),
		['upstream.health_check.timeout', defaults.upstream.healthCheck.timeout] as const,
	];
	for (const [key, value] of keys) expect(page).toContain(`| ${value} | \`${key}\` |`);
});

test('every limit of HTTP/2 is in the table', () => {
	const section = page.slice(page.indexOf('## HTTP/2'), page.indexOf('## Upstreams'));
	const values = Object.values(h2).filter((value) => typeof value === 'number');
	expect(values.length).toBeGreaterThan(10);
	for (const value of values) {
		const written =
			value >= 1024 * 1024 ? `${value / 1024 / 1024}MiB` : value % 1024 === 0 ? `${value / 1024}KiB` : `${value}`;
		expect(section).toMatch(new RegExp(String.raw`\| [^|]*\b${written}\b[^|]* \|`));
	}
});
