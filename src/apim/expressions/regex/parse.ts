/**
 * Patterns of .NET, as far as an automaton can follow them. What it cannot (references to groups, looking around) is
 * refused by name, and what is not understood too: nothing is read as something else.
 */
import { type Assertion, type RegexNode, RegexProblem } from './node.ts';
import { category, ignoringCase, isDigit, isSpace, isWord, not, oneOf, range, type UnitTest } from './unit-class.ts';

/** Of RegexOptions; the values that are not here change nothing that is supported. */
export const flags = { ignoreCase: 1, multiline: 2, explicitCapture: 4, singleline: 16 } as const;
const harmless = 8 | 512;
const maxDepth = 50;
const maxRepeat = 1000;

export interface ParsedRegex {
	readonly root: RegexNode;
	/** Names of the groups by their number; 0 is the whole. */
	readonly names: readonly string[];
}

export function parseRegex(pattern: string, options: number): ParsedRegex {
	if (pattern.length > 5000) throw new RegexProblem('the pattern is too long');
	if ((options & ~(flags.ignoreCase | flags.multiline | flags.explicitCapture | flags.singleline | harmless)) !== 0) {
		throw new RegexProblem('these options are not supported');
	}
	return new Parser(pattern, options).parse();
}

class Parser {
	readonly #text: string;
	#at = 0;
	#options: number;
	#depth = 0;
	readonly #names: string[] = ['0'];
	readonly #named: string[] = [];

	constructor(text: string, options: number) {
		this.#text = text;
		this.#options = options;
	}

