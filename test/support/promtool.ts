/** `promtool` of Prometheus, where it is installed. */
import { spawnSync } from 'node:child_process';

/** Whether it can be run here. `.ci/run` sees to it. */
export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** What it says; throws that when it does not end with 0. `input` is its standard input. */
export function promtool(args: readonly string[], input?: string): string {
	const { status, stdout, stderr } = spawnSync('promtool', args, {
		encoding: 'utf8',
		...(input === undefined ? {} : { input }),
	});
	if (status !== 0) throw new Error(`promtool ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
	return stdout + stderr;
}
