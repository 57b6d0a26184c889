import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PolicyElement, PolicyValue } from './document.ts';
import { PolicyFault } from './policy-fault.ts';
import { isUnrendered, readPolicyText } from './read-policy-text.ts';

function only(text: string): PolicyElement {
	const { roots } = readPolicyText(text);
	const [root, ...others] = roots;
	if (root === undefined || others.length > 0) throw new Error('expected one root');
	return root;
}

function shown(value: PolicyValue | undefined): string | undefined {
	if (value === undefined) return undefined;
	return value.kind === 'constant' ? value.text : `${value.form}${value.code}`;
}

function faultOf(text: string): string {
	try {
		readPolicyText(text);
	} catch (error) {
		if (!(error instanceof PolicyFault)) throw error;
		return `${error.position.line}:${error.position.column} ${error.message}`;
	}
	return 'none';
}

test.each([
	['a constant', '<a b="x y"/>', 'x y'],
	['references', '<a b="&lt;&amp;&quot;&apos;&gt;&#65;&#x42;"/>', '<&"\'>AB'],
	['a reference that gives another', '<a b="&amp;lt;"/>', '&lt;'],
	['a bare &', '<a b="x&y"/>', 'x&y'],
	['single quotes', `<a b='say "x"'/>`, 'say "x"'],
	['raw quotes', '<a b="@(c.H["x"] == "y")"/>', '(c.H["x"] == "y"'],
	['raw < and &&', '<a b="@(1 < 2 && 3 > 2)"/>', '(1 < 2 && 3 > 2'],
	['a bracket in a string', '<a b="@(f(")")))"/>'.replace(')))', '))'), '(f(")")'],
	['a bracket in a character', `<a b="@(f(')', '\\''))"/>`, "(f(')', '\\'')"],
	['an escaped quote', String.raw`<a b="@("\")" + "x")"/>`, String.raw`("\")" + "x"`],
	['a verbatim string', '<a b="@(@"C:\\" + "x" + @"say ""x"")")"/>', '(@"C:\\" + "x" + @"say ""x"")"'],
	['interpolation', '<a b="@($"{c.V["x"]}) {{)")"/>', '($"{c.V["x"]}) {{)"'],
	['interpolation within interpolation', '<a b="@($"{f($"{1}")}")"/>', '($"{f($"{1}")}"'],
	['a verbatim interpolated string', '<a b="@($@"\\{x}"")" + @$"")"/>', '($@"\\{x}"")" + @$""'],
	['a format', `<a b="@($"{t:HH' "} )")"/>`, `($"{t:HH' "} )"`],
	['comments', '<a b="@{ /* } " */ return 1; // }"\n}"/>', '{ /* } " */ return 1; // }"\n'],
	['references in an expression', '<a b="@(x[&quot;)&quot;] &amp;&amp; y)"/>', '(x[")"] && y'],
	['what looks like a reference', '<a b="@("a=1&b=2;")"/>', '("a=1&b=2;"'],
	['blanks around an expression', '<a b=" @(1) "/>', '(1'],
	['statements', '<a b="@{ if (x) { return "}"; } return 1; }"/>', '{ if (x) { return "}"; } return 1; '],
])('%s in an attribute', (_, text, value) => {
	expect(shown(only(text).attributes.get('b')?.value)).toBe(value);
});

test.each([
	['a constant', '<a> x </a>', ' x '],
	['around a comment', '<a>x<!-- </a> "@( -->y</a>', 'xy'],
	['an expression', '<a>\n @(1 < 2)\n</a>', '(1 < 2'],
	['an expression and a comment', '<a><!-- c -->@(1)<!-- d --></a>', '(1'],
	['CDATA', '<a><![CDATA[<b>&lt;]]></a>', '<b>&lt;'],
	['an expression in CDATA', '<a><![CDATA[ @("&lt;" + "x") ]]></a>', '("&lt;" + "x"'],
	['braces', '<a>{"x": 1}</a>', '{"x": 1}'],
	['nothing', '<a> <!-- --> </a>', undefined],
])('%s as a text', (_, text, value) => {
	expect(shown(only(text).text)).toBe(value);
});