	parse(): ParsedRegex {
		const root = this.#choice();
		if (this.#at < this.#text.length) throw new RegexProblem('too many )');
		// .NET numbers the named ones behind the others.
		if (this.#named.length > 0 && this.#names.length > this.#named.length + 1) {
			throw new RegexProblem('groups with and without a name in one pattern are not supported');
		}
		return { root, names: this.#names };
	}

	#choice(): RegexNode {
		if (++this.#depth > maxDepth) throw new RegexProblem('the pattern nests too deep');
		const outer = this.#options;
		const options = [this.#sequence()];
		while (this.#take('|')) options.push(this.#sequence());
		this.#options = outer;
		this.#depth--;
		const [only] = options;
		return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
	}

	#sequence(): RegexNode {
		const parts: RegexNode[] = [];
		while (this.#at < this.#text.length && !'|)'.includes(this.#text.charAt(this.#at)))
			parts.push(this.#repeat(this.#atom()));
		return { kind: 'sequence', parts };
	}

	#take(text: string): boolean {
		const isHere = this.#text.startsWith(text, this.#at);
		if (isHere) this.#at += text.length;
		return isHere;
	}

	#repeat(body: RegexNode): RegexNode {
		const bounds = this.#bounds();
		if (bounds === undefined) return body;
		const isLazy = this.#take('?');
		if (this.#bounds() !== undefined) throw new RegexProblem('a repetition of a repetition needs brackets');
		if (body.kind === 'assert') throw new RegexProblem('an assertion is not repeated');
		return { kind: 'repeat', body, ...bounds, isLazy };
	}

	#bounds(): { readonly least: number; readonly most: number } | undefined {
		if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
		if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
		if (this.#take('?')) return { least: 0, most: 1 };
		const match = /^\{([0-9]{1,9})(,([0-9]{1,9})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 24));
		if (match === null) return undefined;
		this.#at += match[0].length;
		const least = Number(match[1]);
		const most = match[2] === undefined ? least : match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
		if (least > maxRepeat || (most > maxRepeat && most !== Number.POSITIVE_INFINITY))
			throw new RegexProblem('a repetition is too long');
		if (most < least) throw new RegexProblem('a repetition ends before it begins');
		return { least, most };
	}

	#atom(): RegexNode {
		const char = this.#text.charAt(this.#at++);
		const isMultiline = (this.#options & flags.multiline) !== 0;
		switch (char) {
			case '(':
				return this.#group();
			case '[':
				return this.#unit(this.#set());
			case '.':
				return { kind: 'unit', matches: (this.#options & flags.singleline) !== 0 ? () => true : (unit) => unit !== 10 };
			case '^':
				return assert(isMultiline ? 'line-start' : 'start');
			case '$':
				return assert(isMultiline ? 'line-end' : 'last-line-end');
			case '\\':
				return this.#escape();
			case '*':
			case '+':
			case '?':
				throw new RegexProblem('a repetition of nothing');
			default:
				return this.#unit(range(char.charCodeAt(0), char.charCodeAt(0)));
		}
	}

	#unit(test: UnitTest): RegexNode {
		return { kind: 'unit', matches: (this.#options & flags.ignoreCase) !== 0 ? ignoringCase(test) : test };
	}

	#group(): RegexNode {
		if (!this.#take('?')) {
			return (this.#options & flags.explicitCapture) !== 0 ? this.#rest() : this.#capture(undefined);
		}
		if (this.#take(':')) return this.#rest();
		const name = /^(?:<([A-Za-z_][A-Za-z0-9_]{0,60})>|'([A-Za-z_][A-Za-z0-9_]{0,60})')/.exec(
			this.#text.slice(this.#at, this.#at + 64),
		);
		if (name !== null) {
			this.#at += name[0].length;
			return this.#capture(name[1] ?? name[2] ?? '');
		}
		const inline = /^([imsn]*)(?:-([imsn]+))?([:)])/.exec(this.#text.slice(this.#at, this.#at + 12));
		if (inline === null) throw new RegexProblem('this kind of group is not supported');
		this.#at += inline[0].length;
		const options = (this.#options | bitsOf(inline[1] ?? '')) & ~bitsOf(inline[2] ?? '');
		if (inline[3] === ')') {
			// Until the end of the group around it, where the choice puts the old ones back.
			this.#options = options;
			return { kind: 'empty' };
		}
		const outer = this.#options;
		this.#options = options;
		const body = this.#rest();
		this.#options = outer;
		return body;
	}

	#capture(name: string | undefined): RegexNode {
		const index = this.#names.length;
		if (index > 100) throw new RegexProblem('too many groups');
		if (name !== undefined && this.#names.includes(name)) throw new RegexProblem('two groups have one name');
		this.#names.push(name ?? index.toString());
		if (name !== undefined) this.#named.push(name);
		return { kind: 'group', index, body: this.#rest() };
	}

	#rest(): RegexNode {
		const body = this.#choice();
		if (!this.#take(')')) throw new RegexProblem('a ) is missing');
		return body;
	}

	#escape(): RegexNode {
		const char = this.#text.charAt(this.#at);
		const assertions: Readonly<Record<string, Assertion>> = {
			A: 'start',
			z: 'end',
			Z: 'last-line-end',
			b: 'boundary',
			B: 'no-boundary',
		};
		const assertion = Object.hasOwn(assertions, char) ? assertions[char] : undefined;
		if (assertion !== undefined) {
			this.#at++;
			return assert(assertion);
		}
		if (/[1-9k]/.test(char)) throw new RegexProblem('references to groups are not supported');
		return this.#unit(this.#escapedUnits());
	}

	/** What stands behind a backslash, in and outside of `[…]`. */
	#escapedUnits(): UnitTest {
		const char = this.#text.charAt(this.#at++);
		switch (char) {
			case 'd':
				return isDigit;
			case 'D':
				return not(isDigit);
			case 'w':
				return isWord;
			case 'W':
				return not(isWord);
			case 's':
				return isSpace;
			case 'S':
				return not(isSpace);
			case 'p':
			case 'P': {
				const match = /^\{([A-Za-z]{1,20})\}/.exec(this.#text.slice(this.#at, this.#at + 24));
				if (match === null) throw new RegexProblem('a category is missing');
				this.#at += match[0].length;
				const test = category(match[1] ?? '');
				return char === 'p' ? test : not(test);
			}
			default: {
				this.#at--;
				const unit = this.#escapedUnit();
				return range(unit, unit);
			}
		}
	}

	#escapedUnit(): number {
		const char = this.#text.charAt(this.#at++);
		const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27, '0': 0 };
		const control = Object.hasOwn(controls, char) ? controls[char] : undefined;
		if (control !== undefined) return control;
		const digits = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))/.exec(this.#text.slice(this.#at - 1, this.#at + 4));
		if (digits !== null) {
			this.#at += digits[0].length - 1;
			return Number.parseInt(digits[1] ?? digits[2] ?? '', 16);
		}
		if (char === '' || /[A-Za-z0-9]/.test(char)) throw new RegexProblem(`'\\${char}' is not supported`);
		return char.charCodeAt(0);
	}

	/** Behind the opening bracket. */
	#set(): UnitTest {
		const isNegated = this.#take('^');
		const tests: UnitTest[] = [];
		let isFirst = true;
		for (;;) {
			const char = this.#text.charAt(this.#at);
			if (char === '') throw new RegexProblem('a ] is missing');
			if (char === ']' && !isFirst) break;
			isFirst = false;
			tests.push(this.#setPart());
		}
		this.#at++;
		const test = oneOf(tests);
		return isNegated ? not((this.#options & flags.ignoreCase) !== 0 ? ignoringCase(test) : test) : test;
	}

	#setPart(): UnitTest {
		const isClass = /^\\[dDwWsSpP]/.test(this.#text.slice(this.#at, this.#at + 2));
		if (isClass) {
			this.#at++;
			return this.#escapedUnits();
		}
		if (this.#text.startsWith('-[', this.#at)) throw new RegexProblem('taking one set from another is not supported');
		const from = this.#setUnit();
		const isRange = this.#text.charAt(this.#at) === '-' && !['', ']'].includes(this.#text.charAt(this.#at + 1));
		if (!isRange) return range(from, from);
		this.#at++;
		if (this.#text.charAt(this.#at) === '[') throw new RegexProblem('taking one set from another is not supported');
		if (/^\\[dDwWsSpP]/.test(this.#text.slice(this.#at, this.#at + 2)))
			throw new RegexProblem('a range ends with a set');
		const to = this.#setUnit();
		if (to < from) throw new RegexProblem('a range ends before it begins');
		return range(from, to);
	}

	#setUnit(): number {
		const char = this.#text.charAt(this.#at++);
		if (char !== '\\') return char.charCodeAt(0);
		if (this.#text.charAt(this.#at) === 'b') {
			this.#at++;
			return 8;
		}
		return this.#escapedUnit();
	}
}

function assert(assertion: Assertion): RegexNode {
	return { kind: 'assert', assertion };
}

function bitsOf(letters: string): number {
	let bits = 0;
	if (letters.includes('i')) bits |= flags.ignoreCase;
	if (letters.includes('m')) bits |= flags.multiline;
	if (letters.includes('s')) bits |= flags.singleline;
	if (letters.includes('n')) bits |= flags.explicitCapture;
	return bits;
}
