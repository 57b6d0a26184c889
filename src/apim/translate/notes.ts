/** What a reader of a translation must know: why a policy was kept, or in what its native rules differ from it. */
import type { Position } from '../policy-text/policy-fault.ts';

/**
 * `kept`: what native rules cannot say. `stricter`: requests that the policy takes and the rules refuse. `answer`: what
 * clients read of a refusal. `changed`: anything else that is to be known.
 */
export type NoteKind = 'kept' | 'stricter' | 'answer' | 'changed';

export interface Note {
	readonly kind: NoteKind;
	/** As the policy's places name it. */
	readonly file: string;
	readonly position: Position;
	readonly message: string;
}

export interface Spot {
	readonly file: string;
	readonly position: Position;
}

/** Collects every note, so that a reader learns all causes at once. */
export class Notes {
	readonly #list: Note[] = [];

	/** Says why the policy cannot be translated; undefined, so that a reading can end with it. */
	keep(spot: Spot, message: string): undefined {
		this.add('kept', spot, message);
		return undefined;
	}

	add(kind: NoteKind, { file, position }: Spot, message: string): void {
		const isKnown = this.#list.some(
			(note) =>
				note.kind === kind &&
				note.message === message &&
				note.file === file &&
				note.position.line === position.line &&
				note.position.column === position.column,
		);
		if (!isKnown) this.#list.push({ kind, file, position, message });
	}

	get isKept(): boolean {
		return this.#list.some(({ kind }) => kind === 'kept');
	}

	/** Of a policy that is kept, the causes alone: what would differ does not matter. */
	get list(): readonly Note[] {
		return this.isKept ? this.#list.filter(({ kind }) => kind === 'kept') : this.#list;
	}
}