test('a byte order mark, a declaration and comments may come first, and a snippet has several roots', () => {
	const { roots } = readPolicyText('\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!-- x -->\n<a/><b></b>');
	expect(roots.map(({ name, position }) => [name, position])).toEqual([
		['a', { line: 3, column: 1 }],
		['b', { line: 3, column: 5 }],
	]);
});

test('a place within an expression is known as long as it stands in the file as it is', () => {
	const at = (text: string, offset: number) => {
		const value = only(text).attributes.get('b')?.value;
		return value?.kind === 'expression' ? value.at(offset) : undefined;
	};
	expect(at('<a\r\n b="@(\r\n  1 + x)"/>', 8)).toEqual({ line: 3, column: 7 });
	expect(at('<a\r\n b="@(&quot;&quot; + x)"/>', 5)).toEqual({ line: 2, column: 5 });
});

test.each([
	['a document type (K20)', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', '1:1 a document type'],
	['an entity (K20)', '<a>\n&lol;</a>', '2:1 a reference to an entity'],
	['an entity in an attribute (K20)', '<a b="&lol;"/>', '1:7 a reference to an entity'],
	['a character that is none', '<a>&#0;</a>', '1:4 a reference to an entity'],
	['a style sheet (K20)', '<?xml-stylesheet href="x"?><a/>', '1:1 a processing instruction'],
	['a late declaration', '<a/><?xml version="1.0"?>', '1:5 a processing instruction'],
	['another end tag', '<a>\n <b></a></b>', '2:5 </a> where </b> is due (opened at 2:2)'],
	['no end tag', '<a>\n <b>', '2:2 <b> is never closed'],
	['an end tag too many', '<a/></a>', '1:5 </a> closes nothing'],
	['an attribute twice', '<a b="1" b="2"/>', '1:10 <a> has the attribute b twice'],
	['an attribute without a value', '<a b/>', '1:4 the attribute b has no value'],
	['an attribute without quotes', '<a b=1/>', '1:6 the value of b is not quoted'],
	['a quote that is missing', '<a b="1 c="2"/>\n<d e="f"/>', '1:12 "2" where a blank'],
	['a quote that hides statements', '<a b="1>\n<d e="f"/>', '2:1 < in the value of b'],
	['an attribute without an end', '<a b="1', '1:6 the value of b has no end'],
	['text behind an expression', '<a b="@(1) x"/>', '1:12 text behind the expression in b'],
	['text before an expression', '<a>x<!-- -->@(1)</a>', '1:13 text beside an expression'],
	['text between elements', '<a>x<b/></a>', '1:4 text between the elements of <a>'],
	['a template between elements (K17)', '<a>%{ if x }<b/></a>', '1:4 text between the elements of <a>: an unrendered'],
	['a template outside (K17)', '%{ if x }<b/>', '1:1 text outside of any element: an unrendered template'],
	['text outside', '<a/>x', '1:5 text outside'],
	['< in a text', '<a>1 < 2</a>', '1:6 < begins no tag'],
	['a prefix', '<x:a/>', '1:3 ":" where a blank'],
	['a bracket that is not closed (K02)', '<a b="@(f(x)" c="y"/>\n<d/>', '1:7 a line ends within a string'],
	['a bracket that is not closed at the end', '<a b="@(f(x)', '1:7 the expression has no end'],
	['the wrong bracket', '<a b="@(f[1)]"/>', '1:7 ) stands where ] is due'],
	['half a character', `<a b="@(f('abcdefghijklmn))"/>`, "1:7 a ' in the expression"],
	['a comment without an end', '<a><!-- </a>', '1:4 a comment has no end'],
	['a comment whose end is mistyped', '<a><!-- b -> <d/> <!-- e --></a>', '1:19 a comment within the one of line 1'],
	['a comment that ends as in HTML', '<a><!--><d/><!-- e --></a>', '1:13 a comment within the one of line 1'],
	['CDATA without an end', '<a><![CDATA[x</a>', '1:4 a CDATA section has no end'],
	['a control character', '<a>\x1b</a>', '1:4 a control character'],
	['UTF-16', Buffer.from('\ufeff<a>x</a>', 'utf16le').toString(), '1:1 the file is not UTF-8 text'],
	['UTF-16 without its mark', Buffer.from('<a>x</a>', 'utf16le').toString(), '1:1 the file is not UTF-8 text'],
	['ISO 8859-1', Buffer.from('<a>gewährt</a>', 'latin1').toString(), '1:7 the file is not UTF-8 text'],
	['that in an attribute', Buffer.from('<a b="gewährt"/>', 'latin1').toString(), '1:10 the file is not UTF-8 text'],
])('%s is refused with its place', (_, text, fault) => {
	expect(faultOf(text)).toContain(fault);
});

test('size, depth and number of elements are bounded, and deep nesting of brackets too', () => {
	expect(faultOf(`<a>${' '.repeat(1_048_576)}</a>`)).toContain('the file is longer');
	expect(faultOf('<a>'.repeat(100_000))).toContain('elements nest deeper than 64');
	expect(faultOf(`<a>${'<b/>'.repeat(10_001)}</a>`)).toContain('more than 10000 elements');
	expect(faultOf(`<a b="@(${'('.repeat(100_000)}`)).toContain('nest deeper than 64');
	expect(faultOf(`<a b="@("${'x'.repeat(100_000)}`)).toContain('longer than 65536');
	expect(faultOf(`<a b="@(${'$"{'.repeat(50_000)}`)).toContain('nest deeper than 64');
});

test('in comments, characters that nobody can read are passed over', () => {
	expect(only('<a><!-- gew\ufffdhrt --><b/></a>').children).toHaveLength(1);
});

test('templates are looked for in time linear to the text', () => {
	expect(isUnrendered('${'.repeat(500_000))).toBe(false);
	expect(
		['${a}', '${\n}', 'x } ${ }', '${', '} ${', '$ {a}', '%{ if }', '{% if %}', '<%= a %>'].map(isUnrendered),
	).toEqual([true, true, true, false, false, false, true, true, true]);
});

test('whatever is read, nothing but a PolicyFault is thrown', () => {
	const parts = [
		'<a',
		'</a>',
		'>',
		'/>',
		' b="',
		'"',
		"'",
		'@(',
		'@{',
		')',
		'}',
		'$"',
		'@"',
		'{',
		'&quot;',
		'&',
		'<!--',
		'-->',
	];
	const text = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 6, unit: 'binary' })), {
		maxLength: 60,
	});
	fc.assert(
		fc.property(text, (pieces) => {
			expect(faultOf(pieces.join(''))).toBeTypeOf('string');
		}),
		{ numRuns: 1_000 },
	);
});

