/** A page of metrics as Prometheus reads it, taken apart strictly: one sample a line, every one of a declared metric. */

export interface MetricsPage {
	/** Metric → its type. */
	readonly types: ReadonlyMap<string, string>;
	/** `name{label="value",…}` with the labels sorted → value. */
	readonly samples: ReadonlyMap<string, number>;
	/** Samples whose name is `name`. */
	series(name: string): readonly string[];
	/** The sample with exactly these labels; undefined when there is none. */
	value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const sample = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/;
const label = /^([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;

export function readMetrics(text: string): MetricsPage {
	const types = new Map<string, string>();
	const samples = new Map<string, number>();
	for (const line of text.split('\n')) {
		if (line === '' || line.startsWith('# HELP ')) continue;
		const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
		if (type !== null) {
			types.set(type[1] ?? '', type[2] ?? '');
			continue;
		}
		const [, name = '', labels = '', value = ''] = sample.exec(line) ?? [];
		const base = name.replace(/_(?:bucket|sum|count)$/, '');
		if (name === '' || (!types.has(name) && types.get(base) !== 'histogram')) throw new Error(`odd line: ${line}`);
		const key = keyOf(name, readLabels(labels));
		if (samples.has(key)) throw new Error(`there twice: ${key}`);
		samples.set(key, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
	}
	return {
		types,
		samples,
		series: (name) => [...samples.keys()].filter((key) => key === name || key.startsWith(`${name}{`)),
		value: (name, labels = {}) => samples.get(keyOf(name, Object.entries(labels))),
	};
}

function readLabels(text: string): (readonly [string, string])[] {
	const labels: (readonly [string, string])[] = [];
	for (let rest = text; rest !== ''; ) {
		const found = label.exec(rest);
		if (found === null) throw new Error(`odd labels: ${text}`);
		labels.push([found[1] ?? '', found[2] ?? '']);
		rest = rest.slice(found[0].length);
	}
	return labels;
}

function keyOf(name: string, labels: readonly (readonly [string, string])[]): string {
	const written = labels.map(([each, value]) => `${each}="${value}"`).toSorted((a, b) => (a < b ? -1 : 1));
	return written.length === 0 ? name : `${name}{${written.join(',')}}`;
}
