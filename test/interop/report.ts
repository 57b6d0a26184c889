/** What was tried and how it ended: one line each as it ends, and the sum. */

export class Report {
	readonly #write: (text: string) => void;
	#passed = 0;
	readonly #failed: string[] = [];

	constructor(write: (text: string) => void) {
		this.#write = write;
	}

	heading(text: string): void {
		this.#write(`\n${text}\n`);
	}

	/** What `task` answers is shown beside the name. A check that throws has failed, and the next one runs all the same. */
	async check(name: string, task: () => Promise<string | undefined>): Promise<void> {
		try {
			const detail = await task();
			this.#passed += 1;
			this.#write(`  ✓ ${name}${detail === undefined ? '' : `: ${detail}`}\n`);
		} catch (problem) {
			this.#failed.push(name);
			this.#write(`  ✗ ${name}: ${problem instanceof Error ? problem.message : String(problem)}\n`);
		}
	}

	/** Whether at least one check ran and none failed. */
	finish(): boolean {
		const failed = this.#failed.map((name) => `  ${name}\n`).join('');
		this.#write(`\n${this.#passed} passed, ${this.#failed.length} failed\n${failed}`);
		return this.#passed > 0 && this.#failed.length === 0;
	}
}