/** Trees with any texts come back as they were, written with references or, in expressions, without. */
const constant = fc.string({
	unit: fc.constantFrom('a', 'Z', ' ', '"', "'", '<', '>', '&', '{', '}', '(', ';', 'ä', '😀'),
	maxLength: 12,
});
const literal = constant.map((text) => `"${text.replaceAll('"', '\\"')}"`);
const code = fc.oneof(
	literal.map((text) => `f(${text})`),
	fc.tuple(literal, literal).map(([a, b]) => `x[${a}] < ${b} && y`),
	literal.map((text) => `$"{f(${text})}"`),
);

function escaped(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

test('constants come back as they were written', () => {
	fc.assert(
		fc.property(constant, constant, (attribute, text) => {
			const element = only(`<a b="${escaped(attribute)}">${escaped(text)}</a>`);
			expect(shown(element.attributes.get('b')?.value)).toBe(attribute);
			expect(shown(element.text) ?? '').toBe(text.trim() === '' ? '' : text);
		}),
	);
});

test('an expression reads alike whether it is escaped or not, and nothing behind it is lost', () => {
	fc.assert(
		fc.property(code, (csharp) => {
			// Raw, a reference within a string would be one: escape those alone.
			const raw = csharp.replaceAll('&', '&amp;').replaceAll('&amp;&amp;', '&&');
			for (const written of [escaped(csharp), raw]) {
				const { roots } = readPolicyText(`<a b="@(${written})" c="d"/><e>@(${written})</e><f/>`);
				expect(roots.map(({ name }) => name)).toEqual(['a', 'e', 'f']);
				expect(shown(roots[0]?.attributes.get('b')?.value)).toBe(`(${csharp}`);
				expect(shown(roots[0]?.attributes.get('c')?.value)).toBe('d');
				expect(shown(roots[1]?.text)).toBe(`(${csharp}`);
			}
		}),
	);
});
