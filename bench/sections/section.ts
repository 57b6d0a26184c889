/** A section of the report: one question, asked of some or all gateways. */
import type { Stage } from '../stage.ts';
import type { Table } from '../table.ts';

export interface Section {
	/** What `--rows` calls it. */
	readonly id: string;
	readonly about: string;
	run(stage: Stage): Promise<readonly Table[]>;
}
