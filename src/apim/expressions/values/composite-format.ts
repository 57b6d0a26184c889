/** `string.Format`: `{index[,width][:format]}`. */
import type { Run } from '../run/run.ts';
import { badFormat } from './exception.ts';
import { formatValue } from './format.ts';
import { textOf } from './text.ts';
import type { Value } from './value.ts';

const hole = /\{\{|\}\}|\{([0-9]{1,4})(?:,(-?[0-9]{1,4}))?(?::([^{}]*))?\}|[{}]/g;

/** Throws a FormatException for a brace that is none of that, and for an index without an argument. */
export function composite(run: Run, format: string, args: readonly Value[]): string {
	run.look(format.length);
	return format.replace(
		hole,
		(all: string, index: string | undefined, width: string | undefined, how: string | undefined) => {
			if (index === undefined) {
				if (all.length === 2) return all.charAt(0);
				throw badFormat();
			}
			const value = args[Number(index)];
			if (value === undefined) {
				throw badFormat(
					'Index (zero based) must be greater than or equal to zero and less than the size of the argument list.',
				);
			}
			const text = how === undefined ? textOf(value) : formatValue(value, how);
			const size = Number(width ?? 0);
			run.make(text.length + Math.abs(size));
			return size < 0 ? text.padEnd(-size) : text.padStart(size);
		},
	);
}
