/** docs/troubleshooting.md, made from the reasons table so that neither can say what the other does not. */
import { isFaultReason, type Reason, reasonNames, reasons } from '#core/index';

const opening = `# Troubleshooting

Every refusal has one reason. The audit log names it for each request, with what the check expected and what it found:

\`\`\`console
$ tail -n 1 audit.jsonl
{"time":"…","decision":"deny","reason":"audience_mismatch","check":"audience","expected":"aud: https://api.example.com","found":"aud: https://other.example.com",…}
\`\`\`

The client sees the status, the OAuth error and the description of the tables below, never the values. For a test
environment, \`errors: { expose_reason: true }\` gives the client the reason as well.

## The three everyday questions

| what you see | what it usually is | what to do |
|---|---|---|
| **401 \`invalid_token\`** although the token is fresh | the wrong \`iss\` (a trailing slash counts), the wrong \`aud\`, a token of another environment, or an ID token in place of the access token | read the \`reason\`, \`expected\` and \`found\` of the audit record; look at the token with \`countersign token decode\` |
| **403** although the token is accepted | the token lacks a scope (\`scope_insufficient\`: the challenge names it), a claim (\`claim_missing\`, \`claim_mismatch\`), or the client is not on the list (\`client_not_allowed\`) | grant it at the provider and get a *new* token: an old one does not change |
| **slow validation** | each client gets a new token for each request, so that every signature is seen first; or tokens so large that headers take long; or the upstream is what is slow | reuse tokens until shortly before they expire (one that was verified before costs a look-up); compare \`duration\` and \`upstream_duration\` of the audit record |
`;

/** The whole page, Markdown. */
export function renderTroubleshooting(): string {
	const denied = reasonNames.filter((name) => !isFaultReason(name));
	const faults = reasonNames.filter((name) => isFaultReason(name));
	return [
		opening,
		'## The request was refused\n',
		...denied.map(section),
		'## Something behind the gateway failed\n',
		'These are never the verdict about a token: the request is not forwarded, and the next one is tried afresh.\n',
		...faults.map(section),
	].join('\n');
}

function section(name: Reason): string {
	const { status, error, description, fix } = reasons[name];
	const code = error === null ? '' : `, \`error="${error}"\``;
	return `### ${name}\n\n**${status}**${code}. ${description}\n\n${fix}\n`;
}
