/** `application/x-www-form-urlencoded` as OAuth uses it (RFC 6749 Appendix B): UTF-8, encoded exactly once. */

/** The form of these parameters, in their order. A lone surrogate becomes U+FFFD. */
export function encodeForm(parameters: readonly (readonly [name: string, value: string])[]): string {
	return new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString();
}

/** One value by the same rules. */
export function encodeFormValue(text: string): string {
	return encodeForm([['', text]]).slice(1);
}
