/** System.Text.RegularExpressions, on an automaton: no pattern and no text takes long together. */

import { findMatch, type Positions } from '../regex/match.ts';
import { RegexProblem } from '../regex/node.ts';
import { type Program, regexProgram } from '../regex/program.ts';
import type { Run } from '../run/run.ts';
import { types } from '../types/type.ts';
import { ListValue } from '../values/collection.ts';
import type { GroupCollection, MatchGroup, RegexObject } from '../values/context.ts';
import { exception } from '../values/exception.ts';
import type { EnumValue, FunctionValue } from '../values/plain.ts';
import { textOf } from '../values/text.ts';
import type { MemberTable } from './table.ts';

export function addRegexMembers(table: MemberTable): void {
	const regex = (pattern: string, options = 0): RegexObject => ({ kind: 'Regex', pattern, options });
	table.add('Regex', {
		'static bool IsMatch(string input, string pattern)': (run: Run, input: string, pattern: string) =>
			isMatch(run, regex(pattern), input),
		'static bool IsMatch(string input, string pattern, RegexOptions options)': (
			run: Run,
			input: string,
			pattern: string,
			options: EnumValue,
		) => isMatch(run, regex(pattern, options.value), input),
		'static Match Match(string input, string pattern)': (run: Run, input: string, pattern: string) =>
			match(run, regex(pattern), input),
		'static Match Match(string input, string pattern, RegexOptions options)': (
			run: Run,
			input: string,
			pattern: string,
			options: EnumValue,
		) => match(run, regex(pattern, options.value), input),
		'static MatchCollection Matches(string input, string pattern)': (run: Run, input: string, pattern: string) =>
			matches(run, regex(pattern), input),
		'static MatchCollection Matches(string input, string pattern, RegexOptions options)': (
			run: Run,
			input: string,
			pattern: string,
			options: EnumValue,
		) => matches(run, regex(pattern, options.value), input),
		'static string Replace(string input, string pattern, string replacement)': (
			run: Run,
			input: string,
			pattern: string,
			replacement: string,
		) => replaced(run, regex(pattern), input, replacement),
		'static string Replace(string input, string pattern, string replacement, RegexOptions options)': (
			run: Run,
			input: string,
			pattern: string,
			replacement: string,
			options: EnumValue,
		) => replaced(run, regex(pattern, options.value), input, replacement),
		'static string Replace(string input, string pattern, Func<Match, string> evaluator)': (
			run: Run,
			input: string,
			pattern: string,
			evaluator: FunctionValue,
		) => replacedBy(run, regex(pattern), input, (found) => textOf(evaluator.call(found))),
		'static string[] Split(string input, string pattern)': (run: Run, input: string, pattern: string) =>
			split(run, regex(pattern), input),
		'static string Escape(string str)': (_: Run, text: string) =>
			text
				.replace(/[\\*+?|{[()^$.# ]/g, '\\$&')
				.replaceAll('\n', '\\n')
				.replaceAll('\r', '\\r')
				.replaceAll('\t', '\\t'),
		'static Regex new(string pattern)': (_: Run, pattern: string) => checked(regex(pattern)),
		'static Regex new(string pattern, RegexOptions options)': (_: Run, pattern: string, options: EnumValue) =>
			checked(regex(pattern, options.value)),
		'bool IsMatch(string input)': (run: Run, self: RegexObject, input: string) => isMatch(run, self, input),
		'Match Match(string input)': (run: Run, self: RegexObject, input: string) => match(run, self, input),
		'MatchCollection Matches(string input)': (run: Run, self: RegexObject, input: string) => matches(run, self, input),
		'string Replace(string input, string replacement)': (
			run: Run,
			self: RegexObject,
			input: string,
			replacement: string,
		) => replaced(run, self, input, replacement),
		'string[] Split(string input)': (run: Run, self: RegexObject, input: string) => split(run, self, input),
	});
	table.add('Group', {
		'bool Success': (_: Run, group: MatchGroup) => group.isSuccess,
		'string Value': (_: Run, group: MatchGroup) => group.value,
		'int Index': (_: Run, group: MatchGroup) => group.index,
		'int Length': (_: Run, group: MatchGroup) => group.value.length,
		'string Name': (_: Run, group: MatchGroup) => group.name,
	});
	const nothing: MatchGroup = { kind: 'Group', isSuccess: false, value: '', index: 0, name: '', groups: [] };
	table.add('Match', {
		'GroupCollection Groups': (_: Run, found: MatchGroup): GroupCollection => ({
			kind: 'GroupCollection',
			items: found.groups,
		}),
	});
	table.add('GroupCollection', {
		'Group this[int groupnum]': (_: Run, { items }: GroupCollection, index: number) => items[index] ?? nothing,
		'Group this[string groupname]': (_: Run, { items }: GroupCollection, name: string) =>
			items.find((item) => item.name === name) ?? nothing,
		'int Count': (_: Run, { items }: GroupCollection) => items.length,
	});
	table.add('MatchCollection', {
		'Match this[int i]': (_: Run, { items }: GroupCollection, index: number) => {
			const item = items[index];
			if (item === undefined)
				throw exception(
					'ArgumentOutOfRangeException',
					"Specified argument was out of the range of valid values. (Parameter 'i')",
				);
			return item;
		},
		'int Count': (_: Run, { items }: GroupCollection) => items.length,
	});
}

/** A pattern outside of the subset is an ArgumentException; a constant one is refused when the policy is loaded. */
function programOf(regex: RegexObject): Program {
	try {
		return regexProgram(regex.pattern, regex.options);
	} catch (error) {
		if (error instanceof RegexProblem) throw exception('ArgumentException', `Invalid pattern: ${error.message}.`);
		throw error;
	}
}

function checked(regex: RegexObject): RegexObject {
	programOf(regex);
	return regex;
}

function find(run: Run, regex: RegexObject, input: string, from: number): Positions | null {
	// Four parts of the automaton's work are a step.
	return findMatch(programOf(regex), input, from, (work) => run.look(work * 16));
}

function isMatch(run: Run, regex: RegexObject, input: string): boolean {
	return find(run, regex, input, 0) !== null;
}

function match(run: Run, regex: RegexObject, input: string): MatchGroup {
	return found(run, regex, input, find(run, regex, input, 0));
}

function found(run: Run, regex: RegexObject, input: string, positions: Positions | null): MatchGroup {
	const groups = programOf(regex).names.map((name, index): MatchGroup => {
		const start = positions?.[index * 2] ?? -1;
		const end = positions?.[index * 2 + 1] ?? -1;
		const isSuccess = start >= 0 && end >= 0;
		return {
			kind: 'Group',
			isSuccess,
			value: isSuccess ? input.slice(start, end) : '',
			index: Math.max(start, 0),
			name,
			groups: [],
		};
	});
	const [whole] = groups;
	run.make(groups.length + (whole?.value.length ?? 0));
	return {
		kind: 'Match',
		isSuccess: positions !== null,
		value: whole?.value ?? '',
		index: whole?.index ?? 0,
		name: '0',
		groups,
	};
}

function matches(run: Run, regex: RegexObject, input: string): GroupCollection {
	return { kind: 'MatchCollection', items: [...allMatches(run, regex, input)] };
}

function* allMatches(run: Run, regex: RegexObject, input: string): Iterable<MatchGroup> {
	let from = 0;
	while (from <= input.length) {
		const positions = find(run, regex, input, from);
		if (positions === null) return;
		yield found(run, regex, input, positions);
		const [start = 0, end = 0] = positions;
		from = end > start ? end : end + 1;
	}
}

function replacedBy(run: Run, regex: RegexObject, input: string, replacement: (match: MatchGroup) => string): string {
	let result = '';
	let from = 0;
	for (const each of allMatches(run, regex, input)) {
		const text = replacement(each);
		run.make(text.length);
		result += input.slice(from, each.index) + text;
		from = each.index + each.value.length;
	}
	run.make(input.length);
	return result + input.slice(from);
}

/** `$1`, `${name}`, `$&`, `$$` in the replacement. */
function replaced(run: Run, regex: RegexObject, input: string, replacement: string): string {
	return replacedBy(run, regex, input, (each) =>
		replacement.replace(
			/\$(?:([0-9]{1,2})|\{([A-Za-z0-9_]+)\}|([&$]))/g,
			(all: string, index: string | undefined, name: string | undefined, mark: string | undefined) => {
				if (mark !== undefined) return mark === '$' ? '$' : each.value;
				const group = each.groups.find((candidate, at) =>
					name === undefined ? at === Number(index) : candidate.name === name,
				);
				return group === undefined ? all : group.value;
			},
		),
	);
}

function split(run: Run, regex: RegexObject, input: string): ListValue {
	const parts: string[] = [];
	let from = 0;
	for (const each of allMatches(run, regex, input)) {
		parts.push(
			input.slice(from, each.index),
			...each.groups
				.slice(1)
				.filter(({ isSuccess }) => isSuccess)
				.map(({ value }) => value),
		);
		from = each.index + each.value.length;
	}
	parts.push(input.slice(from));
	run.make(input.length);
	return new ListValue('array', types.string, parts);
}
