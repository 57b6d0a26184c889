/** `choose`: the first `when` whose condition is true, else `otherwise`, else nothing. */
import type { PolicyElement } from '../policy-text/document.ts';
import type { Reading } from './reading.ts';
import type { Choose, Statement } from './statement.ts';

/** `read`: the statements within an element, whose path begins with this. */
export function readChoose(
	element: PolicyElement,
	reading: Reading,
	read: (within: PolicyElement, step: string) => readonly Statement[],
): Choose {
	reading.expect(element, [], ['when', 'otherwise']);
	const whens = element.children.filter(({ name }) => name === 'when');
	const otherwise = reading.only(element, 'otherwise');
	if (whens.length === 0) reading.error('element_missing', element.position, '<choose> without any <when>');
	if (otherwise !== undefined && element.children.at(-1) !== otherwise) {
		reading.error('element_order', otherwise.position, '<otherwise> comes last');
	}
	const branches = whens.flatMap((when, index) => {
		for (const [name, { position }] of when.attributes) {
			if (name !== 'condition') reading.error('attribute_unknown', position, `<when> has no attribute ${name}`);
		}
		const condition = reading.required(when, 'condition');
		const statements = read(when, `when[${index + 1}]`);
		if (condition === undefined) return [];
		if (condition.kind === 'constant' && !/^(true|false)$/i.test(condition.text)) {
			reading.error('value_invalid', condition.position, 'condition: expected an expression, true or false');
		}
		return [{ condition, statements, position: when.position }];
	});
	for (const [name, { position }] of otherwise?.attributes ?? []) {
		reading.error('attribute_unknown', position, `<otherwise> has no attribute ${name}`);
	}
	return {
		kind: 'choose',
		branches,
		otherwise: otherwise === undefined ? undefined : read(otherwise, 'otherwise'),
	};
}
