/** Processor time and memory of a process and its descendants, from /proc. Undefined where there is no Linux /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks per second of /proc/PID/stat: USER_HZ, 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Stat {
	readonly parent: number;
	readonly ticks: number;
}

/** Microseconds of processor time, user and system, of all threads of these processes. */
export function processorTime(pids: readonly number[]): number | undefined {
	const stats = pids.map(readStat);
	if (stats.includes(undefined)) return undefined;
	return (stats.reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0) / ticksPerSecond) * 1e6;
}

/** Resident memory in MiB, summed; pages that they share count once per process. */
export function residentMemory(pids: readonly number[]): number | undefined {
	let kibibytes = 0;
	for (const pid of pids) {
		const found = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '');
		if (found === null) return undefined;
		kibibytes += Number(found[1]);
	}
	return kibibytes / 1024;
}

/** The process and all that descend from it; only the process itself without /proc. */
export function processGroup(pid: number): number[] {
	const group = new Set([pid]);
	const processes = list('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map(Number);
	for (let size = 0; size !== group.size; ) {
		size = group.size;
		for (const candidate of processes) {
			if (group.has(readStat(candidate)?.parent ?? -1)) group.add(candidate);
		}
	}
	return [...group];
}

function readStat(pid: number): Stat | undefined {
	const text = read(`/proc/${pid}/stat`);
	if (text === undefined) return undefined;
	// The command's name is in parentheses and may hold anything: fields are counted from the last one on.
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}

function list(path: string): string[] {
	try {
		return readdirSync(path);
	} catch {
		return [];
	}
}
