/**
 * Messages for the operator: one line each, whatever is in them. Nothing is redacted here: callers never pass a token,
 * a secret or a key (invariant 2).
 */
import type { Log } from '#core/index';

export interface LogStream {
	write(text: string): unknown;
}

export interface LogOptions {
	/** True: a JSON object a line; false: `time level message name=value`. */
	readonly json: boolean;
	/** Milliseconds since the epoch; default `Date.now`. */
	readonly now?: () => number;
}

/** Control characters, line separators, and what reorders text on a terminal. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const maximumDepth = 5;

type Level = 'info' | 'warn' | 'error';

/**
 * A log on a stream, standard error as a rule. Errors are written as message, code and causes; with their stack at the
 * level `error`. Control characters and direction marks come out as `\u…` escapes. Never throws for a field's value.
 */
export function createLog(stream: LogStream, options: LogOptions): Log {
	const now = options.now ?? Date.now;
	const write = (level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
		const time = new Date(now()).toISOString();
		const plain = Object.entries(fields).map(([name, value]) => [name, loggable(value, level === 'error', 0)] as const);
		const line = options.json
			? JSON.stringify({ ...Object.fromEntries(plain), time, level, message })
			: [time, level.padEnd(5), message, ...plain.map(([name, value]) => `${name}=${shown(value)}`)].join(' ');
		stream.write(`${line.replace(unsafe, escaped)}\n`);
	};
	return {
		info: (message, fields) => write('info', message, fields),
		warn: (message, fields) => write('warn', message, fields),
		error: (message, fields) => write('error', message, fields),
	};
}

function escaped(character: string): string {
	return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function shown(value: unknown): string {
	if (typeof value === 'string' && /^[^\s"=\\]+$/.test(value)) return value;
	return JSON.stringify(value) ?? 'undefined';
}

/** Plain JSON of any value: bounded in depth, so that a cycle ends. */
function loggable(value: unknown, stack: boolean, depth: number): unknown {
	if (depth > maximumDepth) return '…';
	if (value instanceof Error) return errorFields(value, stack, depth);
	if (typeof value === 'bigint' || typeof value === 'symbol') return value.toString();
	if (typeof value === 'function') return '[function]';
	if (typeof value !== 'object' || value === null) return value;
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
	if (Array.isArray(value)) return value.map((element) => loggable(element, stack, depth + 1));
	if (ArrayBuffer.isView(value)) return `[${value.byteLength} octets]`;
	return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, loggable(inner, stack, depth + 1)]));
}

function errorFields(error: Error, stack: boolean, depth: number): Record<string, unknown> {
	const fields: Record<string, unknown> = { error: error.name, message: error.message };
	if ('code' in error && typeof error.code === 'string') fields['code'] = error.code;
	if (stack && error.stack !== undefined) fields['stack'] = error.stack;
	if (error.cause !== undefined) fields['cause'] = loggable(error.cause, stack, depth + 1);
	return fields;
}
