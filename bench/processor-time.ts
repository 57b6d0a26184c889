/** Processor time and memory of a process and its descendants, from /proc. Undefined where there is no Linux /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks per second of /proc/PID/stat: USER_HZ, 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Stat {
	readonly parent: number;
	readonly ticks: number;
}

/**
 * Microseconds of processor time, user and system, of all threads of these processes: from the scheduler, to the
 * nanosecond, where the kernel keeps that; otherwise in ticks of 10 ms.
 */
export function processorTime(pids: readonly number[]): number | undefined {
	let sum = 0;
	for (const pid of pids) {
		const own = scheduledTime(pid) ?? tickedTime(pid);
		if (own === undefined) return undefined;
		sum += own;
	}
	return sum;
}

/** Time of threads that have ended is not in it: gateways keep theirs. */
function scheduledTime(pid: number): number | undefined {
	let nanoseconds = 0;
	for (const thread of list(`/proc/${pid}/task`)) {
		nanoseconds += Number((read(`/proc/${pid}/task/${thread}/schedstat`) ?? '').split(' ')[0]);
	}
	return nanoseconds > 0 ? nanoseconds / 1000 : undefined;
}

function tickedTime(pid: number): number | undefined {
	const stat = readStat(pid);
	return stat === undefined ? undefined : (stat.ticks / ticksPerSecond) * 1e6;
}

/** Resident memory in megabytes (10⁶ bytes), summed; pages that processes share count once for each of them. */
export function residentMemory(pids: readonly number[]): number | undefined {
	let kibibytes = 0;
	for (const pid of pids) {
		const found = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '');
		if (found === null) return undefined;
		kibibytes += Number(found[1]);
	}
	return (kibibytes * 1024) / 1e6;
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
